select record
from shards
where agent_type = %(agent_type)s and renewed_as is null
    and created_at > coalesce(
        (select max(created_at) from weekly_runs where weekly_runs.agent_type = %(agent_type)s), '-infinity'
    )
order by created_at, sha256
