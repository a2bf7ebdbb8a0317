import re

import pytest

from tasks.dataset.curation import policy_digest
from tasks.dataset.data_card import SHOWN, as_markdown, card_of
from tasks.errors import DataError, PrivacyError
from tasks.records import (
    Artifact,
    CertifiedRow,
    CurationPolicy,
    DatasetVersion,
    Example,
    Message,
    Mix,
    PhiCertificate,
    Stratum,
    row_sha256,
)

POLICY = CurationPolicy(agent_type="MedicalQA", mix=Mix(source_weights={"pubmed": 0.5}, token_budget=9000))


def row(number: int, *, made_of: int | None = None, answer: str = "Rest.", **fields: object) -> CertifiedRow:
    turns = (Message(role="user", content=f"Case {number}?"), Message(role="assistant", content=answer))
    given = {"source": "medquad", "source_id": str(number), "group_id": str(number), "agent_type": "MedicalQA"}
    example = Example(messages=turns, **(given | fields))  # type: ignore[arg-type]
    content = example.model_dump(mode="json")
    certificate = PhiCertificate(
        row_sha256=row_sha256(content),
        derived_from=f"{number if made_of is None else made_of:064x}",
        engine="rules 1",
        policy="p",
        findings={"NAME": 2, "DATE": 1},
        second_pass=0,
        canaries=320,
        canary_bound=0.02,
    )
    return CertifiedRow(row=content, certificate=certificate)


def dataset(**examples: int) -> DatasetVersion:
    empty = Artifact(key=f"dataset/00/{'0' * 64}.jsonl", sha256="0" * 64, bytes=0)
    return DatasetVersion(
        id="ds-card",
        agent_type="MedicalQA",
        splits=dict.fromkeys(examples, empty),
        examples=examples,
        tokens=dict.fromkeys(examples, 1234),
        sources={},
        exclusions={"near-duplicate": 2, "empty answer": 5, "overlaps suite autoimmune": 1},
        shards=("a", "b"),
        policy=policy_digest(POLICY),
        overlaps={"autoimmune": 1},
        lengths={"p50": 40, "p95": 90},
    )


ROWS = [
    ("train", row(1, rating=4, licence="CC BY 4.0")),
    ("train", row(2, made_of=1, rating=5, licence="CC BY 4.0")),
    ("train", row(3, source="pubmed", verified=True)),
    ("test", row(4, rating=4, agent_type="Coach")),
]


def test_a_card_counts_what_the_rows_say() -> None:
    card = card_of(dataset(train=3, test=1), POLICY, ROWS)
    assert card["sources"] == {"medquad": {"train": 2, "test": 1}, "pubmed": {"train": 1}}
    assert card["agent_types"] == {"Coach": {"test": 1}, "MedicalQA": {"train": 3}}
    assert card["licences"] == {"CC BY 4.0": 2, "not stated": 2}
    assert card["ratings"] == {"4": 2, "5": 1, "unrated": 1}
    assert card["verified"] == {"not stated": 3, "yes": 1}
    assert list(card["left_out"]) == ["empty answer", "near-duplicate", "overlaps suite autoimmune"]
    assert card["overlaps"] == {"autoimmune": 1}
    assert card["policy"]["mix"]["source_weights"] == {"pubmed": 0.5}


def test_redactions_are_counted_once_a_redacted_row() -> None:
    card = card_of(dataset(train=3, test=1), POLICY, ROWS)
    assert card["redacted_rows"] == 3  # two examples are made of one of them
    assert card["redactions"] == {"NAME": 6, "DATE": 3}


def test_the_examples_shown_are_of_every_source_and_always_the_same() -> None:
    rows = [("train", row(n)) for n in range(50)] + [("train", row(99, source="pubmed"))]
    first, second = (card_of(dataset(train=51), POLICY, order)["shown"] for order in (rows, rows[::-1]))
    assert first == second
    assert len(first) == SHOWN
    assert {"pubmed", "medquad"} == {one["source"] for one in first}


def test_a_page_says_it_all_and_no_line_of_an_example_is_part_of_it() -> None:
    hostile = "# A heading\n| a | table |\n```\n---\n" + "word " * 1000
    card = card_of(dataset(train=1), POLICY, [("train", row(1, answer=hostile, licence="a|b"))])
    page = as_markdown(card)
    assert re.findall(r"^#.*", page, re.MULTILINE)[0] == "# ds-card"
    assert "# A heading" not in re.findall(r"^#.*", page, re.MULTILINE)
    assert "| train | 1 | 1,234 |" in page
    assert "p50 40, p95 90" in page
    assert "| mix.source_weights | {'pubmed': 0.5} |" in page
    assert "| a\\|b | 1 |" in page
    assert len(page) < 5000


def test_a_card_of_nothing_is_a_page() -> None:
    assert "None." in as_markdown(card_of(dataset(train=0), POLICY, []))


def test_another_policy_or_missing_rows_are_refused() -> None:
    with pytest.raises(DataError, match="was made under policy"):
        card_of(dataset(train=1), POLICY.model_copy(update={"mix": Mix()}), [])
    with pytest.raises(DataError, match="has 2 examples, 1 were read"):
        card_of(dataset(train=2), POLICY, [("train", row(1))])


def test_a_row_that_was_edited_is_refused() -> None:
    edited = row(1)
    edited.row["licence"] = "CC0-1.0"
    with pytest.raises(PrivacyError):
        card_of(dataset(train=1), POLICY, [("train", edited)])


STRATA = (
    Stratum(
        agent_type="MedicalQA", source="medquad", examples={"train": 3, "test": 1}, tokens={"train": 90, "test": 20}
    ),
    Stratum(agent_type="", source="pubmed", examples={"train": 2}, tokens={"train": 50}),
)


def test_splits_are_told_by_agent_type_and_source_with_what_they_lack() -> None:
    made = dataset(train=1, validation=0, test=0).model_copy(update={"strata": STRATA})
    card = card_of(made, POLICY, [("train", row(1))])
    first, second = card["strata"]
    assert first["splits"]["train"] == {"examples": 3, "share": 0.75, "tokens": 90}
    assert first["splits"]["validation"] == {"examples": 0, "share": 0, "tokens": 0}
    assert second["splits"]["train"]["share"] == 1
    assert [(one["agent_type"], one["source"], one["split"]) for one in card["lacking"]] == [
        ("MedicalQA", "medquad", "validation"),
        ("not stated", "pubmed", "validation"),
        ("not stated", "pubmed", "test"),
    ]
    page = as_markdown(card)
    assert "| MedicalQA | medquad | train | 3 | 75.0% | 90 |" in page
    assert "No test example: not stated, pubmed." in page
