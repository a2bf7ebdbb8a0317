create table installation (
    id uuid not null default gen_random_uuid(),
    created_at timestamptz not null default now(),
    -- Pseudonyms and splits hang on one key: a second one must not be mixed in.
    key_fingerprint text null
);
-- An index over a constant admits one row.
create unique index installation_is_one on installation ((true));
insert into installation default values;

create or replace function note_interaction_change() returns trigger language plpgsql as $$
begin
    new.change_id := nextval('interaction_changes');
    return new;
end
$$;

-- A hospital that has its chats already gives them as a table or view of this name, which is then left alone.
do $own$
begin
if to_regclass('interactions') is null then
    create sequence interaction_changes;
    create table interactions (
        id bigint generated always as identity primary key,
        conversation_id text not null,
        agent_type text not null,
        subject_key text not null default '',
        messages jsonb not null,
        rating real null check (rating between 1 and 5),
        correction text null,
        created_at timestamptz not null default now(),
        model_version text not null default '',
        -- The watermark: a chat that is rated or corrected after it was looked at has to come up again.
        change_id bigint not null default nextval('interaction_changes')
    );
    alter sequence interaction_changes owned by interactions.change_id;
    create trigger interaction_changed before update of messages, rating, correction on interactions
        for each row execute function note_interaction_change();
    -- Most chats are never rated: what is collected each week is a small part of the table.
    create index interactions_to_learn_from on interactions (agent_type, change_id)
        where rating is not null or correction is not null;
end if;
end
$own$;

create table ingested_files (
    sha256 text not null,
    agent_type text not null,
    path text not null,
    rows integer not null,
    ingested_at timestamptz not null default now(),
    primary key (sha256, agent_type)
);

create table watermarks (
    source text not null,
    agent_type text not null,
    value bigint not null,
    updated_at timestamptz not null default now(),
    primary key (source, agent_type)
);

-- Two agents may learn from the same papers, so from the same shard.
create table shards (
    sha256 text not null,
    agent_type text not null,
    source text not null,
    kind text not null,
    rows integer not null,
    record jsonb not null,
    created_at timestamptz not null default now(),
    primary key (sha256, agent_type)
);

create table rows (
    row_sha256 text not null,
    shard_sha256 text not null,
    source text not null,
    source_id text not null,
    group_id text not null,
    subject_key text not null default '',
    primary key (row_sha256, shard_sha256)
);
create index rows_of_a_source on rows (source, source_id);
-- A request for erasure names a person and needs every row of theirs.
create index rows_of_a_subject on rows (subject_key);

create table datasets (
    id text primary key,
    agent_type text not null,
    record jsonb not null,
    created_at timestamptz not null default now()
);

create table dataset_rows (
    dataset_id text not null references datasets,
    row_sha256 text not null,
    split text not null check (split in ('train', 'validation', 'test')),
    primary key (dataset_id, row_sha256)
);
create index datasets_of_a_row on dataset_rows (row_sha256);

create table runs (
    id text primary key,
    dataset_id text not null,
    record jsonb not null,
    created_at timestamptz not null default now()
);

create table model_versions (
    id text primary key,
    agent_type text not null,
    run_id text null,
    dataset_id text null,
    gguf_sha256 text not null,
    stage text not null check (stage in ('candidate', 'rollout', 'champion', 'retired')),
    record jsonb not null,
    created_at timestamptz not null default now()
);
-- Two promotions at once cannot both succeed, whatever the programs believe.
create unique index one_champion_per_agent_type on model_versions (agent_type) where stage = 'champion';

create table stage_changes (
    id bigint generated always as identity primary key,
    model_id text not null,
    from_stage text null,
    to_stage text not null,
    reason text not null,
    actor text not null,
    at timestamptz not null default now()
);
create index stage_changes_of_a_model on stage_changes (model_id, id);

create table evaluations (
    id bigint generated always as identity primary key,
    model_gguf_sha256 text not null,
    suite text not null,
    suite_sha256 text not null,
    record jsonb not null,
    created_at timestamptz not null default now()
);
create index evaluations_of_a_model on evaluations (model_gguf_sha256, suite_sha256);

create table decisions (
    id bigint generated always as identity primary key,
    agent_type text not null,
    candidate_id text not null,
    baseline_id text null,
    record jsonb not null,
    created_at timestamptz not null default now()
);

create table weekly_runs (
    id text primary key,
    agent_type text not null,
    outcome text not null,
    report text not null,
    summary jsonb not null,
    created_at timestamptz not null default now()
);

create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    actor text not null,
    action text not null,
    subject text not null,
    detail jsonb not null default '{}'
);
