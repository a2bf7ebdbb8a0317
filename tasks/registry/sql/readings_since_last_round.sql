select record
from readings
where agent_type = %(agent_type)s
    and created_at > coalesce(
        (select max(created_at) from weekly_runs where weekly_runs.agent_type = %(agent_type)s), '-infinity'
    )
order by id
