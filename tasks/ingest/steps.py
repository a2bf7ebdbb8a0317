"""The ingest stage: what is new at the sources in, raw shards out, which may hold PHI until `discard_raw`.

No reading is cached: it depends on what was taken before. It is cheap beside redaction, which is cached by content.
"""

import contextlib
import functools
import hashlib
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from infra.artifacts import Artifact, ArtifactStore, open_store
from infra.cores import available_cores
from infra.database import connect
from infra.settings import get_settings
from tasks.ingest import (
    arxiv_oai,
    arxiv_records,
    arxiv_search,
    clinical_documents,
    entrez,
    interactions,
    jats,
    jats_links,
    positions,
    pubmed_search,
    pubmed_xml,
    question_sets,
    retraction_watch,
    taken,
)
from tasks.ingest.files import fingerprint_files
from tasks.ingest.intake import Intake
from tasks.ingest.papers import ReaderPool, collect_documents, latest_documents
from tasks.ingest.tolerance import Tolerance
from tasks.policies import progress, step
from tasks.records import ChatQuery, RawShard, Reading, RedactedShard, RowKind, SourceFile, Withdrawal

log = logging.getLogger(__name__)

T = TypeVar("T")

READING_CITATIONS = 20_000  # of one look at PubMed: more than a window holds, so that each look gets on
BYTES_FOR_A_POOL = 16 << 20  # two seconds of reading, about what two processes take to start
SHARD_ROWS = 5_000  # half a minute of redaction for abstracts
TOLD_ROWS = 200
RAW: dict[RowKind, str] = {"documents": "raw-documents", "interactions": "raw-chats", "examples": "raw-examples"}


@step(cached=False)
def find_files(
    paths: tuple[str, ...], agent_type: str, suffixes: tuple[str, ...], since: date | None = None
) -> tuple[SourceFile, ...]:
    """Find the files behind paths, changed since a day, whose content this agent type has not ingested yet."""
    found = fingerprint_files(paths, since, suffixes=suffixes)
    with connect() as conn:
        fresh = positions.not_yet_ingested(conn, found, agent_type)
    log.info("files found=%d new=%d", len(found), len(fresh))
    return fresh


@step(cached=False)
def collect_papers(agent_type: str, files: tuple[SourceFile, ...], limit: int | None = None) -> Reading:
    """Read PubMed files: the latest version of each PMID, less what was deleted or retracted."""
    intake, paths = Intake(), [Path(file.path) for file in files]
    with _readers(files) as pool:
        rows = collect_documents(paths, intake, pool=pool)
        return _reading(agent_type, pubmed_xml.SOURCE, rows, intake, files, limit)


@step(cached=False)
def collect_full_texts(agent_type: str, files: tuple[SourceFile, ...], limit: int | None = None) -> Reading:
    """Read JATS full texts whose licence allows it."""
    intake = Intake()
    rows = _of_each(files, functools.partial(jats.read_articles, intake=intake), jats_links.SOURCE, intake)
    return _reading(agent_type, jats_links.SOURCE, rows, intake, files, limit)


@step(cached=False)
def collect_pubmed(
    agent_type: str, query: str, since: date | None, limit: int | None = None, goes_on: int | None = None
) -> Reading:
    """Search PubMed for what entered since the last run, or since a day; a long answer takes several readings.

    `goes_on` is where the reading before this one stopped.
    """
    intake, place = Intake(), _place(pubmed_xml.SOURCE, query)
    with entrez.open_entrez(get_settings()) as client, connect() as conn:
        kept = positions.watermark(conn, place, agent_type)
        start = goes_on or _days(since) or kept
        citations = pubmed_search.read_pubmed(
            query,
            since=start,
            limit=limit,
            client=client,
            intake=intake,
            known=functools.partial(taken.known_ids, conn, agent_type, pubmed_xml.SOURCE),
        )
        part = pubmed_search.Part(citations, intake, start, READING_CITATIONS)
        reading = _reading(agent_type, pubmed_xml.SOURCE, latest_documents(part, intake), intake)
    reached = reading.watermark.get(pubmed_xml.SOURCE)
    watermark = _moved(place, reached, since, kept)
    return reading.model_copy(update={"watermark": watermark, "goes_on": reached if part.cut else None})


@step(cached=False)
def collect_arxiv(agent_type: str, query: str, since: date | None, limit: int | None = None) -> Reading:
    """Search arXiv for what was submitted or revised since the last run, or since a day."""
    intake, place = Intake(), _place(arxiv_records.SOURCE, query)
    with arxiv_search.open_arxiv(get_settings()) as client, connect() as conn:
        kept = positions.watermark(conn, place, agent_type)
        start = _days(since) or kept
        # The limit counts what is new: the reader yields the latest first, and the ledger passes over what was taken.
        rows = arxiv_search.read_arxiv(query, since=start, limit=None, client=client, intake=intake)
        reading = _reading(agent_type, arxiv_records.SOURCE, rows, intake, limit=limit)
    watermark = _moved(place, reading.watermark.get(arxiv_records.SOURCE), since, kept)
    return reading.model_copy(update={"watermark": watermark})


