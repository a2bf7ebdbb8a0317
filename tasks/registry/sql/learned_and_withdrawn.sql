-- What a run's weights were made of, counted where it is not to be learned from any more: rows that were withdrawn, and
-- shards whose rows were redacted anew, which is done when newer rules or another policy change them. A test split is
-- never learned from.
select
    (
        select count(distinct dataset_rows.row_sha256)
        from run_ancestry
        join dataset_rows on dataset_rows.dataset_id = run_ancestry.dataset_id
        join withdrawn_rows on withdrawn_rows.row_sha256 = dataset_rows.row_sha256
        where run_ancestry.run_id = %(run_id)s and dataset_rows.split <> 'test'
    ),
    (
        select count(distinct shards.sha256)
        from run_ancestry
        join datasets on datasets.id = run_ancestry.dataset_id
        join shards on shards.agent_type = datasets.agent_type
            and datasets.record -> 'shards' @> to_jsonb(shards.sha256)
        where run_ancestry.run_id = %(run_id)s and shards.renewed_as is not null
    );
