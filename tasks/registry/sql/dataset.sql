select record from datasets where id = %(id)s;
