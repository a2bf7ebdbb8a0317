insert into runs (id, dataset_id, record) values (%(id)s, %(dataset_id)s, %(record)s) on conflict do nothing;
