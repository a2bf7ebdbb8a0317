-- Those of the given names (a source's id, a PMID, a DOI) that are retracted.
select source, source_id
from withdrawals
where reason in ('retracted', 'withdrawn')
  and (source, source_id) in (select * from unnest(%(sources)s::text[], %(ids)s::text[]))
