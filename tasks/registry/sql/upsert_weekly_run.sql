-- A run that was killed and goes on is one run: its last outcome counts.
insert into weekly_runs (id, agent_type, outcome, report, summary)
values (%(id)s, %(agent_type)s, %(outcome)s, %(report)s, %(summary)s)
on conflict (id) do update
set outcome = excluded.outcome, report = excluded.report, summary = excluded.summary;
