from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from tasks.dataset.building import Curated, ShardRow, curate
from tasks.dataset.decontamination import Suites, SuiteText
from tasks.dataset.near_duplicates import NONE, Signatures
from tasks.records import (
    CertifiedRow,
    CurationPolicy,
    Document,
    Example,
    Interaction,
    Message,
    Mix,
    PhiCertificate,
    Record,
    RowKind,
    Section,
    row_sha256,
)

KEY = b"a key for tests"


def chat(number: int, answer: str, *, rating: float = 4.0, subject: str = "", question: str = "") -> CertifiedRow:
    asked = question or f"What is advised in case {number}?"
    row = Interaction(
        id=str(number),
        conversation_id=f"conversation-{number}",
        agent_type="MedicalQA",
        subject_key=subject,
        messages=(Message(role="user", content=asked), Message(role="assistant", content=answer)),
        rating=rating,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return certified(row)


def certified(record: Record) -> CertifiedRow:
    row = record.model_dump(mode="json")
    certificate = PhiCertificate(
        row_sha256=row_sha256(row), engine="e", policy="p", findings={}, second_pass=0, canaries=320, canary_bound=0.02
    )
    return CertifiedRow(row=row, certificate=certificate)


def paper(pmid: str, conclusion: str, *, methods: str = "We gave tea to forty sailors every day.") -> CertifiedRow:
    sections = (
        Section(label="METHODS", text=methods),
        Section(label="RESULTS", text="Thirty of the forty were warmer than before."),
        Section(label="CONCLUSIONS", text=conclusion),
    )
    return certified(Document(source="pubmed", source_id=pmid, title="On tea.", sections=sections))


def curated(
    *rows: CertifiedRow,
    suites: Suites | None = None,
    kind: RowKind = "interactions",
    withdrawn: Mapping[str, str] | None = None,
    signatures: Signatures = NONE,
    earlier: int = 0,
    **policy: object,
) -> Curated:
    """Curate rows of one kind; the first `earlier` are of an earlier round."""
    return curate(
        (ShardRow(kind, line, place < earlier) for place, line in enumerate(rows)),
        CurationPolicy.model_validate({"agent_type": "MedicalQA", "max_tokens": 100, **policy}),
        key=KEY,
        count_tokens=lambda messages: sum(len(m.content.split()) for m in messages),
        suites=suites or Suites(),
        withdrawn=withdrawn or {},
        signatures=signatures,
    )


def answers(result: Curated) -> list[str]:
    return [line.row["messages"][-1]["content"] for rows in result.splits.values() for line in rows]  # type: ignore[index]


def test_of_exact_duplicates_the_highest_rated_stays_and_the_other_is_counted() -> None:
    low = chat(1, "Walk a little every day.", question="What is advised?", rating=4)
    high = chat(2, "Walk a little every day!", question="What is advised?", rating=5)
    for order in ((low, high), (high, low)):
        result = curated(*order)
        assert answers(result) == ["Walk a little every day!"]
        assert result.exclusions == {"exact duplicate": 1}


def test_a_chat_that_was_corrected_later_replaces_what_it_was() -> None:
    result = curated(chat(1, "Bed rest for a month."), chat(1, "Walk a little every day.", rating=5))
    assert answers(result) == ["Walk a little every day."]
    assert result.exclusions == {"replaced by a later version": 1}


def test_a_withdrawn_row_is_left_out_by_its_reason() -> None:
    before, after = chat(1, "Bed rest for a month."), chat(2, "Walk a little every day.")
    result = curated(before, after, withdrawn={before.certificate.row_sha256: "consent withdrawn"})
    assert answers(result) == ["Walk a little every day."]
    assert result.exclusions == {"consent withdrawn": 1}


def test_every_row_of_a_patient_lies_in_one_split() -> None:
    result = curated(*(chat(n, f"Answer {n}.", subject=f"patient-{n % 40}") for n in range(400)))
    split_of = {}
    for split, rows in result.splits.items():
        for line in rows:
            assert split_of.setdefault(line.row["subject_key"], split) == split
    assert sum(map(len, result.splits.values())) == 400
    assert all(result.splits.values())


def conversation(number: int, name: str, subject: str) -> CertifiedRow:
    row = Interaction.model_validate(chat(number, f"Answer {number}.", subject=subject).row)
    return certified(row.model_copy(update={"conversation_id": name}))


def test_a_conversation_lies_in_one_split_though_one_row_does_not_know_its_patient() -> None:
    rows = [conversation(2 * n + known, f"c{n}", f"p{n}" if known else "") for n in range(100) for known in (0, 1)]
    for order in (rows, rows[::-1]):
        for given in (order, order + rows[:4]):
            result = curated(*given)
            where = {
                int(line.row["source_id"]) // 2: split  # type: ignore[call-overload]
                for split, lines in result.splits.items()
                for line in lines
            }
            assert sum(map(len, result.splits.values())) == 200
            for split, lines in result.splits.items():
                assert all(where[int(line.row["source_id"]) // 2] == split for line in lines)  # type: ignore[call-overload]


def test_a_withdrawn_row_still_ties_its_conversation_to_its_patient() -> None:
    for n in range(60):
        unknown, known, other = (conversation(*row) for row in ((1, f"c{n}", ""), (2, f"c{n}", "p"), (3, "d", "p")))
        result = curated(unknown, known, other, withdrawn={known.certificate.row_sha256: "consent withdrawn"})
        assert sorted(map(len, result.splits.values())) == [0, 0, 2]


@pytest.mark.parametrize(("too_long", "kept"), [("drop", 1), ("truncate", 2), ("raise", 2)])
def test_only_what_the_recipe_drops_is_left_out_for_its_length(too_long: str, kept: int) -> None:
    result = curated(
        chat(1, "Fine."), chat(2, "word " * 150), too_long=too_long, train_share=0.98, validation_share=0.01
    )
    assert len(answers(result)) == kept
    assert result.longer == ((156,) if kept == 2 else ())
    assert result.exclusions == ({} if kept == 2 else {"longer than max_tokens": 1})
    assert sum(result.tokens.values()) == (107 if kept == 2 else 7), "a longer one counts with what it will be cut to"


def test_strata_are_what_the_splits_hold_by_agent_and_source() -> None:
    result = curated(*(chat(n, f"Answer {n}.") for n in range(200)))
    (stratum,) = result.strata
    assert (stratum.agent_type, stratum.source) == ("MedicalQA", "interactions")
    assert stratum.examples == {split: len(rows) for split, rows in result.splits.items()}
    assert stratum.tokens == dict(result.tokens)


def test_what_is_left_out_is_counted_by_reason() -> None:
    result = curated(
        chat(1, "Fine."),
        chat(2, "word " * 101),
        chat(3, "Rest.", question="How is Graves disease treated in adults?"),
        chat(4, "[REDACTED-NAME]"),
        suites=Suites([SuiteText("endocrine", "Q1", "question", "How is Graves disease treated in adults?")]),
    )
    assert answers(result) == ["Fine."]
    assert result.exclusions == {
        "longer than max_tokens": 1,
        "overlaps suite endocrine": 1,
        "placeholders only": 1,
    }
    assert result.overlaps == {"endocrine": 1}


@pytest.mark.parametrize("times", [1, 2])
def test_the_same_rows_give_the_same_dataset(times: int) -> None:
    rows = [chat(n, f"Answer {n}.") for n in range(50)]
    assert curated(*rows).splits == curated(*(rows * times)).splits


WARM = "Tea keeps most sailors warm at sea in winter."


def test_a_later_version_of_a_paper_replaces_every_example_of_the_earlier_one() -> None:
    result = curated(paper("1", "Tea cures everything that is known."), paper("1", WARM), kind="documents")
    kept = [line for rows in result.splits.values() for line in rows]
    assert len(kept) == 3
    assert not any("cures everything" in str(line.row) for line in kept)
    assert result.exclusions == {"replaced by a later version": 3}


def test_a_later_version_that_makes_no_example_still_removes_the_earlier_ones() -> None:
    for later in (paper("1", ""), paper("1", "word " * 200)):
        result = curated(paper("1", WARM), later, kind="documents")
        assert answers(result) == []
        assert result.exclusions["replaced by a later version"] == 3


def test_papers_of_other_numbers_and_sources_do_not_replace_each_other() -> None:
    first, second, third = (
        paper(number, WARM, methods=f"{drink} was given to forty {who}s every {when}.")
        for number, drink, who, when in (
            ("1", "Tea", "sailor", "day"),
            ("2", "Soup", "cook", "hour"),
            ("1", "Milk", "cat", "week"),
        )
    )
    other = certified(Document.model_validate({**third.row, "source": "arxiv"}))
    result = curated(first, second, other, kind="documents")
    assert len(answers(result)) == 9
    assert not result.exclusions


def test_the_same_paper_twice_counts_as_duplicates() -> None:
    result = curated(paper("1", WARM), paper("1", WARM), kind="documents")
    assert len(answers(result)) == 3
    assert result.exclusions == {"exact duplicate": 3}


def test_what_another_row_also_says_stays_when_the_first_is_replaced() -> None:
    same = "Walk a little every day."
    result = curated(
        chat(1, same, question="What is advised?", rating=5),
        chat(2, same, question="What is advised?"),
        chat(1, "Swim a little every day.", question="What is advised?", rating=5),
    )
    assert sorted(answers(result)) == ["Swim a little every day.", same]


def test_question_sets_may_repeat_their_ids() -> None:
    def row(answer: str) -> CertifiedRow:
        turns = (Message(role="user", content="What is advised?"), Message(role="assistant", content=answer))
        return certified(Example(messages=turns, source="s", source_id="1", group_id="g"))

    assert len(answers(curated(row("Rest."), row("Walk."), kind="examples"))) == 2


NOTE = "Rest for two days, drink enough water, eat little salt, walk a little every morning and call us if it hurts"


def test_of_near_duplicates_the_highest_rated_stays_then_the_verified_then_the_newest() -> None:
    def row(number: int, last: str, *, rating: float | None = None, verified: bool | None = None) -> CertifiedRow:
        turns = (Message(role="user", content="What is advised?"), Message(role="assistant", content=f"{NOTE} {last}."))
        ids = {"source": "s", "source_id": str(number), "group_id": str(number)}
        return certified(Example(messages=turns, rating=rating, verified=verified, **ids))

    plain, rated, verified, newest = (
        row(1, "again"),
        row(2, "badly", rating=5),
        row(3, "more", verified=True),
        row(4, "soon"),
    )
    for rows, stays in (
        ((plain, rated, verified, newest), "badly"),
        ((verified, plain, newest), "more"),
        ((plain, newest), "soon"),
        ((newest, plain), "again"),
    ):
        result = curated(*rows, kind="examples")
        assert answers(result) == [f"{NOTE} {stays}."]
        assert result.exclusions == {"near-duplicate": len(rows) - 1}
        assert all(reject.detail.startswith("of row ") for reject in result.rejects)


def test_examples_of_one_document_are_not_near_duplicates_of_each_other() -> None:
    method = "We gave tea to forty sailors every day and coffee to forty others " * 3
    result = curated(paper("1", WARM, methods=method), kind="documents", max_tokens=1000)
    assert len(answers(result)) == 3


def test_a_near_duplicate_of_a_document_takes_all_of_its_examples_with_it() -> None:
    method = "We gave tea to forty sailors every day and coffee to forty others, whom nobody had asked before " * 2
    result = curated(
        paper("1", WARM, methods=method), paper("2", WARM, methods=method), kind="documents", max_tokens=1000
    )
    assert {line.row["source_id"] for rows in result.splits.values() for line in rows} == {"2"}
    assert result.exclusions == {"near-duplicate": 3}


def test_a_row_without_its_required_fields_is_left_out_with_their_names() -> None:
    row = certified(Example(messages=(), source="s", source_id="1", group_id="g")).row
    broken = {name: value for name, value in row.items() if name != "group_id"} | {"rating": "five"}
    certificate = PhiCertificate(
        row_sha256=row_sha256(broken),
        engine="e",
        policy="p",
        findings={},
        second_pass=0,
        canaries=320,
        canary_bound=0.02,
    )
    result = curated(CertifiedRow(row=broken, certificate=certificate), kind="examples")
    (reject,) = result.rejects
    assert (reject.reason, reject.detail) == ("required field missing or malformed", "group_id, rating")
    assert reject.row_sha256 == certificate.row_sha256


def test_weights_thin_the_training_split_alone() -> None:
    rows = [chat(n, f"Answer {n}.") for n in range(400)]
    whole, thinned = curated(*rows), curated(*rows, mix=Mix(source_weights={"interactions": 0.5}))
    assert len(thinned.splits["train"]) == pytest.approx(len(whole.splits["train"]) / 2, rel=0.15)
    assert thinned.splits["validation"] == whole.splits["validation"]
    assert thinned.splits["test"] == whole.splits["test"]
    assert set(thinned.exclusions) == {"left out by its weight"}


def test_only_the_rows_of_earlier_rounds_are_replayed_in_part() -> None:
    result = curated(*(chat(n, f"Answer {n}.") for n in range(400)), earlier=200, mix=Mix(replay_share=0))
    assert {int(str(line.row["source_id"])) >= 200 for line in result.splits["train"]} == {True}
    assert set(result.exclusions) == {"not replayed"}


def test_the_budget_counts_the_tokens_of_the_training_split() -> None:
    rows = [chat(n, f"Answer {n}.") for n in range(400)]
    result = curated(*rows, mix=Mix(token_budget=800))
    assert 790 < result.tokens["train"] <= 800
    assert set(result.exclusions) == {"beyond the token budget"}


def test_lengths_are_the_quantiles_of_the_training_examples() -> None:
    result = curated(*(chat(n, "word " * (n % 90)) for n in range(400)), min_input_chars=1)
    counts = sorted(
        sum(len(m["content"].split()) for m in line.row["messages"])  # type: ignore[attr-defined]
        for line in result.splits["train"]
    )
    assert result.lengths["p50"] == counts[-(-len(counts) // 2) - 1]
    assert result.lengths["p100"] == counts[-1]


def test_weights_of_what_is_not_there_are_told() -> None:
    assert curated(chat(1, "Fine."), mix=Mix(source_weights={"pubmde": 1})).unknown_weights == ("pubmde",)
