select run_ancestry.ancestor_id
from model_versions
join run_ancestry on run_ancestry.run_id = model_versions.run_id
join runs on runs.id = run_ancestry.ancestor_id
where model_versions.id = %(id)s and run_ancestry.ancestor_id <> run_ancestry.run_id
order by runs.created_at desc;
