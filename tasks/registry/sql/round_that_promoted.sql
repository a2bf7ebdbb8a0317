select summary
from weekly_runs
join model_versions on model_versions.id = weekly_runs.summary ->> 'candidate_id'
where model_versions.id = %(model_id)s and model_versions.stage = 'champion' and weekly_runs.outcome = 'Promoted'
order by weekly_runs.created_at desc
limit 1
