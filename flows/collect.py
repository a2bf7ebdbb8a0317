"""Take in what is new and redact it; a row that is not certified goes no further.

Source after source, reading after reading: each is redacted, recorded and remembered before the next begins, and its
raw rows are deleted, so a killed run continues where it was and disk space does not grow with the sources.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, time
from typing import Any, TypeVar, cast

from prefect import Task, flow, unmapped
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.parameters import CollectRequest
from infra.database import exclusive, keep_key
from infra.settings import get_settings
from tasks.dataset import steps as dataset
from tasks.errors import DataError, SourceUnavailable
from tasks.ingest import steps as ingest
from tasks.ingest.files import EXAMPLES, FULL_TEXTS, PAPERS, batches
from tasks.ingest.interactions import LOW_RATED
from tasks.phi import steps as phi
from tasks.records import MEMORY_CANARIES, ChatQuery, Protection, RawShard, Reading, RedactedShard, SourceFile
from tasks.registry import steps as registry
from tasks.sample import steps as sample

T = TypeVar("T")
FileStep = Task[[str, tuple[SourceFile, ...], int | None], Reading]

# Redaction holds the interpreter: threads would only share one core. Other machines are for a Dask or Ray runner.
ONE_BY_ONE = cast(TaskRunner[PrefectFuture[Any]], ThreadPoolTaskRunner(max_workers=1))


@flow(name="collect", flow_run_name="collect {request.agent_type}", task_runner=ONE_BY_ONE)
def collect(request: CollectRequest) -> tuple[Reading, ...]:
    """Collect and redact what is new for one agent, without training."""
    with exclusive(f"{request.agent_type}'s rows"):
        return collect_and_redact(request)


def collect_and_redact(request: CollectRequest) -> tuple[Reading, ...]:
    """Return what the sources held; each reading is certified, recorded and remembered before the next begins.

    One process collects at a time, because at its end no raw row may be left, whoever left it.
    """
    with exclusive("the collection of raw rows", wait=True):
        keep_key(get_settings().key_fingerprint())
        protection = phi.protect(request.phi_mode, request.phi_policy)
        met = tuple(kept(request.agent_type, reading, protection) for reading in readings(request))
        ingest.discard_raw()
        return met


@flow(name="preview", flow_run_name="preview {request.agent_type}", task_runner=ONE_BY_ONE)
def preview(request: CollectRequest, examples: int) -> tuple[tuple[Reading, RedactedShard | None], ...]:
    """Look at the sources, redact the first rows of each reading, and remember nothing."""
    with exclusive("the collection of raw rows", wait=True):
        protection = phi.protect(request.phi_mode, request.phi_policy)
        met = []
        for reading in readings(request):
            sample = ingest.sample_of(reading, examples)
            met.append((reading, phi.redact_shard(sample, protection) if sample else None))
            ingest.discard_raw()
        return tuple(met)


def readings(request: CollectRequest) -> Iterator[Reading]:
    """Look at one source after the other."""
    if place := get_settings().retractions:  # first, so that nothing is taken that is known to be retracted
        yield ingest.collect_retractions(place)
    yield from files_of(request, request.literature, PAPERS, ingest.collect_papers)
    if request.pubmed:
        yield from searched(request)
    if request.arxiv:
        yield ingest.collect_arxiv(request.agent_type, request.arxiv, request.since, request.limit)
    yield from files_of(request, request.arxiv_files, PAPERS, ingest.collect_arxiv_files)
    yield from files_of(request, request.full_texts, FULL_TEXTS, ingest.collect_full_texts)
    yield from files_of(request, request.examples, EXAMPLES, ingest.collect_examples)
    yield from documents(request)
    if request.chats:
        yield ingest.collect_chats(chat_query(request, "interactions"))
    if request.low_rated:
        yield ingest.collect_low_rated(chat_query(request, LOW_RATED))


def documents(request: CollectRequest) -> Iterator[Reading]:
    """Read discharge documents place by place, until the limit is reached."""

    def read(place: str, left: int | None) -> Reading:
        return ingest.collect_clinical_documents(request.agent_type, place, request.since, left)

    yield from up_to(request.limit, dict.fromkeys(request.documents), read)


def searched(request: CollectRequest) -> Iterator[Reading]:
    """Read what PubMed's search finds; each further reading goes on where the one before stopped."""
    reading = ingest.collect_pubmed(request.agent_type, request.pubmed, request.since, request.limit)
    yield reading
    while reading.goes_on is not None:
        reading = ingest.collect_pubmed(request.agent_type, request.pubmed, request.since, None, reading.goes_on)
        yield reading


