select count(distinct row_sha256)
from dataset_rows
where dataset_id in (select dataset_id from model_datasets where model_id = %(id)s);
