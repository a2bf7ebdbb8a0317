insert into phi_verdicts (
    document, span_start, span_end, context, context_start, category, verdict, engine, reviewer
)
values (
    %(document)s, %(start)s, %(end)s, %(context)s, %(context_start)s, %(category)s, %(verdict)s, %(engine)s,
    %(reviewer)s
)
on conflict (document, span_start, span_end) do update set
    context = excluded.context,
    context_start = excluded.context_start,
    category = excluded.category,
    verdict = excluded.verdict,
    engine = excluded.engine,
    reviewer = excluded.reviewer,
    at = now();
