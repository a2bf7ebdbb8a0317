-- The exchanges of one agent type that were rated well enough or corrected, in the order of their changes.
select id, conversation_id, subject_key, messages::text, rating, correction, created_at, model_version, change_id
from interactions
where agent_type = %(agent_type)s
  and change_id > %(after)s
  and change_id <= %(upto)s
  and (rating >= %(min_rating)s::real or correction is not null)
  and (%(days_back)s::int is null or created_at >= now() - make_interval(days => %(days_back)s::int))
order by change_id
