"""The dataset stage: certified rows in, one immutable train/validation/test split out."""

import functools
import hashlib
import logging
from pathlib import Path

import httpx
import yaml

from infra.artifacts import open_store
from infra.settings import get_settings
from tasks.dataset.building import curate, explain
from tasks.dataset.curation import word_runs
from tasks.dataset.examples import document_of
from tasks.dataset.teacher import Lessons, Teacher, taught_examples
from tasks.errors import DataError
from tasks.policies import step
from tasks.records import (
    Artifact,
    Base,
    CertifiedRow,
    CurationPolicy,
    DatasetVersion,
    RawShard,
    RedactedShard,
    Suite,
    row_sha256,
)

log = logging.getLogger(__name__)


@step()
def build_dataset(
    shards: tuple[RedactedShard, ...],
    policy: CurationPolicy,
    base: Base,
    suites: tuple[Suite, ...],
    withdrawn: Artifact | None = None,
) -> DatasetVersion:
    """Curate redacted shards into one versioned split, apart from every question of `suites` and withdrawn row."""
    from tasks.dataset import chat_format

    store = open_store()
    tokenizer = chat_format.load_tokenizer(*base.source(store))
    curated = curate(
        ((shard.kind, CertifiedRow.model_validate(line)) for shard in shards for line in store.rows(shard.artifact)),
        policy,
        key=get_settings().secret_key(),
        count_tokens=functools.partial(chat_format.count_tokens, tokenizer),
        benchmark_runs=frozenset().union(*(_questions(suite) for suite in suites)),
        withdrawn={row["row_sha256"]: row["reason"] for row in store.rows(withdrawn)} if withdrawn else {},
    )
    counts: dict[str, int] = {split: len(rows) for split, rows in curated.splits.items()}
    if counts["train"] < policy.min_examples or not counts["validation"] or not counts["test"]:
        raise DataError(
            f"{policy.agent_type}: {counts['train']} training, {counts['validation']} validation and {counts['test']}"
            f" test examples are left, {policy.min_examples} training examples and one of each other are needed."
            f" Left out: {explain(curated.exclusions)}.",
            fix="add --literature or --examples, widen --min-rating or --days-back together with --from-start,"
            " or lower --min-examples",
        )
    splits: dict[str, Artifact] = {split: store.save_rows("dataset", rows) for split, rows in curated.splits.items()}
    identity = hashlib.sha256("".join(a.sha256 for a in splits.values()).encode()).hexdigest()
    log.info("dataset built id=ds-%s examples=%s left_out=%d", identity[:10], counts, curated.exclusions.total())
    return DatasetVersion(
        id=f"ds-{identity[:10]}",
        agent_type=policy.agent_type,
        splits=splits,
        examples=counts,
        tokens=curated.tokens,
        sources=curated.sources,
        exclusions=curated.exclusions,
        redaction=policy.redaction or "",
        shards=tuple(shard.artifact.sha256 for shard in shards),
        policy=row_sha256(policy.model_dump(mode="json"))[:12],
    )


@step(cached=False)
def teach(agent_type: str, shard: RedactedShard) -> RawShard | None:
    """Have the teacher of the settings write questions over redacted documents; None where it wrote none.

    Its words go to redaction like those of any other source.
    """
    settings, store, lessons = get_settings(), open_store(), Lessons()
    teacher = Teacher(url=settings.teacher_url, model=settings.teacher_model, key=settings.teacher_key)
    documents = (document_of(CertifiedRow.model_validate(line).verified()) for line in store.rows(shard.artifact))
    with httpx.Client() as client:
        pairs = (
            pair
            for document in documents
            for pair in taught_examples(document, teacher, agent_type, client=client, lessons=lessons)
        )
        artifact = store.save_rows("raw-examples", pairs)
    log.info("taught documents=%d kept=%d rejected=%s", lessons.asked, lessons.kept, dict(lessons.rejected))
    rows = artifact.rows or 0
    return RawShard(artifact=artifact, source="teacher", kind="examples", rows=rows) if rows else None


def _questions(suite: Suite) -> frozenset[str]:
    items = yaml.safe_load(Path(suite.path).read_text(encoding="utf-8"))["items"]
    return frozenset().union(*(word_runs(item["question"]) for item in items))
