copy incoming_dataset_rows (dataset_id, row_sha256, split) from stdin;
