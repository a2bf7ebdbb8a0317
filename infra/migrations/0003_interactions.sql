-- Chats are read in the order in which their transactions end, not in that of a sequence: a number drawn early and
-- committed late would be passed over. A transaction below the oldest open one can change nothing any more.
create function note_interaction_transaction() returns trigger language plpgsql as $$
begin
    -- Also for an insert: rows copied from elsewhere would bring numbers that were read already.
    new.changed_in := pg_current_xact_id();
    new.revised := tg_op = 'UPDATE';
    return new;
end
$$;

do $own$
begin
-- Ours is the table that owns the sequence of 0001; a hospital's own table or view of this name is left alone.
if exists (
    select from pg_depend
    where classid = 'pg_class'::regclass and objid = to_regclass('interaction_changes')
        and refclassid = 'pg_class'::regclass and refobjid = to_regclass('interactions')
) then
    drop trigger interaction_changed on interactions;
    drop function note_interaction_change();
    drop index interactions_to_learn_from;
    alter table interactions
        drop column change_id,
        add column changed_in xid8 not null default pg_current_xact_id(),
        add column consented boolean not null default true,
        -- What was there before may have been taken already, so it counts as changed.
        add column revised boolean not null default true;
    alter table interactions alter column revised set default false;
    create trigger interaction_written before insert or update on interactions
        for each row execute function note_interaction_transaction();
    create index interactions_in_order on interactions (agent_type, changed_in, id);

    -- A file was loaded for one agent; which one was not kept, so it counts as loaded for each that has chats.
    insert into ingested_files (sha256, agent_type, path, ingested_at)
        select sha256, 'load-chats for ' || agents.agent_type, path, ingested_at
        from ingested_files cross join (select distinct agent_type from interactions) as agents
        where ingested_files.agent_type = 'load-chats';
end if;
end
$own$;

-- These positions were numbers of the sequence: all chats are looked at once more.
delete from watermarks where source = 'interactions';
