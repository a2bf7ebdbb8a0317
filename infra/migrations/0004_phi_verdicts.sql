-- What reviewers said of the detector's findings and near misses, kept as cases that every later detector is tried on.
create table phi_verdicts (
    id bigint generated always as identity primary key,
    -- A keyed digest of the whole text: a short text could be guessed from a plain one.
    document text not null,
    span_start integer not null check (span_start >= 0),
    span_end integer not null check (span_end > span_start),
    context text not null,
    context_start integer not null check (context_start >= 0),
    category text not null,
    verdict text not null check (verdict in ('confirmed', 'wrong', 'missed', 'harmless')),
    engine text not null,
    reviewer text not null,
    at timestamptz not null default now(),
    -- A second verdict replaces the first.
    unique (document, span_start, span_end),
    check (context_start <= span_start and span_end <= context_start + length(context))
);
comment on table phi_verdicts is
    'Holds PHI: `context` is a piece of a text as it came, not redacted. It is kept here alone, where raw chats are'
    ' too, never in git, a log or an artifact. `rounds phi review --forget` deletes.';
comment on column phi_verdicts.context is
    'PHI. The shortest piece around the span in which the detector says the same as in the whole text.';
comment on column phi_verdicts.span_start is
    'Characters (code points) of the whole text, half-open with span_end; the context begins at context_start.';
comment on column phi_verdicts.verdict is
    'confirmed: a finding that is an identifier; wrong: a finding that is none; missed: an identifier that was let'
    ' pass; harmless: rightly let pass.';
