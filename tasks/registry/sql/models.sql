select record, stage from model_versions
where %(agent_type)s::text is null or agent_type = %(agent_type)s
order by created_at desc, id;
