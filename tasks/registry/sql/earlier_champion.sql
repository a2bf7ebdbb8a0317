-- The champion that came before the present one for the first time: rolling back twice goes back two, not to and fro.
select changes.model_id
from stage_changes as changes
join model_versions as models on models.id = changes.model_id
where models.agent_type = %(agent_type)s and changes.to_stage = 'champion'
group by changes.model_id
having min(changes.id) < (
    select min(id) from stage_changes where model_id = %(present)s and to_stage = 'champion'
)
order by min(changes.id) desc
limit 1;
