-- In one order for everybody, so that a promotion and a rollback of the same two cannot wait for each other.
select id, agent_type, stage from model_versions where id = any(%(ids)s) order by id for update;