@step(cached=False)
def collect_arxiv_files(agent_type: str, files: tuple[SourceFile, ...], limit: int | None = None) -> Reading:
    """Read saved replies of arXiv: Atom feeds and OAI records."""
    intake = Intake()
    rows = _of_each(files, functools.partial(arxiv_oai.read_arxiv_file, intake=intake), arxiv_records.SOURCE, intake)
    return _reading(agent_type, arxiv_records.SOURCE, rows, intake, files, limit)


@step(cached=False)
def collect_retractions(place: str) -> Reading:
    """Read Retraction Watch's CSV, a file or an address, and return which retractions were not known yet.

    It counts nothing, because no row can come of it.
    """
    intake = Intake()
    with retraction_watch.opened(place, get_settings()) as lines, connect() as conn:
        told = tuple(retraction_watch.read_retractions(lines, place))
        new = taken.not_yet_withdrawn(conn, told)
    for retraction in new:
        intake.withdraw(retraction.source, retraction.source_id, retraction.reason, retraction.notice)
    log.info("retractions told=%d new=%d", len(told), len(new))
    return _reading("", retraction_watch.SOURCE, (), intake)


@step(cached=False)
def collect_clinical_documents(agent_type: str, url: str, since: date | None, limit: int | None = None) -> Reading:
    """Read discharge documents below a folder or an object store's address."""
    intake, settings = Intake(), get_settings()
    rows = clinical_documents.read_documents(
        url,
        intake,
        key=settings.secret_key(),
        since=since,
        subject_folders=settings.documents_subject_folders,
        ocr=settings.documents_ocr,
    )
    return _reading(agent_type, clinical_documents.SOURCE, rows, intake, limit=limit)


@step(cached=False)
def collect_examples(agent_type: str, files: tuple[SourceFile, ...], limit: int | None = None) -> Reading:
    """Read question and answer files."""
    intake = Intake()
    read = functools.partial(question_sets.read_examples, agent_type=agent_type, intake=intake)
    rows = _of_each(files, read, question_sets.SOURCE, intake)
    return _reading(agent_type, question_sets.SOURCE, rows, intake, files, limit)


@step(cached=False)
def read_position(source: str, agent_type: str) -> dict[str, int]:
    """Return how far `source` was collected for an agent type; empty at first."""
    with connect() as conn:
        return positions.position(conn, source, agent_type)


@step(cached=False)
def collect_chats(query: ChatQuery) -> Reading:
    """Collect the rated exchanges that `query` names."""
    intake = Intake()
    with connect() as conn:
        rows = interactions.collect_interactions(conn, query, get_settings().secret_key(), intake, connect)
        return _chats(interactions.SOURCE, rows, query, intake)


@step(cached=False)
def collect_low_rated(query: ChatQuery) -> Reading:
    """Collect the exchanges that were rated low, or corrected, with what the model said: a shard of their own."""
    intake = Intake()
    with connect() as conn:
        rows = interactions.read_low_rated(conn, query, get_settings().secret_key(), intake, connect)
        return _chats(interactions.LOW_RATED, rows, query, intake)


@step(cached=False)
def commit(agent_type: str, reading: Reading, redacted: tuple[RedactedShard, ...]) -> None:
    """Remember what was taken and withdrawn and how far the source was read, once the redacted rows are recorded.

    A row that redaction withheld is not taken, and what was taken of the same record before is withdrawn.
    """
    store, key = open_store(), get_settings().secret_key()
    with connect() as conn:
        for raw, certified in zip(reading.shards, redacted, strict=True):
            ids = frozenset(taken.id_of(line["row"]) for line in store.rows(certified.artifact))
            rows = (row for row in store.rows(raw.artifact) if taken.id_of(row) in ids)
            taken.take(conn, agent_type, raw.source, rows, key)
            taken.withdraw(conn, taken.withheld(raw.source, store.rows(raw.artifact), ids))
        if reading.withdrawn is not None:
            taken.withdraw(conn, map(Withdrawal.model_validate, store.rows(reading.withdrawn)))
        positions.advance(conn, agent_type, reading.watermark)
        positions.mark_ingested(conn, agent_type, reading.files)
        if reading.held:
            positions.write_down(conn, agent_type, reading)
    log.info("taken source=%s new=%d changed=%d of=%d", reading.source, reading.new, reading.changed, reading.held)


