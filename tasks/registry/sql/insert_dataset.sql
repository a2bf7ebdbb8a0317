-- One that was recorded without its data card gets it.
insert into datasets (id, agent_type, record) values (%(id)s, %(agent_type)s, %(record)s)
on conflict (id) do update set record = excluded.record
where datasets.record ->> 'card' is null and excluded.record ->> 'card' is not null;
