-- How far one may read: every transaction below `upto` has ended. `newest` is the last change that can be seen, 0 where
-- the view has no changed_in, null where there is no chat.
select
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint as upto,
    (select changed_in::text::bigint from chats where agent_type = %(agent_type)s and changed_in is not null
        order by chats.changed_in desc limit 1) as newest,
    exists (select from chats where agent_type = %(agent_type)s and changed_in is null) as undated
