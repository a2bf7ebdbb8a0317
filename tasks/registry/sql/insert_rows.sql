insert into rows select * from incoming_rows on conflict do nothing;
