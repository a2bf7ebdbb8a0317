"""The ingest stage: what is new at the sources in, raw shards out, which may hold PHI until `discard_raw`."""

import logging
from pathlib import Path

from infra.artifacts import open_store
from infra.database import connect
from infra.settings import get_settings
from tasks.ingest import interactions, positions, pubmed_xml, question_sets
from tasks.ingest.files import fingerprint_files
from tasks.ingest.intake import Intake
from tasks.ingest.papers import collect_documents
from tasks.policies import step
from tasks.records import ChatQuery, RawShard, SourceFile

log = logging.getLogger(__name__)


RAW_KINDS = RAW_PAPERS, RAW_EXAMPLES, RAW_CHATS = "raw-papers", "raw-examples", "raw-chats"


@step(cached=False)
def find_files(paths: tuple[str, ...], agent_type: str) -> tuple[SourceFile, ...]:
    """Find the files behind folders, patterns and paths whose content this agent type has not ingested yet."""
    found = fingerprint_files(paths)
    with connect() as conn:
        fresh = positions.not_yet_ingested(conn, found, agent_type)
    log.info("files found=%d new=%d", len(found), len(fresh))
    return fresh


@step()
def collect_papers(files: tuple[SourceFile, ...]) -> RawShard:
    """Read PubMed files into one shard of documents: the latest version of each PMID."""
    intake = Intake()
    paths = [Path(file.path) for file in files]
    artifact = open_store().save_rows(RAW_PAPERS, collect_documents(paths, intake))
    log.info("papers collected files=%d rows=%s rejected=%d", len(files), artifact.rows, intake.rejected.total())
    return RawShard(
        artifact=artifact,
        source=pubmed_xml.SOURCE,
        kind="documents",
        rows=artifact.rows or 0,
        rejected=dict(intake.rejected),
        warnings=tuple(intake.warnings),
    )


@step()
def collect_examples(files: tuple[SourceFile, ...], agent_type: str) -> RawShard:
    """Read question and answer files into one shard of examples."""
    intake = Intake()
    rows = (row for file in files for row in question_sets.read_examples(Path(file.path), agent_type, intake))
    artifact = open_store().save_rows(RAW_EXAMPLES, rows)
    log.info("examples collected files=%d rows=%s rejected=%d", len(files), artifact.rows, intake.rejected.total())
    return RawShard(
        artifact=artifact,
        source=question_sets.SOURCE,
        kind="examples",
        rows=artifact.rows or 0,
        rejected=dict(intake.rejected),
        warnings=tuple(intake.warnings),
    )


@step(cached=False)
def read_watermark(source: str, agent_type: str) -> int:
    """Return the last position of `source` that was collected for an agent type; 0 at first."""
    with connect() as conn:
        return positions.watermark(conn, source, agent_type)


@step(cached=False)
def fingerprint_chats(query: ChatQuery) -> str:
    """Return a digest of the exchanges that `query` reads: another digest, another collection."""
    with connect() as conn:
        return interactions.fingerprint(conn, query, get_settings().secret_key())


@step()
def collect_chats(query: ChatQuery, fingerprint: str) -> RawShard:
    """Collect the rated exchanges that `query` names; `fingerprint` keys the step on what the table held."""
    intake = Intake()
    key = get_settings().secret_key()
    with connect() as conn:
        rows = interactions.collect_interactions(conn, query, key, intake)
        artifact = open_store().save_rows(RAW_CHATS, rows)
    log.info("chats collected rows=%s rejected=%d", artifact.rows, intake.rejected.total())
    return RawShard(
        artifact=artifact,
        source=interactions.SOURCE,
        kind="interactions",
        rows=artifact.rows or 0,
        rejected=dict(intake.rejected),
        watermark=dict(intake.watermark),
    )


@step(cached=False)
def advance_watermarks(agent_type: str, shards: tuple[RawShard, ...], files: tuple[SourceFile, ...]) -> None:
    """Remember how far the sources were read; called once their redacted rows are recorded."""
    read_from_files = sum(shard.rows for shard in shards if shard.kind != "interactions")
    with connect() as conn:
        for shard in shards:
            positions.advance(conn, agent_type, shard.watermark)
        positions.mark_ingested(conn, agent_type, files, read_from_files)
    log.info("watermarks advanced shards=%d files=%d", len(shards), len(files))


@step(cached=False)
def discard_raw() -> None:
    """Delete all raw shards, also those that killed runs left: text that may hold PHI does not stay in the store.

    The caller sees to it that nobody else collects meanwhile.
    """
    store = open_store()
    for kind in RAW_KINDS:
        store.clear(kind)
    log.info("raw shards discarded")
