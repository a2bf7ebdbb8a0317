update model_versions set stage = %(to_stage)s where id = %(id)s;
