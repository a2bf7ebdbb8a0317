select id, context, span_start - context_start, span_end - context_start, category, verdict, engine
from phi_verdicts
order by id;
