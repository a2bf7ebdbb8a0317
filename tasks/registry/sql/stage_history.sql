select from_stage, to_stage, reason, actor, at from stage_changes where model_id = %(id)s order by id;