def files_of(
    request: CollectRequest, paths: tuple[str, ...], suffixes: tuple[str, ...], collect_files: FileStep
) -> Iterator[Reading]:
    """Read the files that were not read before, as many at a time as a batch holds, until the limit is reached."""
    found = ingest.find_files(paths, request.agent_type, suffixes, request.since) if paths else ()

    def read(files: tuple[SourceFile, ...], left: int | None) -> Reading:
        return refuse_empty(collect_files(request.agent_type, files, left))

    yield from up_to(request.limit, batches(found), read)


def up_to(limit: int | None, parts: Iterable[T], read: Callable[[T, int | None], Reading]) -> Iterator[Reading]:
    """Read the parts of a source in turn, each with what is left of the limit, until nothing is left."""
    left = limit
    for part in parts:
        reading = read(part, left)
        yield reading
        left = left and left - reading.taken
        if left == 0:
            return


def kept(agent_type: str, reading: Reading, protection: Protection) -> Reading:
    """Redact and record what a reading found, remember it as taken, and delete its raw rows."""
    redacted = redact_and_record(agent_type, reading.shards, protection)
    told = reading.model_copy(update={"withheld": sum(shard.withheld for shard in redacted)})
    ingest.commit(agent_type, told, redacted)
    if get_settings().teacher_url:
        told = taught(agent_type, told, redacted, protection)
    ingest.discard_raw()
    return told


def taught(agent_type: str, reading: Reading, redacted: tuple[RedactedShard, ...], protection: Protection) -> Reading:
    """Have the teacher write over redacted documents; one that is silent is warned of, and stops nothing."""
    for shard in redacted:
        if shard.kind == "documents":
            try:
                raw = dataset.teach(agent_type, shard)
            except SourceUnavailable as error:
                return reading.model_copy(update={"warnings": (*reading.warnings, error.what)})
            redact_and_record(agent_type, (raw,) if raw else (), protection)
    return reading


def plant_secrets(agent_type: str, protection: Protection) -> None:
    """See that an agent's rows hold as many made-up secrets as are wanted, each redacted and recorded like any row."""
    planted = [shard for shard in registry.list_shards(agent_type) if shard.source == MEMORY_CANARIES]
    known = sum(shard.rows + shard.withheld for shard in planted)
    missing = get_settings().planted_secrets - known
    if missing > 0:
        with exclusive("the collection of raw rows", wait=True):
            redact_and_record(agent_type, (sample.write_secrets(agent_type, known, missing),), protection)
            ingest.discard_raw()


def redact_and_record(
    agent_type: str, shards: tuple[RawShard, ...], protection: Protection
) -> tuple[RedactedShard, ...]:
    """Return the certified shards, written down with their rows."""
    redacted = tuple(phi.redact_shard.map(shards, protection=unmapped(protection)).result())
    registry.record_shards(agent_type, redacted)
    return redacted


def chat_query(request: CollectRequest, source: str) -> ChatQuery:
    """Return which exchanges to read: those after the watermark that pass the request's filters."""
    anew = request.from_start or request.since is not None
    return ChatQuery(
        agent_type=request.agent_type,
        min_rating=request.min_rating,
        min_answer_tokens=request.min_answer_tokens,
        days_back=request.days_back,
        limit=request.limit,
        since=datetime.combine(request.since, time(), UTC) if request.since else None,
        position={} if anew else ingest.read_position(source, request.agent_type),
    )


def refuse_empty(reading: Reading) -> Reading:
    """Stop at files that were named and hold nothing at all: in silence they would count as taken in.

    Raises:
        DataError: no record was met, neither taken nor rejected.
    """
    if reading.held or reading.withdrawn:
        return reading
    raise DataError(
        f"The {reading.source} files hold no records. {' '.join(reading.warnings)}".strip(),
        fix="correct the files, or leave them out; docs/sources.md names the forms",
    )
