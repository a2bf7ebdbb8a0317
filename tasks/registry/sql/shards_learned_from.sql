-- Of the last round that learned from other shards than these: a repeated round sees what the first one saw.
select datasets.record -> 'shards'
from weekly_runs
join model_versions on model_versions.id = weekly_runs.summary ->> 'candidate_id'
join datasets on datasets.id = model_versions.dataset_id
where weekly_runs.agent_type = %(agent_type)s and datasets.record -> 'shards' <> %(shards)s
order by weekly_runs.created_at desc
limit 1
