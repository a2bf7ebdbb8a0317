import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.scoring.choices import calibration_error, chooses_right, confidences, macro_f1, read_choice
from tests.tasks.scoring.sample_report import row

OPTIONS = {"A": "Aspirin", "B": "Type 2 diabetes", "C": "Diabetes", "D": "Do not give methotrexate", "E": "5 mg"}


@pytest.mark.parametrize(
    ("answer", "letter", "why"),
    [
        ("B", "B", "the letter alone"),
        ("(C) because of the sugar", "C", "in brackets"),
        ("B. Type 2 diabetes", "B", "with its text"),
        ("**B**", "B", "in markup"),
        ("A, since it thins blood", "A", "at the start"),
        ("The answer is (B).", "B", "called the answer"),
        ("Correct answer: **E**", "E", "called the answer"),
        ("The correct answer is option C", "C", "called the answer"),
        ("\\boxed{A}", "A", "boxed"),
        ("First the answer is A. Wait, the answer is C.", "C", "the last word counts"),
        ("The answer is not B. The answer is C.", "C", "a denied one does not"),
        ("I think option E is right", "E", "the only option named"),
        ("It is type 2 diabetes.", "B", "the text; a shorter text within it does not count"),
        ("The cause is diabetes.", "C", "the text"),
        ("It's not aspirin but diabetes.", "C", "a denied text does not count"),
        ("Do not give methotrexate", "D", "a text that denies"),
        ("I choose B", "B", "the only letter of a few words"),
        ("A patient with fever", "", "an article"),
        ("The answer is A patient", "", "an article"),
        ("A or B", "", "two"),
        ("Aspirin or diabetes.", "", "two texts"),
        ("The answer is not B", "", "denied"),
        ("b", "", "a small letter is no choice"),
        ("", "", "nothing"),
    ],
)
def test_letters_are_read_in_their_usual_forms(answer: str, letter: str, why: str) -> None:
    assert read_choice(answer, OPTIONS) == letter, why


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("Yes.", "yes"),
        ("yes", "yes"),
        ("**Maybe** - the data differ", "maybe"),
        ("No, it does not.", "no"),
        ("Yes it does", "yes"),
        ("Answer: No", "no"),
        ("It helps. The answer is maybe.", "maybe"),
        ("Yes, it helps. Final answer: no", "no"),
        ("No significant difference was found", ""),
        ("Yes and no", ""),
        ("It depends", ""),
        ("Nothing", ""),
    ],
)
def test_verdicts_are_read_where_they_answer(answer: str, verdict: str) -> None:
    assert read_choice(answer, {}) == verdict
    assert read_choice(answer, {"yes": "It does", "no": "It does not", "maybe": ""}) == verdict


def test_an_unreadable_answer_is_wrong() -> None:
    item = row("a", "", "", choice="B", choices=OPTIONS)
    assert [chooses_right(item, said) for said in ("B", "C", "It depends", "")] == [True, False, False, False]
    assert not chooses_right(row("a", "", ""), "")


@given(st.text(max_size=60))
def test_any_text_gives_an_option_or_none(text: str) -> None:
    assert read_choice(text, OPTIONS) in {*OPTIONS, ""}
    assert read_choice(text, {}) in {"yes", "no", "maybe", ""}


@pytest.mark.parametrize(
    ("right", "chosen", "expected"),
    [
        # yes: 1 hit, 1 miss, 0 false alarms: 2/3; no: 1 hit, 0 misses, 1 false alarm: 2/3; maybe: missed: 0.
        (["yes", "yes", "no", "maybe"], ["yes", "no", "no", ""], (2 / 3 + 2 / 3 + 0) / 3),
        (["yes", "no"], ["yes", "no"], 1.0),
        (["yes", "no"], ["", ""], 0.0),
        # A class that no item has counts as a false alarm of none: yes 2/3, no 0.
        (["yes", "yes", "no"], ["yes", "maybe", "maybe"], (2 / 3 + 0) / 2),
    ],
)
def test_macro_f1_is_what_a_hand_computes(right: Sequence[str], chosen: Sequence[str], expected: float) -> None:
    estimate = macro_f1(right, chosen)
    assert estimate.value == pytest.approx(expected)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert estimate.n == len(right)


def test_macro_f1_of_few_patients_is_less_certain_than_of_many() -> None:
    right = ["yes", "no", "maybe", "no"] * 20
    chosen = ["yes", "no", "no", "yes"] * 10 + ["yes", "no", "maybe", "no"] * 10
    alone, shared = macro_f1(right, chosen), macro_f1(right, chosen, [str(at // 10) for at in range(80)])
    assert alone.value == shared.value
    assert shared.high - shared.low > alone.high - alone.low


def test_confidence_is_an_options_share_of_the_probability() -> None:
    shares = confidences({"A": math.log(0.3) - 500, "B": math.log(0.1) - 500})
    assert shares == pytest.approx({"A": 0.75, "B": 0.25})


def test_calibration_error_is_what_a_hand_computes() -> None:
    # Bin 0.9-1: one of two right at 0.95: |−0.45| · 2/4. Bin 0.5-0.6: 0.45 · 1/4. Bin 0.1-0.2: 0.15 · 1/4.
    error = calibration_error([0.95, 0.95, 0.55, 0.15], [True, False, True, False])
    assert error.value == pytest.approx((2 * 0.45 + 0.45 + 0.15) / 4)
    assert calibration_error([1.0, 1.0], [True, True]).value == 0
