select record from runs where id = %(id)s;
