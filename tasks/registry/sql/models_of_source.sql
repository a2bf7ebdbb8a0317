select distinct model_datasets.model_id
from rows
join dataset_rows on dataset_rows.row_sha256 = rows.row_sha256
join model_datasets on model_datasets.dataset_id = dataset_rows.dataset_id
where rows.source = %(source)s and rows.source_id = %(source_id)s
order by model_datasets.model_id;
