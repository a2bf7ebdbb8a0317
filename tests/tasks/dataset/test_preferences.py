from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count

import pytest

from tasks.dataset.curation import split_of
from tasks.dataset.decontamination import Suites, SuiteText
from tasks.dataset.examples import certified_examples
from tasks.dataset.grouping import Groups
from tasks.dataset.preferences import Preferred, prefer
from tasks.errors import PrivacyError
from tasks.records import CertifiedRow, CurationPolicy, Interaction, Message, PhiCertificate, Preference, row_sha256

KEY = b"a key for tests"
POLICY = CurationPolicy(agent_type="MedicalQA", max_tokens=60)
GOOD, BAD = "Walk a little every day.", "Stay in bed for a month."
QUESTION = "What is advised after a fall?"
NUMBERS = count(1)


def chat(
    answer: str, rating: float | None, *, question: str = QUESTION, number: int = 0, subject: str = "p-1",
    findings: Mapping[str, int] | None = None, **values: object,
) -> CertifiedRow:  # fmt: skip
    identity = str(number or next(NUMBERS))
    row = Interaction.model_validate({
        "id": identity,
        "conversation_id": f"conversation-{identity}",
        "agent_type": "MedicalQA",
        "subject_key": subject,
        "messages": (Message(role="user", content=question), Message(role="assistant", content=answer)),
        "rating": rating,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        **values,
    }).model_dump(mode="json")  # fmt: skip
    certificate = PhiCertificate(
        row_sha256=row_sha256(row),
        engine="e",
        policy="p",
        findings=findings or {},
        second_pass=0,
        canaries=320,
        canary_bound=0.02,
    )
    return CertifiedRow(row=row, certificate=certificate)


def preferred(*rows: CertifiedRow, suites: Suites | None = None, **changes: object) -> Preferred:
    values: dict[str, object] = {"withdrawn": {}, "policy": POLICY, "held_out": ()} | changes
    groups = Groups()
    for row in rows:
        groups.see("interactions", row.row)
    return prefer(
        rows, values["policy"], key=KEY, suites=suites or Suites(), withdrawn=values["withdrawn"],  # type: ignore[arg-type]
        groups=groups, held_out=values["held_out"],  # type: ignore[arg-type]
        count_tokens=lambda messages: sum(len(m.content.split()) for m in messages),
    )  # fmt: skip


def made(result: Preferred) -> list[tuple[str | None, str | None]]:
    rows = [Preference.model_validate(line.verified()) for lines in result.splits.values() for line in lines]
    return [(row.chosen, row.rejected) for row in rows]


def reasons(result: Preferred) -> list[str]:
    return [reject.reason.removeprefix("as a preference: ") for reject in result.rejects]


def test_a_correction_is_preferred_to_what_it_corrected_in_either_kind_of_shard() -> None:
    well_rated = chat(GOOD, 5.0, correction=GOOD, original=BAD)
    low_rated, unrated = chat(BAD, 1.0, correction=GOOD), chat(BAD, None, correction=GOOD)
    for row in (well_rated, low_rated, unrated):
        assert made(preferred(row)) == [(GOOD, BAD)]


def test_a_chat_that_lies_in_both_kinds_of_shards_is_one_preference() -> None:
    rows = chat(GOOD, 5.0, correction=GOOD, original=BAD, number=7), chat(BAD, 1.0, correction=GOOD, number=7)
    for order in (rows, rows[::-1]):
        result = preferred(*order)
        assert made(result) == [(GOOD, BAD)]
        assert reasons(result) == ["replaced by a later version"]


def test_a_correction_whose_original_was_not_kept_is_chosen_alone() -> None:
    assert made(preferred(chat(GOOD, 5.0, correction=GOOD))) == [(GOOD, None)]


@pytest.mark.parametrize(
    ("rating", "expected"),
    [
        (5.0, [(GOOD, None)]), (4.0, [(GOOD, None)]), (3.9, []), (2.1, []), (2.0, [(None, GOOD)]),
        (1.0, [(None, GOOD)]), (None, []),
    ],
)  # fmt: skip
def test_a_rated_answer_stands_alone_if_it_was_rated_well_or_badly(
    rating: float | None, expected: list[tuple[str | None, str | None]]
) -> None:
    result = preferred(chat(GOOD, rating))
    assert made(result) == expected
    assert reasons(result) == ([] if expected else ["unrated" if rating is None else "rated neither well nor badly"])


