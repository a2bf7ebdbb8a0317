select distinct on (agent_type) summary
from weekly_runs
order by agent_type, created_at desc
