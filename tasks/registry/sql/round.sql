select summary from weekly_runs where id = %(id)s
