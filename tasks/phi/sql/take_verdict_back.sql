delete from phi_verdicts where document = %(document)s and span_start = %(start)s and span_end = %(end)s;
