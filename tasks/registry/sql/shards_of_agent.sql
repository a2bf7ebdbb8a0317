select record from shards
where agent_type = %(agent_type)s and renewed_as is null
order by created_at, sha256;
