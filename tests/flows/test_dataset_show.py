"""`rounds dataset show` prints a dataset's card for people in 80 columns, and as JSON for machines."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from flows import cli
from flows.export_commands import write_dataset
from infra.artifacts import open_store
from tasks.dataset import steps
from tasks.dataset.curation import policy_digest
from tasks.errors import DataError
from tasks.records import (
    CertifiedRow,
    CurationPolicy,
    DatasetVersion,
    Example,
    Message,
    PhiCertificate,
    Stratum,
    row_sha256,
)
from tasks.registry import retractions
from tasks.registry import steps as registry
from tests.flows.workplace import working_in

POLICY = CurationPolicy(agent_type="MedicalQA")
SPLITS = {"train": 12, "validation": 1, "test": 0}


def row(number: int, source: str) -> CertifiedRow:
    turns = (
        Message(role="user", content=f"What helps [REDACTED-NAME] in case {number}?"),
        Message(role="assistant", content="Rest and tea."),
    )
    example = Example(
        messages=turns, source=source, source_id=str(number), group_id=str(number), agent_type="MedicalQA",
        licence="CC-BY-4.0", rating=4.0,
    )  # fmt: skip
    content = example.model_dump(mode="json")
    certificate = PhiCertificate(
        row_sha256=row_sha256(content),
        derived_from=f"redacted {number}",
        engine="rules 1",
        policy="p",
        findings={"NAME": 1},
        second_pass=0,
        canaries=320,
        canary_bound=0.02,
    )
    return CertifiedRow(row=content, certificate=certificate)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatasetVersion]:
    """Describe and record a dataset in a data folder of its own."""
    with working_in(tmp_path_factory.mktemp("show")):
        rows = {split: [row(100 * place + n, "pubmed") for n in range(count)]
                for place, (split, count) in enumerate(SPLITS.items())}  # fmt: skip
        made = DatasetVersion(
            id="ds-0123456789",
            agent_type="MedicalQA",
            splits={split: open_store().save_rows("dataset", lines) for split, lines in rows.items()},
            examples=SPLITS,
            tokens={"train": 480, "validation": 41},
            sources={"pubmed": 13},
            exclusions={"near-duplicate": 7, "overlaps suite autoimmune": 2},
            overlaps={"autoimmune": 2},
            strata=(Stratum(agent_type="MedicalQA", source="pubmed", examples=SPLITS, tokens={"train": 480}),),
            shards=("a", "b"),
            policy=policy_digest(POLICY),
        )
        described = made.model_copy(update={"card": steps.describe_dataset.fn(made, POLICY)})
        registry.record_dataset.fn(described)
        registry.record_dataset.fn(made.model_copy(update={"id": "ds-9", "agent_type": "Clinical"}))
        yield described


def show(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli.app, ["dataset", "show", *arguments])


def test_the_card_is_shown_in_80_columns(dataset: DatasetVersion) -> None:
    for words in ((dataset.id,), ("ds-01",), ()):
        shown = show(*words)
        assert shown.exit_code == 0
        assert max(map(len, shown.stdout.splitlines())) <= 80
        text = " ".join(shown.stdout.split())
        for part in (
            "ds-0123456789", "Sources and agent types", "Splits by agent type and source", "No test example",
            "CC-BY-4.0", "near-duplicate", "autoimmune", "NAME", "92.3%", "[REDACTED-NAME]", "max_tokens",
        ):  # fmt: skip
            assert part in text, part


def test_json_is_the_card_itself(dataset: DatasetVersion) -> None:
    card = orjson.loads(show("--json").stdout)
    assert {
        "examples", "tokens", "sources", "licences", "ratings", "left_out", "redactions", "overlaps", "shown", "strata",
    } <= set(card)  # fmt: skip
    assert card["strata"][0]["splits"]["train"] == {"examples": 12, "share": 0.9231, "tokens": 480}
    assert card["redactions"] == {"NAME": 13}


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("ds-nothing",), "is no dataset"),
        (("ds-9",), "without its card"),
        (("--agent-type", "Billing"), "has no dataset yet"),
    ],
)
def test_what_cannot_be_shown_is_named_with_its_fix(dataset: DatasetVersion, words: tuple[str, ...], what: str) -> None:
    shown = show(*words)
    assert shown.exit_code == 10
    assert what in shown.stderr
    assert "Fix:" in shown.stderr


def test_a_file_that_a_host_would_refuse_is_not_written(dataset: DatasetVersion, tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    assert write_dataset(dataset.id, file, "openai", "train") == (12, 0)
    before = file.read_bytes()
    with pytest.raises(DataError, match="1 examples"):
        write_dataset(dataset.id, file, "openai", "validation")
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]


def test_what_was_withdrawn_since_is_not_exported_and_counted(
    dataset: DatasetVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    withdrawn = {"redacted 3": "retracted", "redacted 7": "consent withdrawn", "redacted 99": "deleted"}
    monkeypatch.setattr(retractions, "withdrawn_rows", lambda _, agent: withdrawn if agent == "MedicalQA" else {})
    words = ["export", "dataset", dataset.id, str(file := tmp_path / "train.jsonl"), "--form", "openai", "--json"]
    told = orjson.loads(CliRunner().invoke(cli.app, words).stdout)
    assert (told["written"], told["rejected"]) == (10, 2)
    text = file.read_text(encoding="utf-8")
    assert [f"case {number}?" in text for number in (2, 3, 7)] == [True, False, False]


def test_the_agents_system_message_is_exported(dataset: DatasetVersion, tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    words = ["export", "dataset", dataset.id, str(file), "--form", "openai", "--system", "You answer briefly."]
    assert CliRunner().invoke(cli.app, words).exit_code == 0
    for line in file.read_bytes().splitlines():
        assert orjson.loads(line)["messages"][0] == {"role": "system", "content": "You answer briefly."}
