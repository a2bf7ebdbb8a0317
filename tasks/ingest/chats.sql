-- The table or view `interactions` as every statement of this stage reads it. A column that a hospital's own view lacks
-- is found one level further out: a name in the inner select means the view's column where there is one.
with chats as not materialized (
    select chat.*
    from (select true as consented, '0'::xid8 as changed_in, true as revised) as where_the_view_has_none
    cross join lateral (
        select id, conversation_id::text, agent_type, subject_key::text, messages, rating, correction, created_at,
            model_version::text, consented, changed_in, revised,
            btrim(correction, E' \t\r\n') <> '' as corrected
        from interactions
    ) as chat
)
