select distinct models.id
from rows
join dataset_rows on dataset_rows.row_sha256 = rows.row_sha256
join model_versions as models on models.dataset_id = dataset_rows.dataset_id
where rows.source = %(source)s and rows.source_id = %(source_id)s
order by models.id;
