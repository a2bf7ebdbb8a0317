"""Take in what is new and redact it; a row that is not certified goes no further."""

from typing import ParamSpec

from prefect import Task, flow

from flows.parameters import CollectRequest
from infra.artifacts import open_store
from infra.database import exclusive, keep_key
from infra.settings import get_settings
from tasks.errors import DataError
from tasks.ingest import steps as ingest
from tasks.phi import steps as phi
from tasks.records import ChatQuery, RawShard, RedactedShard
from tasks.registry import steps as registry

P = ParamSpec("P")


@flow(name="collect", flow_run_name="collect {request.agent_type}")
def collect(request: CollectRequest) -> tuple[RedactedShard, ...]:
    """Collect and redact what is new for one agent, without training."""
    with exclusive(f"{request.agent_type}'s rows"):
        return collect_and_redact(request)


def collect_and_redact(request: CollectRequest) -> tuple[RedactedShard, ...]:
    """Return the certified shards of what came in since the last run; the watermarks move once they are recorded.

    One process collects at a time, because at its end no raw row may be left, whoever left it.
    """
    with exclusive("the collection of raw rows", wait=True):
        return collect_alone(request)


def collect_alone(request: CollectRequest) -> tuple[RedactedShard, ...]:
    """Collect, redact, record, move the watermarks, discard what is raw."""
    keep_key(get_settings().key_fingerprint())
    papers = ingest.find_files(request.literature, request.agent_type)
    question_sets = ingest.find_files(request.examples, request.agent_type)
    from_papers = collected(ingest.collect_papers, papers) if papers else None
    from_sets = collected(ingest.collect_examples, question_sets, request.agent_type) if question_sets else None
    for shard in (from_papers, from_sets):
        refuse_empty(shard)
    found = (from_papers, from_sets, collect_new_chats(request))
    raw = tuple(shard for shard in found if shard is not None and shard.rows)
    engine = phi.engine_version()
    redacted = tuple(phi.redact_shard(shard, engine) for shard in raw)
    registry.record_shards(request.agent_type, redacted)
    ingest.advance_watermarks(request.agent_type, raw, (*papers, *question_sets))
    ingest.discard_raw()
    return redacted


def collected(step: Task[P, RawShard], *args: P.args, **kwargs: P.kwargs) -> RawShard:
    """Run a collecting step, once more if the cache remembers a shard whose raw rows were discarded since."""
    shard = step(*args, **kwargs)
    if open_store().exists(shard.artifact):
        return shard
    return step.with_options(refresh_cache=True)(*args, **kwargs)


def refuse_empty(shard: RawShard | None) -> None:
    """Stop at files that were named and gave nothing: in silence they would count as taken in.

    Raises:
        DataError: with what was left out, and why.
    """
    if shard is not None and not shard.rows:
        reasons = ", ".join(f"{count} {reason}" for reason, count in shard.rejected.items()) or "they hold no rows"
        warnings = " ".join(shard.warnings)
        raise DataError(
            f"The {shard.source} files gave nothing to learn from: {reasons}. {warnings}".strip(),
            fix="correct the files, or leave them out; README names the formats",
        )


def collect_new_chats(request: CollectRequest) -> RawShard:
    """Return the rated chats after the watermark that pass the request's filters."""
    query = ChatQuery(
        agent_type=request.agent_type,
        min_rating=request.min_rating,
        min_answer_tokens=request.min_answer_tokens,
        days_back=request.days_back,
        limit=request.limit,
        after=0 if request.from_start else ingest.read_watermark("interactions", request.agent_type),
    )
    return collected(ingest.collect_chats, query, ingest.fingerprint_chats(query))
