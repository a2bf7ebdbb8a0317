-- As chats_well_rated.sql, for the answers that were rated low, or corrected without being rated well.
select id, conversation_id, subject_key, case when standing = '' then messages::text end, rating,
    case when standing = '' and corrected then correction end, case when standing = '' then created_at end, model_version,
    changed_in::text, standing, revised
from (
    select *,
        case
            when consented is not true then 'no consent'
            when rating is null and corrected is not true then 'unrated'
            when not rating between 1 and 5 then 'rating out of range'
            when rating >= %(min_rating)s::real then 'well rated'
            -- Python's dates end there.
            when created_at is null or not created_at between '0001-01-02' and '9999-12-30' then 'no date'
            when created_at < now() - make_interval(days => %(days_back)s::int)
                or created_at < %(since)s::timestamptz
                or created_at >= %(until)s::timestamptz then 'outside the time window'
            else ''
        end as standing
    from chats
    where agent_type = %(agent_type)s
      and (changed_in, id) > (%(after)s::text::xid8, %(after_id)s::bigint)
      and changed_in < %(upto)s::text::xid8
) as judged
order by judged.changed_in, judged.id
