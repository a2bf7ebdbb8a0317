"""The dataset stage: certified rows in, one immutable train/validation/test split out."""

import functools
import hashlib
import logging
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import orjson
import yaml

from infra.artifacts import open_store
from infra.settings import get_settings
from tasks.dataset.building import ShardRow, curate
from tasks.dataset.curation import policy_digest
from tasks.dataset.data_card import as_markdown, card_of
from tasks.dataset.decontamination import Suites, SuiteText
from tasks.dataset.examples import document_of
from tasks.dataset.grouping import Groups
from tasks.dataset.near_duplicates import Signatures, joined, sign, texts_of
from tasks.dataset.preferences import Preferred, prefer
from tasks.dataset.sufficiency import WANTED, refuse_what_cannot_train
from tasks.dataset.teacher import Lessons, Teacher, taught_examples
from tasks.policies import step
from tasks.records import (
    MEMORY_CANARIES,
    Artifact,
    Base,
    CertifiedRow,
    CurationPolicy,
    DatasetVersion,
    RawShard,
    RedactedShard,
    Suite,
)

log = logging.getLogger(__name__)


@step()
def sign_shard(shard: RedactedShard) -> Artifact:
    """Keep of every row of a shard what tells its near-duplicates, so that no later week reads it again for that."""
    store = open_store()
    lines = (CertifiedRow.model_validate(line) for line in store.rows(shard.artifact))
    signed = sign((line.certificate.row_sha256, *texts_of(shard.kind, line.verified())) for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "signatures.safetensors"
        signed.save(file)
        return store.save_file("signatures", file)


@step()
def build_dataset(
    shards: tuple[RedactedShard, ...],
    policy: CurationPolicy,
    base: Base,
    suites: tuple[Suite, ...],
    withdrawn: Artifact | None = None,
    signatures: tuple[Artifact, ...] = (),
    earlier: tuple[str, ...] = (),
    rated: tuple[RedactedShard, ...] = (),
) -> DatasetVersion:
    """Curate redacted shards into one versioned split, apart from every text of `suites` and withdrawn row.

    `signatures` are those of `sign_shard`, of any of the shards; the rows of the others are signed here. `earlier`
    names, by the SHA-256 of their artifacts, the shards that an earlier round has learned from. `rated` are all shards
    of interactions, the low-rated ones too: they tell which rows belong to one patient, and of them preferences are
    made where the policy wants them.
    """
    from tasks.dataset import chat_format

    store = open_store()
    tokenizer = chat_format.load_tokenizer(*base.source(store))
    rules: dict[str, Any] = {
        "key": get_settings().secret_key(),
        "count_tokens": functools.partial(chat_format.count_tokens, tokenizer),
        "suites": Suites(text for suite in suites for text in _texts(suite)),
        "withdrawn": {row["row_sha256"]: row["reason"] for row in store.rows(withdrawn)} if withdrawn else {},
    }
    groups = Groups()
    for shard in rated:
        for line in store.rows(shard.artifact):
            groups.see(shard.kind, line["row"])
    curated = curate(
        (
            ShardRow(shard.kind, CertifiedRow.model_validate(line), shard.artifact.sha256 in earlier)
            for shard in shards
            for line in store.rows(shard.artifact)
        ),
        policy,
        **rules,
        groups=groups,
        signatures=joined(Signatures.load(store.path(artifact)) for artifact in signatures),
    )
    preferred = Preferred()
    if policy.preferences:
        lines = (CertifiedRow.model_validate(line) for shard in rated for line in store.rows(shard.artifact))
        held_out = (*curated.splits["validation"], *curated.splits["test"])
        preferred = prefer(lines, policy, **rules, groups=groups, held_out=held_out)
    if curated.unknown_weights:
        log.warning("weights of what no training example has: %s", ", ".join(curated.unknown_weights))
    refuse_what_cannot_train(curated, policy)
    counts: dict[str, int] = {split: len(rows) for split, rows in curated.splits.items()}
    if (learned := counts["train"] - curated.sources[MEMORY_CANARIES]) < WANTED:
        log.warning("few training examples: %d, %d are wanted for a result that lasts", learned, WANTED)
    splits: dict[str, Artifact] = {split: store.save_rows("dataset", rows) for split, rows in curated.splits.items()}
    preferences: dict[str, Artifact] = (
        {split: store.save_rows("preferences", rows) for split, rows in preferred.splits.items()}
        if policy.preferences
        else {}
    )
    learned_from = (*shards, *rated) if policy.preferences else shards
    artifacts = (*splits.values(), *preferences.values())
    identity = hashlib.sha256("".join(a.sha256 for a in artifacts).encode()).hexdigest()
    rejects = (*curated.rejects, *preferred.rejects)
    log.info(
        "dataset built id=ds-%s examples=%s left_out=%d longer_than_max_tokens=%d",
        identity[:10],
        counts,
        curated.exclusions.total(),
        len(curated.longer),
    )
    return DatasetVersion(
        id=f"ds-{identity[:10]}",
        agent_type=policy.agent_type,
        splits=splits,
        examples=counts,
        tokens=curated.tokens,
        sources=curated.sources,
        strata=curated.strata,
        exclusions=Counter(reject.reason for reject in rejects),
        redaction=policy.redaction or "",
        shards=tuple(dict.fromkeys(shard.artifact.sha256 for shard in learned_from)),
        policy=policy_digest(policy),
        overlaps=curated.overlaps + preferred.overlaps,
        lengths=curated.lengths,
        rejects=store.save_rows("rejects-dataset", map(asdict, rejects)),
        preferences=preferences,
    )


@step()
def describe_dataset(dataset: DatasetVersion, policy: CurationPolicy) -> Artifact:
    """Write a dataset's card, a folder of `card.json` and `card.md`."""
    store = open_store()
    rows = (
        (split, CertifiedRow.model_validate(line))
        for split, artifact in dataset.splits.items()
        for line in store.rows(artifact)
    )
    card = card_of(dataset, policy, rows)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "card.json").write_bytes(orjson.dumps(card, option=orjson.OPT_INDENT_2))
        (Path(folder) / "card.md").write_text(as_markdown(card), encoding="utf-8")
        return store.save_folder("data-card", Path(folder))


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


def _texts(suite: Suite) -> Iterator[SuiteText]:
    """Yield a suite file's questions, reference answers and contexts; its name is the file's.

    Choices and statements are left out: a textbook says each of them too.
    """
    path = Path(suite.path)
    for item in yaml.safe_load(path.read_text(encoding="utf-8"))["items"]:
        yield SuiteText(path.stem, item["id"], "question", item["question"])
        yield SuiteText(path.stem, item["id"], "answer", item["reference"])
        if context := item.get("context"):
            yield SuiteText(path.stem, item["id"], "context", context)
