-- The digests of those of the given records that were taken before.
select source, source_id, content
from source_records
where agent_type = %(agent_type)s
  and (source, source_id) in (select * from unnest(%(sources)s::text[], %(ids)s::text[]))
