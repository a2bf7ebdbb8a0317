select record from shards where agent_type = %(agent_type)s order by created_at, sha256;
