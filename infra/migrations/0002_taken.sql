-- What was taken of each source, so that a reading can tell new from changed from unchanged.
create table source_records (
    source text not null,
    source_id text not null,
    agent_type text not null,
    -- A keyed digest: content that is one of a few values could be guessed from a plain one.
    content bytea not null,
    -- Other names of the same paper, under which a retraction may find it.
    pmid text not null default '',
    doi text not null default '',
    taken_at timestamptz not null default now(),
    primary key (source, source_id, agent_type)
);
create index source_records_by_pmid on source_records (pmid) where pmid <> '';
create index source_records_by_doi on source_records (doi) where doi <> '';

-- What is not to be learned from any more. `source` is also 'doi', because retractions are often known by that alone.
create table withdrawals (
    source text not null,
    source_id text not null,
    reason text not null,
    notice text not null default '',
    found_at timestamptz not null default now(),
    primary key (source, source_id)
);

-- The redacted rows that a withdrawal names, by its source's own id or by another name of the same paper.
create view withdrawn_rows as
select r.row_sha256, r.shard_sha256, r.source, r.source_id, w.reason, w.notice, w.found_at
from withdrawals w
join rows r on r.source = w.source and r.source_id = w.source_id
union
select r.row_sha256, r.shard_sha256, r.source, r.source_id, w.reason, w.notice, w.found_at
from withdrawals w
join source_records s on (w.source = 'pubmed' and s.pmid = w.source_id) or (w.source = 'doi' and s.doi = w.source_id)
join rows r on r.source = s.source and r.source_id = s.source_id
where w.reason in ('retracted', 'withdrawn');

-- What one look at a source met: how many records it held, and what became of each.
create table readings (
    id bigint generated always as identity primary key,
    agent_type text not null,
    source text not null,
    record jsonb not null,
    created_at timestamptz not null default now()
);
create index readings_of_an_agent on readings (agent_type, created_at);

-- A redacted shard carried what its reading met, which now stands in `readings`.
insert into readings (agent_type, source, record, created_at)
select agent_type, source,
    jsonb_build_object(
        'source', source, 'new', record #> '{raw,rows}', 'rejected', record #> '{raw,skipped}',
        'warnings', record #> '{raw,warnings}'
    ),
    created_at
from shards;
update shards set record = record - 'raw';

-- `readings` says what the files gave.
alter table ingested_files drop column rows;
