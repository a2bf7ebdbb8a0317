copy incoming_rows (row_sha256, shard_sha256, source, source_id, group_id, subject_key) from stdin;
