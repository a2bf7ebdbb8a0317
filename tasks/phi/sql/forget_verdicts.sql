delete from phi_verdicts where %(id)s::bigint is null or id = %(id)s;
