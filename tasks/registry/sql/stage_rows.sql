create temporary table if not exists incoming_rows (like rows) on commit drop;
truncate incoming_rows;
