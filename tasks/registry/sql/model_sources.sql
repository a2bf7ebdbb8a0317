-- A row may lie in several shards with one content: it is counted once.
select source, count(distinct row_sha256)
from rows
where row_sha256 in (
    select dataset_rows.row_sha256
    from dataset_rows
    join model_datasets on model_datasets.dataset_id = dataset_rows.dataset_id
    where model_datasets.model_id = %(id)s
)
group by source
order by source;
