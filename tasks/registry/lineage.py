"""Which rows came from where and went into what: shards, datasets, runs. Every function may be repeated."""

import logging
from collections.abc import Iterator

from infra.artifacts import ArtifactStore
from tasks.errors import RegistryError
from tasks.records import DatasetVersion, RedactedShard, TrainingRun
from tasks.registry.statements import Connection, copy_in, fetch, run

logger = logging.getLogger(__name__)


def record_shard(conn: Connection, agent_type: str, shard: RedactedShard, store: ArtifactStore) -> bool:
    """Write down a shard and its rows, in the caller's transaction; return False if it was there already."""
    known = shard.artifact.sha256
    if not run(
        conn,
        "insert_shard",
        sha256=known,
        agent_type=agent_type,
        source=shard.source,
        kind=shard.kind,
        rows=shard.rows,
        record=shard,
    ):
        run(conn, "renew_shard", sha256=known, agent_type=agent_type)
        return False
    run(conn, "stage_rows")
    copy_in(conn, "copy_rows", _origins(shard, store))
    rows = run(conn, "insert_rows")
    logger.info("recorded shard=%s agent=%s rows=%d", known[:12], agent_type, rows)
    return True


def replace_shard(
    conn: Connection, agent_type: str, old: RedactedShard, new: RedactedShard, store: ArtifactStore
) -> None:
    """Put a shard that was redacted again in the place of the old one, in the caller's transaction.

    The old shard and its rows stay written down, because datasets and models were made of them.
    """
    record_shard(conn, agent_type, new, store)
    if new.artifact.sha256 != old.artifact.sha256:
        run(conn, "mark_renewed", sha256=old.artifact.sha256, by=new.artifact.sha256, agent_type=agent_type)


def shards_of(conn: Connection, agent_type: str) -> tuple[RedactedShard, ...]:
    """Return the shards of an agent type in the order in which they were recorded."""
    return tuple(RedactedShard.model_validate(row[0]) for row in fetch(conn, "shards_of_agent", agent_type=agent_type))


def record_dataset(conn: Connection, dataset: DatasetVersion, store: ArtifactStore) -> bool:
    """Write down a dataset and the redacted rows in it, in the caller's transaction; return False if it was there."""
    if not run(conn, "insert_dataset", id=dataset.id, agent_type=dataset.agent_type, record=dataset):
        return False
    run(conn, "stage_dataset_rows")
    copy_in(conn, "copy_dataset_rows", _members(dataset, store))
    rows = run(conn, "insert_dataset_rows")
    logger.info("recorded dataset=%s rows=%d", dataset.id, rows)
    return True


def dataset(conn: Connection, begin: str) -> DatasetVersion:
    """Return the dataset whose id is, or begins with, `begin`.

    Raises:
        RegistryError: there is none, or there are several.
    """
    ids = [row[0] for row in fetch(conn, "dataset_ids", begin=begin)]
    exact = [found for found in ids if found == begin] or ids
    if len(exact) != 1:
        seen = f"begins {len(ids)} datasets" if ids else "is no dataset"
        raise RegistryError(f"{begin} {seen}.", fix="take an id that `rounds models show` names")
    return DatasetVersion.model_validate(fetch(conn, "dataset", id=exact[0])[0][0])


def latest_dataset(conn: Connection, agent_type: str) -> DatasetVersion:
    """Return the dataset that was recorded last for an agent type.

    Raises:
        RegistryError: there is none yet.
    """
    found = fetch(conn, "latest_dataset", agent_type=agent_type)
    if not found:
        raise RegistryError(f"{agent_type} has no dataset yet.", fix="rounds weekly or rounds train makes one")
    return DatasetVersion.model_validate(found[0][0])


def record_run(conn: Connection, training: TrainingRun) -> bool:
    """Write down a training run; return False if it was there already."""
    return bool(run(conn, "insert_run", id=training.id, dataset_id=training.dataset_id, record=training))


def models_of_source(conn: Connection, source: str, source_id: str) -> tuple[str, ...]:
    """Return the ids of every model that learned from a source's row, such as `pubmed` and a PMID."""
    return tuple(row[0] for row in fetch(conn, "models_of_source", source=source, source_id=source_id))


def _origins(shard: RedactedShard, store: ArtifactStore) -> Iterator[tuple[str, ...]]:
    """Yield hash, shard, source, source id, group and subject of each row of a shard."""
    for line in store.rows(shard.artifact):
        row, sha256 = line["row"], line["certificate"]["row_sha256"]
        match shard.kind:
            case "interactions":
                origin = (shard.source, row["id"], row["conversation_id"], row.get("subject_key", ""))
            case "documents":
                group = f"{row['source']}:{row['source_id']}"
                origin = (row["source"], row["source_id"], group, row.get("subject_key", ""))
            case "examples":
                origin = (row["source"], row["source_id"], row["group_id"], row.get("subject_key", ""))
        yield (sha256, shard.artifact.sha256, *origin)


def _members(dataset: DatasetVersion, store: ArtifactStore) -> Iterator[tuple[str, ...]]:
    """Yield dataset, row hash and split; an example made of a redacted row, or a preference of two, is these here."""
    for split, artifact in (*dataset.splits.items(), *dataset.preferences.items()):
        for line in store.rows(artifact):
            certificate = line["certificate"]
            for row in (certificate.get("derived_from") or certificate["row_sha256"]).split():
                yield (dataset.id, row, split)
