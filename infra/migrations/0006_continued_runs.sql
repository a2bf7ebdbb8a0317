-- A run that goes on from another one's weights has learned from that one's dataset, too, and so on back to the base.
create view run_ancestry as
with recursive ancestry (run_id, ancestor_id, dataset_id, goes_on_from) as (
    select id, id, dataset_id, record ->> 'continued_from' from runs
    union
    select ancestry.run_id, runs.id, runs.dataset_id, runs.record ->> 'continued_from'
    from ancestry
    join runs on runs.id = ancestry.goes_on_from
)
select run_id, ancestor_id, dataset_id from ancestry;

-- Every dataset that a model learned from: its run's own, and those of the runs that this one went on from.
create view model_datasets as
select id as model_id, dataset_id from model_versions where dataset_id is not null
union
select model_versions.id, run_ancestry.dataset_id
from model_versions
join run_ancestry on run_ancestry.run_id = model_versions.run_id;
