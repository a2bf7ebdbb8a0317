select count(*) from dataset_rows where dataset_id = %(dataset_id)s;
