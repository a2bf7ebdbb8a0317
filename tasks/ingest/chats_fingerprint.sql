-- Count, last change and a sum of row hashes of the exchanges that qualifying_chats.sql would read; order does not matter.
select
    (select id from installation) as installation,
    count(*),
    max(change_id),
    sum(hashtextextended(
        row(id, conversation_id, subject_key, messages::text, rating, correction, extract(epoch from created_at),
            model_version)::text,
        0))
from interactions
where agent_type = %(agent_type)s
  and change_id > %(after)s
  and (rating >= %(min_rating)s::real or correction is not null)
  and (%(days_back)s::int is null or created_at >= now() - make_interval(days => %(days_back)s::int))