@step(cached=False)
def sample_of(reading: Reading, rows: int) -> RawShard | None:
    """Return a shard of the first rows of a reading, or None where it has none."""
    if not reading.shards:
        return None
    store, first = open_store(), reading.shards[0]
    artifact = store.save_rows(RAW[first.kind], itertools.islice(store.rows(first.artifact), rows))
    return first.model_copy(update={"artifact": artifact, "rows": artifact.rows})


@step(cached=False)
def discard_raw() -> None:
    """Delete all raw shards, also those that killed runs left: text that may hold PHI does not stay in the store.

    The caller sees to it that nobody else collects meanwhile.
    """
    store = open_store()
    for kind in RAW.values():
        store.clear(kind)
    log.info("raw shards discarded")


def _reading(
    agent_type: str,
    source: str,
    rows: Iterable[BaseModel | taken.Row],
    intake: Intake,
    files: tuple[SourceFile, ...] = (),
    limit: int | None = None,
) -> Reading:
    """Save what is new or changed among the rows, in shards, and what else the reading met.

    A reading that stops at its limit is not remembered as finished: the next one goes on behind what it took.
    """
    store = open_store()
    with connect() as ledger:
        fresh = taken.untaken(ledger, agent_type, source, _telling(rows), get_settings().secret_key(), intake)
        shards = tuple(
            RawShard(artifact=artifact, source=source, kind=kind, rows=artifact.rows or 0)
            for kind, part in _parts(itertools.islice(fresh, limit))
            for artifact in (store.save_rows(RAW[kind], part),)
        )
    finished = limit is None or intake.new + intake.changed < limit
    return Reading(
        source=source,
        shards=shards,
        new=intake.new,
        changed=intake.changed,
        unchanged=intake.unchanged,
        retracted=intake.retracted,
        rejected=dict(intake.rejected),
        rejects=_saved(store, "rejects", map(vars, intake.rejects())),
        withdrawn=_saved(store, "withdrawn", intake.withdrawals()),
        watermark=dict(intake.watermark) if finished else {},
        files=files if finished else (),
        warnings=tuple(intake.warnings),
    )


def _saved(store: ArtifactStore, kind: str, rows: Iterator[Mapping[str, object] | BaseModel]) -> Artifact | None:
    """Save rows, or nothing where there are none."""
    for first in rows:
        return store.save_rows(kind, itertools.chain((first,), rows))
    return None


def _telling(rows: Iterable[T]) -> Iterator[T]:
    """Tell how many rows were read; how many will come no source knows."""
    tell = progress("records")
    for number, row in enumerate(rows, start=1):
        if number % TOLD_ROWS == 0:
            tell(number, 0)
        yield row


def _of_each(
    files: tuple[SourceFile, ...], read: Callable[[Path], Iterator[T]], source: str, intake: Intake
) -> Iterator[T]:
    """Yield the rows of each file; one of several that cannot be read is rejected."""
    tolerance = Tolerance(source, len(files), intake)
    for file in files:
        with tolerance.of(Path(file.path)):
            yield from read(Path(file.path))


def _chats(source: str, rows: Iterable[taken.Row], query: ChatQuery, intake: Intake) -> Reading:
    """Return the reading of a table's chats; one that looks at some days alone does not move the watermark."""
    reading = _reading(query.agent_type, source, rows, intake)
    return reading.model_copy(update={"watermark": {}}) if query.since or query.until else reading


def _readers(files: tuple[SourceFile, ...]) -> AbstractContextManager[ReaderPool | None]:
    """Return processes to read files with, or none where starting them takes longer than the files."""
    workers = min(get_settings().threads or available_cores(), len(files))
    large = sum(file.bytes for file in files) >= BYTES_FOR_A_POOL
    return ReaderPool(workers) if workers > 1 and large else contextlib.nullcontext()


def _place(source: str, query: str) -> str:
    """Return what a search's watermark stands under: another query starts anew."""
    return f"{source} {hashlib.sha256(query.encode()).hexdigest()[:16]}"


def _moved(place: str, reached: int | None, since: date | None, kept: int) -> dict[str, int]:
    """Return a search's watermark; none where the reading leaves a gap behind what was read before."""
    joins = since is None or not kept or _days(since) <= kept
    return {place: reached} if reached and joins else {}


def _days(since: date | None) -> int:
    return (since - date(1970, 1, 1)).days if since else 0


def _parts(rows: Iterator[taken.Row]) -> Iterator[tuple[RowKind, list[taken.Row]]]:
    """Cut rows into shards, each of one kind and at most `SHARD_ROWS`."""
    for kind, alike in itertools.groupby(rows, kind_of):
        while part := list(itertools.islice(alike, SHARD_ROWS)):
            yield kind, part


def kind_of(row: taken.Row) -> RowKind:
    """Return the kind of a row: a question set may hold plain texts, which are documents."""
    if "sections" in row:
        return "documents"
    return "interactions" if "conversation_id" in row else "examples"
