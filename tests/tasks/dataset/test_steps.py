from datetime import UTC, datetime
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
    Artifact,
    Base,
    CertifiedRow,
    CurationPolicy,
    Example,
    Interaction,
    Message,
    Mix,
    PhiCertificate,
    Preference,
    RedactedShard,
    Suite,
    row_sha256,
)

POLICY = CurationPolicy(agent_type="MedicalQA", min_examples=10)
LONG = "Rest for two days, drink enough water, eat little salt, walk a little every morning and call us if it hurts"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """Save a tokenizer of one word and an end with a chat template: enough to count."""
    folder = tmp_path_factory.mktemp("base")
    words = Tokenizer(WordLevel({"<unk>": 0, "</s>": 1}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}"
        "{{ m['role'] }} {{ m['content'] }} {{ eos_token }}{% endfor %}"
    )
    PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", eos_token="</s>", chat_template=template
    ).save_pretrained(folder)
    return Base(name=str(folder), revision="")


def row(number: int, answer: str, question: str = "") -> CertifiedRow:
    asked = question or f"What is advised in case {number}?"
    turns = (Message(role="user", content=asked), Message(role="assistant", content=answer))
    content = Example(
        messages=turns, source="made-up", source_id=str(number), group_id=str(number), agent_type="MedicalQA"
    ).model_dump(mode="json")
    certificate = PhiCertificate(
        row_sha256=row_sha256(content),
        engine="e",
        policy="p",
        findings={},
        second_pass=0,
        canaries=320,
        canary_bound=0.02,
    )
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


def test_preferences_are_built_beside_the_examples_where_they_are_asked_for(data_dir: Path, base: Base) -> None:
    examples = shard(*(row(n, f"Answer {n}.") for n in range(60)))
    chats = [chat(n, 5.0 if n % 2 else 1.0) for n in range(40)]
    rated = shard(*chats).model_copy(update={"kind": "interactions", "source": "low-rated"})
    without = steps.build_dataset.fn((examples,), POLICY, base, (), rated=(rated,))
    asked = POLICY.model_copy(update={"preferences": True})
    made = steps.build_dataset.fn((examples,), asked, base, (), rated=(rated,))
    assert without.preferences == {}
    assert without.shards == (examples.artifact.sha256,)
    assert made.splits == without.splits
    assert made.id != without.id
    assert made.shards == (examples.artifact.sha256, rated.artifact.sha256)
    assert sum(artifact.rows or 0 for artifact in made.preferences.values()) == 39
    assert made.exclusions == {"as a preference: empty answer": 1}
    lines = [CertifiedRow.model_validate(line) for line in open_store().rows(made.preferences["train"])]
    kept = {line.certificate.row_sha256 for line in chats}
    assert {line.certificate.derived_from for line in lines} < kept
    assert all(Preference.model_validate(line.verified()) for line in lines)


def test_no_training_preference_says_what_a_held_out_example_says(data_dir: Path, base: Base) -> None:
    examples = shard(*(row(n, f"Advice {n}.") for n in range(60)))
    chats = [chat(n, 5.0 if n % 2 else 1.0, conversation=f"another, {n}") for n in range(1, 60)]
    rated = shard(*chats).model_copy(update={"kind": "interactions", "source": "low-rated"})
    asked = POLICY.model_copy(update={"preferences": True})
    made = steps.build_dataset.fn((examples,), asked, base, (), rated=(rated,))

    def questions(artifact: Artifact) -> set[str]:
        return {line["row"]["messages"][0]["content"] for line in open_store().rows(artifact)}

    held_out = questions(made.splits["validation"]) | questions(made.splits["test"])
    assert held_out
    assert not held_out & questions(made.preferences["train"])
    assert made.exclusions["as a preference: repeats a held-out example"] > 0


def chat(number: int, rating: float, conversation: str = "") -> CertifiedRow:
    content = Interaction(
        id=str(number), conversation_id=conversation or str(number), agent_type="MedicalQA", rating=rating,
        messages=(
            Message(role="user", content=f"What is advised in case {number}?"),
            Message(role="assistant", content=f"Advice {number}." if number else " "),
        ),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    ).model_dump(mode="json")  # fmt: skip
    certificate = PhiCertificate(
        row_sha256=row_sha256(content),
        engine="e",
        policy="p",
        findings={},
        second_pass=0,
        canaries=320,
        canary_bound=0.02,
    )
    return CertifiedRow(row=content, certificate=certificate)


def test_too_few_examples_name_what_was_left_out(data_dir: Path, base: Base) -> None:
    rows = [row(n, " ") for n in range(20)] + [row(30, "Rest.")]
    with pytest.raises(DataError, match=r"Left out: 20 empty answer\."):
        steps.build_dataset.fn((shard(*rows),), POLICY, base, ())


def test_a_template_that_takes_no_row_is_named_with_its_fix(data_dir: Path, base: Base) -> None:
    system = Message(role="system", content="Answer briefly.")
    turned_down = []
    for line in (row(n, f"Answer {n}.") for n in range(20)):
        example = Example.model_validate(line.row)
        content = example.model_copy(update={"messages": (system, *example.messages)}).model_dump(mode="json")
        certificate = line.certificate.model_copy(update={"row_sha256": row_sha256(content)})
        turned_down.append(CertifiedRow(row=content, certificate=certificate))
    with pytest.raises(DataError, match="20 chat template refuses or hides its turns") as caught:
        steps.build_dataset.fn((shard(*turned_down),), POLICY, base, ())
    assert "--base-model" in caught.value.fix


def test_a_split_without_examples_is_refused_with_words_true_for_every_command(data_dir: Path, base: Base) -> None:
    one_group = [row(n, f"Answer {n}.") for n in range(20)]
    rows = []
    for line in one_group:
        content = {**line.row, "group_id": "the same"}
        certificate = line.certificate.model_copy(update={"row_sha256": row_sha256(content)})
        rows.append(CertifiedRow(row=content, certificate=certificate))
    policy = POLICY.model_copy(update={"min_examples": 1})
    with pytest.raises(DataError, match=r"20 .* are left, 1 training examples and one of each other") as caught:
        steps.build_dataset.fn((shard(*rows),), policy, base, ())
    assert "rounds ingest" in caught.value.fix
    assert "rounds collect" in caught.value.fix


def test_few_examples_are_told_and_longer_ones_refused_where_the_recipe_says_so(
    data_dir: Path, base: Base, caplog: pytest.LogCaptureFixture
) -> None:
    rows = shard(*(row(n, f"Answer {n}.") for n in range(60)), row(60, "Rest a little. " * 300))
    kept = steps.build_dataset.fn((rows,), POLICY.model_copy(update={"too_long": "truncate"}), base, ())
    assert "500 are wanted" in caplog.text
    assert sum(kept.examples.values()) == 61
    with pytest.raises(
        DataError, match=r"1 of 61 examples are longer than 512 tokens, the longest has 12\d\d\."
    ) as caught:
        steps.build_dataset.fn((rows,), POLICY.model_copy(update={"too_long": "raise"}), base, ())
    assert "too_long=truncate" in caught.value.fix
