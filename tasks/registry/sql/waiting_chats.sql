-- Chats behind each agent's position; a view without changed_in has none, so that all of its rated chats wait.
select chat.agent_type, count(*)
from (select '0'::xid8 as changed_in) as where_the_view_has_none
cross join lateral (select id, agent_type, rating, correction, changed_in from interactions) as chat
left join watermarks as place on place.agent_type = chat.agent_type and place.source = 'interactions'
left join watermarks as tie on tie.agent_type = chat.agent_type and tie.source = 'interactions id'
where (rating is not null or correction is not null)
    and (place.value is null
        or (chat.changed_in, chat.id) > (place.value::text::xid8, coalesce(tie.value, 0)))
group by chat.agent_type
order by chat.agent_type
