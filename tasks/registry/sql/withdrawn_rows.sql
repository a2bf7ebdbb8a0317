-- The redacted rows that an agent may no longer learn from.
select distinct on (w.row_sha256) w.row_sha256, w.reason
from withdrawn_rows w
join shards s on s.sha256 = w.shard_sha256 and s.agent_type = %(agent_type)s
order by w.row_sha256, w.reason
