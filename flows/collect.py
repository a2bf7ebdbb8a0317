"""Take in what is new and redact it; a row that is not certified goes no further."""

from prefect import flow

from flows.parameters import CollectRequest
from tasks.ingest import steps as ingest
from tasks.phi import steps as phi
from tasks.records import ChatQuery, RawShard, RedactedShard
from tasks.registry import steps as registry


@flow(name="collect", flow_run_name="collect {request.agent_type}")
def collect(request: CollectRequest) -> tuple[RedactedShard, ...]:
    """Collect and redact what is new for one agent, without training."""
    return collect_and_redact(request)


def collect_and_redact(request: CollectRequest) -> tuple[RedactedShard, ...]:
    """Return the certified shards of what came in since the last run; the watermarks move once they are recorded."""
    papers = ingest.find_files(request.literature, request.agent_type)
    question_sets = ingest.find_files(request.examples, request.agent_type)
    raw = tuple(
        shard
        for shard in (
            ingest.collect_papers(papers) if papers else None,
            ingest.collect_examples(question_sets, request.agent_type) if question_sets else None,
            collect_new_chats(request),
        )
        if shard is not None and shard.rows
    )
    engine = phi.engine_version()
    redacted = tuple(phi.redact_shard(shard, engine) for shard in raw)
    registry.record_shards(request.agent_type, redacted)
    ingest.advance_watermarks(request.agent_type, raw, (*papers, *question_sets))
    ingest.discard_raw(raw)
    return redacted


def collect_new_chats(request: CollectRequest) -> RawShard:
    """Return the rated chats after the watermark that pass the request's filters."""
    query = ChatQuery(
        agent_type=request.agent_type,
        min_rating=request.min_rating,
        min_answer_tokens=request.min_answer_tokens,
        days_back=request.days_back,
        limit=request.limit,
        after=ingest.read_watermark("interactions", request.agent_type),
    )
    return ingest.collect_chats(query, ingest.fingerprint_chats(query))
