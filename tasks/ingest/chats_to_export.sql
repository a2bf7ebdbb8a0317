-- All chats of one agent with the keys and texts as they are.
select id, conversation_id, agent_type, subject_key, messages::text, rating, correction, to_json(created_at) #>> '{}',
    model_version, consented is true
from chats
where agent_type = %(agent_type)s
order by chats.id
