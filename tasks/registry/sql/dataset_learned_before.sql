-- Of the last round that learned from other shards than these: a repeated round sees what the first one saw. Shards are
-- compared as sets, and one that was redacted again since counts as the one that stands in its place now. Those of the
-- source that is left aside, which only some rounds learn from, count for nothing.
with recursive standing (sha256, now, source) as (
    select sha256, sha256, source from shards where agent_type = %(agent_type)s and renewed_as is null
    union
    select shards.sha256, standing.now, shards.source
    from shards
    join standing on shards.renewed_as = standing.sha256
    where shards.agent_type = %(agent_type)s
),
learned (created_at, record, shards) as (
    select weekly_runs.created_at, datasets.record, array(
        select distinct coalesce(standing.now, named.sha256) as now
        from jsonb_array_elements_text(datasets.record -> 'shards') as named (sha256)
        left join standing using (sha256)
        where standing.source is distinct from %(aside)s
        order by now
    )
    from weekly_runs
    join model_versions on model_versions.id = weekly_runs.summary ->> 'candidate_id'
    join datasets on datasets.id = model_versions.dataset_id
    where weekly_runs.agent_type = %(agent_type)s
),
these (shards) as (
    select array(
        select distinct coalesce(standing.now, named.sha256) as now
        from jsonb_array_elements_text(%(shards)s) as named (sha256)
        left join standing using (sha256)
        where standing.source is distinct from %(aside)s
        order by now
    )
)
select learned.record || jsonb_build_object('shards', to_jsonb(learned.shards))
from learned, these
where learned.shards <> these.shards
order by learned.created_at desc
limit 1
