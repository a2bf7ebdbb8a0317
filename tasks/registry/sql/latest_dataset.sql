select record from datasets where agent_type = %(agent_type)s order by created_at desc limit 1;