@pytest.mark.parametrize(
    ("ratings", "expected", "why"),
    [
        ((5, 1), [("first", "second")], "far apart"),
        ((1, 5), [("second", "first")], "whichever came first"),
        ((5, 3), [("first", "second")], "just far enough"),
        ((3, 1), [("first", "second")], "also where neither is good"),
        ((5, 4), [("first", None), ("second", None)], "too near"),
        ((5, 3, 1), [("first", "second"), ("first", "third")], "each against the best"),
        ((5, 4, 2), [("first", "third"), ("second", None)], "the second is near the best, and stands alone"),
        ((2, 1), [(None, "first"), (None, "second")], "both bad"),
    ],
)
def test_answers_to_the_same_question_are_pairs_if_their_ratings_are_two_apart(
    ratings: tuple[float, ...], expected: list[tuple[str | None, str | None]], why: str
) -> None:
    words = ("first", "second", "third")
    rows = [
        chat(word, rating, question=QUESTION + "?" * place)
        for place, (word, rating) in enumerate(zip(words, ratings, strict=False))
    ]
    assert made(preferred(*rows)) == expected, why


def test_a_correction_is_paired_with_its_own_original_first() -> None:
    one = chat("Rest two days.", 5.0, correction="Rest two days.", original="Rest two years.")
    other = chat(GOOD, 5.0, correction=GOOD, original=BAD)
    assert made(preferred(one, other)) == [("Rest two days.", "Rest two years."), (GOOD, BAD)]


def test_an_answer_about_which_people_disagree_teaches_nothing_and_duplicates_count_once() -> None:
    result = preferred(chat(GOOD, 5.0), chat(GOOD + "!", 2.0), chat(BAD, 1.0), chat(BAD, 2.0))
    assert made(result) == [(None, BAD)]
    assert sorted(reasons(result)) == ["exact duplicate", *["people disagree about the answer"] * 2]


def test_answers_of_patients_in_different_splits_are_no_pair() -> None:
    of_split = {split_of(name, KEY, POLICY): name for name in (f"patient-{n}" for n in range(60))}
    result = preferred(chat(GOOD, 5.0, subject=of_split["train"]), chat(BAD, 1.0, subject=of_split["test"]))
    assert [len(result.splits[split]) for split in ("train", "validation", "test")] == [1, 0, 1]
    assert sorted(map(str, made(result))) == sorted(map(str, [(GOOD, None), (None, BAD)]))


NEARLY = "Walk a little every day, drink enough, rest when it hurts, and call us if the pain does not go away"
OF_SPLIT = {split_of(name, KEY, POLICY): name for name in (f"patient-{n}" for n in range(60))}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (chat(NEARLY, 4.0, subject=OF_SPLIT["train"]), 0),
        (chat(NEARLY.upper() + " soon.", 4.0, subject=OF_SPLIT["train"]), 0),
        (chat(BAD, 1.0, correction=NEARLY + " soon", subject=OF_SPLIT["train"]), 0),
        (chat(GOOD, 5.0, correction=GOOD, original=NEARLY, subject=OF_SPLIT["train"]), 0),
        (chat(NEARLY, 4.0, question="What is advised before a long flight?", subject=OF_SPLIT["train"]), 1),
        (chat(GOOD, 4.0, subject=OF_SPLIT["train"]), 1),
        (chat(NEARLY, 4.0, subject=OF_SPLIT["test"]), 1),
    ],
    ids=["equal", "nearly equal", "a correction", "what was corrected", "other question", "other answer", "own split"],
)
def test_no_training_preference_repeats_a_held_out_example(row: CertifiedRow, expected: int) -> None:
    held_out = list(certified_examples("interactions", chat(NEARLY, 5.0, subject=OF_SPLIT["test"]), "MedicalQA"))
    result = preferred(row, held_out=held_out)
    assert len(made(result)) == expected
    assert reasons(result) == ["repeats a held-out example"] * (1 - expected)
    for reject in result.rejects:
        assert reject.detail == f"of row {held_out[0].certificate.derived_from}"
        assert reject.row_sha256 == row.certificate.row_sha256


