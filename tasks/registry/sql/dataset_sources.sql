-- A row may lie in several shards with one content: it is counted once.
select source, count(distinct row_sha256)
from rows
where row_sha256 in (select row_sha256 from dataset_rows where dataset_id = %(dataset_id)s)
group by source
order by source;
