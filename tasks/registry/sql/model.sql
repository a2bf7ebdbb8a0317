select record, stage from model_versions where id = %(id)s;
