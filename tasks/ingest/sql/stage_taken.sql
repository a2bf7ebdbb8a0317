create temporary table staged_taken (
    position bigint generated always as identity,
    source text, source_id text, content bytea, pmid text, doi text
) on commit drop
