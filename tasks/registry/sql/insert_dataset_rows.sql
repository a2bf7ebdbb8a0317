insert into dataset_rows select * from incoming_dataset_rows on conflict do nothing;
