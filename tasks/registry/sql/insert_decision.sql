insert into decisions (agent_type, candidate_id, baseline_id, record)
select %(agent_type)s, %(candidate_id)s, %(baseline_id)s, %(record)s
where not exists (
    select from decisions
    where
        agent_type = %(agent_type)s
        and candidate_id = %(candidate_id)s
        and baseline_id is not distinct from %(baseline_id)s
        and record = %(record)s
);
