select document, span_start, span_end, category, verdict
from phi_verdicts
where document = any(%(documents)s);
