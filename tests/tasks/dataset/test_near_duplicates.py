import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dataset.curation import normalised
from tasks.dataset.near_duplicates import NONE, RUN_WORDS, SAME, Signatures, joined, sign, texts_of
from tasks.errors import DataError

TEXT = "tea keeps most sailors warm at sea in winter but coffee wakes the cook before dawn every single day"
WORDS = TEXT.split()


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def signed(*texts: str) -> Signatures:
    return sign((key(n), text, "") for n, text in enumerate(texts))


def repeats(*texts: str) -> dict[int, int]:
    numbers = {key(n): n for n in range(len(texts))}
    found = signed(*texts).repeats(list(numbers))
    return {numbers[one]: numbers[other] for one, other in found.items()}


def runs(text: str) -> set[tuple[str, ...]]:
    words = normalised(text).split()
    return {tuple(words[at : at + RUN_WORDS]) for at in range(max(len(words) - RUN_WORDS + 1, 1))} if words else set()


def exact(*texts: str) -> dict[int, int]:
    """Compare every text with every one before it that stays."""
    sets, stay, found = [runs(text) for text in texts], list[int](), dict[int, int]()
    for n, one in enumerate(sets):
        same = [m for m in stay if one and len(one & sets[m]) >= SAME * len(one | sets[m]) - 1e-9]
        if same:
            found[n] = same[0]
        else:
            stay.append(n)
    return found


def test_nineteen_words_with_one_more_are_the_same_and_with_three_more_are_not() -> None:
    text = " ".join(WORDS)  # 19 words, 15 runs
    assert repeats(text, f"{text} again") == {1: 0}  # 15 of 16
    assert repeats(text, f"{text} and again tomorrow") == {1: 0}  # 15 of 18
    assert repeats(text, f"{text} and again tomorrow morning") == {}  # 15 of 19 is below 0.8


def test_exactly_four_fifths_are_the_same() -> None:
    eight, nine = " ".join(WORDS[:8]), " ".join(WORDS[:9])  # 4 of 5 runs
    assert repeats(eight, nine) == {1: 0}
    assert repeats(" ".join(WORDS[:7]), eight) == {}  # 3 of 4


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Take it twice.", "take it TWICE", True),
        ("Take it twice.", "Take it once.", False),
        ("", "", False),
        ("\u2026", "...", False),
        ("\uff34ake it twice daily with food", "Take it twice daily with food!", True),
    ],
)
def test_short_and_empty_texts(one: str, other: str, same: bool) -> None:
    assert bool(repeats(one, other)) is same


def test_what_repeats_a_repeat_but_not_what_stays_stays_itself() -> None:
    first, second, third = (" ".join(WORDS[n : n + 16]) for n in range(3))
    assert exact(first, second, third) == repeats(first, second, third)
    assert repeats(second, first, third) == {1: 0, 2: 0}


texts = st.lists(
    st.lists(st.sampled_from(WORDS[:3]), max_size=14).map(" ".join)
    | st.tuples(st.integers(0, 6), st.integers(8, 19), st.sampled_from(["", "x", "y z"])).map(
        lambda cut: " ".join(WORDS[cut[0] : cut[1]]) + " " + cut[2]
    ),
    max_size=25,
)


@given(texts)
def test_the_join_finds_what_comparing_everything_with_everything_finds(found: list[str]) -> None:
    assert repeats(*found).keys() == exact(*found).keys()


@given(texts, texts)
def test_what_repeats_one_of_others_is_found_whatever_else_it_repeats(others: list[str], found: list[str]) -> None:
    given = signed(*found).repeats_of(signed(*others))
    near = {
        key(n)
        for n, one in enumerate(map(runs, found))
        if one and any(len(one & other) >= SAME * len(one | other) - 1e-9 for other in map(runs, others))
    }
    assert given.keys() == near


@given(texts)
def test_what_is_left_out_has_a_better_one_that_stays(found: list[str]) -> None:
    twins = repeats(*found)
    assert all(better < worse and better not in twins for worse, better in twins.items())


@pytest.mark.parametrize("varied", [1, 3, 6])
def test_thousands_of_texts_of_one_pattern_take_no_time(varied: int) -> None:
    pattern = [f"word{n}" for n in range(120)]
    made = [
        " ".join(f"own{number}" if n % (120 // varied) == 3 else word for n, word in enumerate(pattern))
        for number in range(3000)
    ]
    assert len(repeats(*made)) in {0, 2999}


def test_many_questions_over_one_passage_are_not_the_same_question() -> None:
    note = "The patient rested. " * 3 + " ".join(WORDS) * 5

    def row(question: str, answer: str) -> dict[str, object]:
        asked = {"role": "user", "content": f"{note}\n{question}"}
        return {"messages": [asked, {"role": "assistant", "content": answer}]}

    rows = [
        row("What is the dose of the first drug in the morning?", "5 mg"),
        row("When does the patient come back to the clinic?", "In two weeks."),
        row("what is the dose of the first drug in the morning", "5 mg!"),
    ]
    parts = sign((key(n), *texts_of("interactions", one)) for n, one in enumerate(rows))
    assert parts.repeats([key(0), key(1), key(2)]) == {key(2): key(0)}


def test_a_plain_question_and_answer_are_kept_once() -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which diet?"}]
    row = {"messages": [*messages, {"role": "assistant", "content": "Little salt."}]}
    assert texts_of("examples", row) == ("Which diet?\nLittle salt.", "")


@pytest.mark.parametrize("question", ["{} ", "I have a question.\n{}"])
def test_a_line_or_a_blank_more_in_a_question_hides_no_repeat(question: str) -> None:
    plain, answer = "What helps against a very long winter cold?", " ".join(f"word{number}" for number in range(80))

    def row(number: int, asked: str, answered: str) -> tuple[str, str, str]:
        messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
        return (key(number), *texts_of("examples", {"messages": messages}))

    parts = sign([row(0, plain, answer), row(1, question.format(plain), f"{answer} more")])
    assert parts.repeats([key(0), key(1)]) == {key(1): key(0)}


def test_a_documents_text_is_its_title_and_sections() -> None:
    row = {"title": "On tea.", "sections": [{"label": "RESULTS", "text": "Warm."}, {"label": "", "text": "Good."}]}
    assert texts_of("documents", row) == ("On tea.\nWarm.\nGood.", "")


def test_a_row_that_lacks_its_fields_has_no_text() -> None:
    assert normalised(texts_of("documents", {"sections": [{}]})[0]) == ""
    assert normalised(texts_of("interactions", {})[0]) == ""


def test_signatures_of_several_shards_are_one(tmp_path: Path) -> None:
    text = " ".join(WORDS)
    first, second = signed(text), sign([(key(9), f"{text} again", "")])
    for number, part in enumerate((first, second, NONE)):
        part.save(tmp_path / str(number))
    parts = joined(Signatures.load(tmp_path / str(number)) for number in range(3))
    assert parts.repeats([key(9), key(0)]) == {key(0): key(9)}
    assert parts.repeats([]) == {}
    first.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "0").read_bytes()


def test_a_row_without_a_signature_is_told() -> None:
    with pytest.raises(DataError, match=f"Row {key(3)[:12]} has no signature"):
        NONE.repeats([key(3)])
