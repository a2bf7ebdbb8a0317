-- Content that came back, such as an answer that was corrected and corrected back, is the latest again.
update shards set created_at = clock_timestamp() where sha256 = %(sha256)s and agent_type = %(agent_type)s;
