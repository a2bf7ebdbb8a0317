from pathlib import Path

import orjson
import pytest
import yaml
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import PreTrainedTokenizerFast

from infra.artifacts import open_store
from tasks.dataset import steps
from tasks.dataset.near_duplicates import Signatures
from tasks.errors import DataError
from tasks.records import (
    Base,
    CertifiedRow,
    CurationPolicy,
    Example,
    Message,
    Mix,
    PhiCertificate,
    RedactedShard,
    Suite,
    row_sha256,
)

POLICY = CurationPolicy(agent_type="MedicalQA", min_examples=10)
LONG = "Rest for two days, drink enough water, eat little salt, walk a little every morning and call us if it hurts"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """Save a tokenizer of one word with a chat template: enough to count."""
    folder = tmp_path_factory.mktemp("base")
    words = Tokenizer(WordLevel({"<unk>": 0}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    template = "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}"
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", chat_template=template).save_pretrained(folder)
    return Base(name=str(folder), revision="")


def row(number: int, answer: str, question: str = "") -> CertifiedRow:
    asked = question or f"What is advised in case {number}?"
    turns = (Message(role="user", content=asked), Message(role="assistant", content=answer))
    content = Example(
        messages=turns, source="made-up", source_id=str(number), group_id=str(number), agent_type="MedicalQA"
    ).model_dump(mode="json")
    certificate = PhiCertificate(row_sha256=row_sha256(content), engine="e", policy="p", findings={}, second_pass=0)
    return CertifiedRow(row=content, certificate=certificate)


def shard(*rows: CertifiedRow) -> RedactedShard:
    artifact = open_store().save_rows("redacted", rows)
    return RedactedShard(
        artifact=artifact, source="made-up", kind="examples", rows=len(rows), findings={}, canaries=0, engine="e",
        policy="p",
    )  # fmt: skip


def suite(folder: Path) -> Suite:
    item = {"id": "Q1", "question": "Which tea keeps sailors warm at sea in the winter months?", "reference": "Black."}
    path = folder / "teas.yaml"
    path.write_text(yaml.safe_dump({"name": "teas", "items": [item]}), encoding="utf-8")
    return Suite(path=str(path), sha256="0" * 64)


def test_a_dataset_is_built_and_described(data_dir: Path, tmp_path: Path, base: Base) -> None:
    old = shard(*(row(n, f"Answer {n}.") for n in range(60)), row(60, f"{LONG} today."))
    new = shard(
        row(60, f"{LONG} again."), row(62, "Black.", "Which tea keeps sailors warm at sea in the winter months?")
    )
    signatures = (steps.sign_shard.fn(old), steps.sign_shard.fn(new))
    made = steps.build_dataset.fn((old, new), POLICY, base, (suite(tmp_path),), None, signatures)
    assert sum(made.examples.values()) == 61
    assert made.exclusions == {"near-duplicate": 1, "overlaps suite teas": 1}
    assert made.overlaps == {"teas": 1}
    assert made.lengths["p50"] > 5
    store = open_store()
    assert made.rejects is not None
    reasons = {line["reason"]: line["detail"] for line in store.rows(made.rejects)}
    assert reasons["overlaps suite teas"] == "Q1: up to 8 words of its question in a row"
    assert store.path(made.rejects).stat().st_mode & 0o077 == 0

    folder = store.path(steps.describe_dataset.fn(made, POLICY))
    card = orjson.loads((folder / "card.json").read_bytes())
    assert card["examples"] == dict(made.examples)
    assert len(card["shown"]) == 5
    assert (folder / "card.md").read_text(encoding="utf-8").startswith(f"# {made.id}\n")


def test_signatures_change_nothing_but_the_time(data_dir: Path, base: Base) -> None:
    old = shard(*(row(n, f"Answer {n}.") for n in range(60)), row(60, f"{LONG} today."))
    new = shard(row(61, f"{LONG} again."))
    ways = [(), (steps.sign_shard.fn(old),), (steps.sign_shard.fn(new), steps.sign_shard.fn(old))]
    assert len({steps.build_dataset.fn((old, new), POLICY, base, (), None, way).id for way in ways}) == 1


def test_signatures_hold_every_row_of_a_shard(data_dir: Path) -> None:
    rows = [row(n, f"Answer {n}.") for n in range(5)]
    kept = Signatures.load(open_store().path(steps.sign_shard.fn(shard(*rows))))
    assert kept.rows == tuple(line.certificate.row_sha256 for line in rows)


def test_earlier_shards_are_replayed_in_part_and_a_mistyped_weight_is_told(
    data_dir: Path, base: Base, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = (shard(*(row(n, f"Answer {n}.") for n in range(first, first + 60))) for first in (0, 60))
    mixed = POLICY.model_copy(update={"mix": Mix(replay_share=0.0, source_weights={"made-upp": 1.0})})
    made = steps.build_dataset.fn((old, new), mixed, base, (), earlier=(old.artifact.sha256,))
    lines = open_store().rows(made.splits["train"])
    assert min(int(line["row"]["source_id"]) for line in lines) >= 60
    assert "made-upp" in caplog.text


def test_too_few_examples_name_what_was_left_out(data_dir: Path, base: Base) -> None:
    rows = [row(n, " ") for n in range(20)] + [row(30, "Rest.")]
    with pytest.raises(DataError, match=r"Left out: 20 empty answer\."):
        steps.build_dataset.fn((shard(*rows),), POLICY, base, ())
