-- What came after the old shard comes after the new one, too: the order says which row of a record is the latest.
with old as (
    update shards set renewed_as = %(by)s
    where sha256 = %(sha256)s and agent_type = %(agent_type)s
    returning created_at
)
update shards set created_at = (select created_at from old), renewed_as = null
where sha256 = %(by)s and agent_type = %(agent_type)s;
