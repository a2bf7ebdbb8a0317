create temporary table if not exists incoming_dataset_rows (like dataset_rows) on commit drop;
truncate incoming_dataset_rows;
