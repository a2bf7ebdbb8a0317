insert into model_versions (id, agent_type, run_id, dataset_id, gguf_sha256, stage, record)
values (%(id)s, %(agent_type)s, %(run_id)s, %(dataset_id)s, %(gguf_sha256)s, 'candidate', %(record)s)
on conflict (id) do nothing
returning id;
