insert into datasets (id, agent_type, record) values (%(id)s, %(agent_type)s, %(record)s) on conflict do nothing;
