-- What was taken and is not to be learned from any more, with every dataset and model that contains it.
select
    w.source, w.source_id, w.reason, w.notice, min(w.found_at),
    coalesce(array_agg(distinct d.dataset_id) filter (where d.dataset_id is not null), '{}'),
    coalesce(array_agg(distinct m.id || ', ' || m.stage) filter (where m.id is not null), '{}')
from withdrawn_rows w
left join dataset_rows d on d.row_sha256 = w.row_sha256
left join model_datasets l on l.dataset_id = d.dataset_id
left join model_versions m on m.id = l.model_id
group by w.source, w.source_id, w.reason, w.notice
order by min(w.found_at) desc, w.source, w.source_id
