select interactions.agent_type, count(*)
from interactions
left join watermarks on watermarks.agent_type = interactions.agent_type and watermarks.source = 'interactions'
where (rating is not null or correction is not null) and interactions.change_id > coalesce(watermarks.value, 0)
group by interactions.agent_type
order by interactions.agent_type
