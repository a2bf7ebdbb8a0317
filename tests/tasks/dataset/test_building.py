from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest

from tasks.dataset.building import Curated, curate
from tasks.dataset.curation import word_runs
from tasks.records import (
    CertifiedRow,
    CurationPolicy,
    Document,
    Example,
    Interaction,
    Message,
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
    certificate = PhiCertificate(row_sha256=row_sha256(row), engine="e", policy="p", findings={}, second_pass=0)
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
    max_tokens: int = 100,
    runs: frozenset[str] = frozenset(),
    kind: RowKind = "interactions",
    withdrawn: Mapping[str, str] | None = None,
) -> Curated:
    lines: Iterator[tuple[RowKind, CertifiedRow]] = ((kind, line) for line in rows)
    return curate(
        lines,
        CurationPolicy(agent_type="MedicalQA", max_tokens=max_tokens),
        key=KEY,
        count_tokens=lambda messages: sum(len(m.content.split()) for m in messages),
        benchmark_runs=runs,
        withdrawn=withdrawn or {},
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


def test_what_is_left_out_is_counted_by_reason() -> None:
    result = curated(
        chat(1, "Fine."),
        chat(2, "word " * 101),
        chat(3, "Rest.", question="How is Graves disease treated in adults?"),
        chat(4, "[REDACTED-NAME]"),
        runs=word_runs("How is Graves disease treated in adults?"),
    )
    assert answers(result) == ["Fine."]
    assert result.exclusions == {
        "longer than max_tokens": 1,
        "overlaps a benchmark question": 1,
        "placeholders only": 1,
    }


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
    other = certified(Document.model_validate({**paper("1", WARM).row, "source": "arxiv"}))
    result = curated(paper("1", WARM), paper("2", WARM), other, kind="documents")
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
