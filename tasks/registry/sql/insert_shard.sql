-- clock_timestamp(), because now() is the same for all shards of one transaction and their order matters.
insert into shards (sha256, agent_type, source, kind, rows, record, created_at)
values (%(sha256)s, %(agent_type)s, %(source)s, %(kind)s, %(rows)s, %(record)s, clock_timestamp())
on conflict do nothing;
