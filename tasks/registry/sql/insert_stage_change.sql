insert into stage_changes (model_id, from_stage, to_stage, reason, actor)
values (%(id)s, %(from_stage)s, %(to_stage)s, %(reason)s, %(actor)s);