def test_a_preference_lies_in_the_split_of_its_group() -> None:
    rows = [
        chat(f"Answer {n}.", 5.0 if n % 2 else 1.0, question=f"What is advised in case {n}?", subject=f"p-{n % 40}")
        for n in range(200)
    ]
    result = preferred(*rows)
    assert sum(map(len, result.splits.values())) == 200
    for split, lines in result.splits.items():
        assert lines
        assert {split_of(str(line.row["group_id"]), KEY, POLICY) for line in lines} == {split}


SUITE = Suites([SuiteText("falls", "Q1", "question", "How is a fall from a ladder treated in old age?")])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (chat(GOOD, 5.0, question="Why?"), "input too short"),
        (chat(" ", 1.0), "empty answer"),
        (chat("[REDACTED-NAME]", 1.0), "placeholders only"),
        (chat(QUESTION, 1.0), "answer echoes the question"),
        (chat("word " * 80, 1.0), "longer than max_tokens"),
        (chat(GOOD, 5.0, question="How is a fall from a ladder treated in old age?"), "overlaps suite falls"),
        (chat(GOOD, 5.0, messages=(Message(role="user", content=QUESTION),)), "no question-answer pair"),
    ],
)
def test_the_rules_of_examples_hold_for_answers_liked_and_not(row: CertifiedRow, reason: str) -> None:
    result = preferred(row, suites=SUITE)
    assert (made(result), reasons(result)) == ([], [reason])
    assert result.rejects[0].row_sha256 == row.certificate.row_sha256
    assert result.overlaps == ({"falls": 1} if "suite" in reason else {})


def test_an_original_that_overlaps_a_suite_is_not_learned_from() -> None:
    original = "How is a fall from a ladder treated in old age? In bed."
    result = preferred(chat(GOOD, 5.0, correction=GOOD, original=original), suites=SUITE)
    assert (made(result), reasons(result)) == ([(GOOD, None)], ["overlaps suite falls"])


@pytest.mark.parametrize(
    ("ratings", "middling"), [((5, 1), None), ((5, 2), None), ((5, 3), "rejected"), ((3, 1), "chosen")]
)
def test_an_answer_of_a_pair_that_says_nothing_by_itself_is_named(
    ratings: tuple[float, float], middling: str | None
) -> None:
    result = preferred(*(chat(word, rating) for word, rating in zip((GOOD, BAD), ratings, strict=True)))
    ((line,),) = [lines for lines in result.splits.values() if lines]
    assert line.row["middling"] == middling


def test_a_withdrawn_row_is_in_no_preference() -> None:
    good, bad = chat(GOOD, 5.0), chat(BAD, 1.0)
    result = preferred(good, bad, withdrawn={bad.certificate.row_sha256: "consent withdrawn"})
    assert (made(result), reasons(result)) == ([(GOOD, None)], ["consent withdrawn"])


def test_a_row_of_another_policy_or_with_a_fault_is_refused() -> None:
    with pytest.raises(PrivacyError, match="policy"):
        preferred(chat(GOOD, 5.0), policy=POLICY.model_copy(update={"redaction": "another"}))
    changed = chat(GOOD, 5.0)
    changed.row["original"] = "put in afterwards"
    with pytest.raises(PrivacyError, match="not the one"):
        preferred(changed)


def test_the_certificate_of_a_pair_names_both_rows_and_adds_their_findings() -> None:
    good, bad = chat(GOOD, 5.0, findings={"NAME": 1}), chat(BAD, 1.0, findings={"NAME": 2, "PHONE": 1})
    ((line,),) = [lines for lines in preferred(good, bad).splits.values() if lines]
    assert line.certificate.derived_from == f"{good.certificate.row_sha256} {bad.certificate.row_sha256}"
    assert line.certificate.findings == {"NAME": 3, "PHONE": 1}
    ((alone,),) = [
        lines for lines in preferred(chat(GOOD, 5.0, correction=GOOD, original=BAD)).splits.values() if lines
    ]
    assert " " not in alone.certificate.derived_from
