-- How far one look goes, and how many exchanges of the agent type it leaves out before reading any text.
select
    coalesce(max(change_id), %(after)s) as upto,
    count(*) filter (where rating is null and correction is null) as unrated,
    count(*) filter (where rating < %(min_rating)s::real and correction is null) as low_rating,
    count(*) filter (
        where (rating >= %(min_rating)s::real or correction is not null)
          and created_at < now() - make_interval(days => %(days_back)s::int)
    ) as too_old
from interactions
where agent_type = %(agent_type)s and change_id > %(after)s
