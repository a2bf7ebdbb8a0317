select record, stage from model_versions where agent_type = %(agent_type)s and stage = 'champion';
