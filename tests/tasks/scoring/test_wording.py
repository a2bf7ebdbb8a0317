import pytest

from tasks.scoring.wording import answer_words, exact_match, is_empty, loops, repetition, token_f1


@pytest.mark.parametrize(
    ("response", "reference", "expected"),
    [
        ("Aspirin 100 mg.", "aspirin  100 MG", 1),
        ("once-daily", "once daily", 1),
        ("aspirin 100 mg", "aspirin 10 mg", 0),
        ("aspirin", "aspirin daily", 0),
        ("", "aspirin", 0),
    ],
)
def test_exact_match_ignores_case_punctuation_and_spacing_only(response: str, reference: str, expected: float) -> None:
    assert exact_match(response, reference) == expected


@pytest.mark.parametrize(
    ("response", "reference", "expected"),
    [
        # "the" is an article: 2 words of 3 and of 2 are shared: P = 2/3, R = 1, F = 4/5.
        ("The dose is high", "is high", 4 / 5),
        ("HIGH!", "high", 1),
        # Bags of words: one of two "mg" is shared, and "5": P = 2/3, R = 1.
        ("5 mg mg", "mg 5", 4 / 5),
        ("low", "high", 0),
        ("", "high", 0),
        ("the", "a", 1),
    ],
)
def test_token_f1_is_that_of_squad(response: str, reference: str, expected: float) -> None:
    assert token_f1(response, reference) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("one two three", 0),
        ("one two three four", 0),
        # Runs: "a b a b", "b a b a", "a b a b", "b a b a", "a b a b": 2 of 5 are new.
        ("a b a b a b a b", 3 / 5),
        ("", 0),
    ],
)
def test_repetition_is_the_share_of_runs_that_stood_there_before(response: str, expected: float) -> None:
    assert repetition(response) == pytest.approx(expected)


def test_words_are_counted_between_white_space() -> None:
    assert answer_words(" 5 mg,\nonce-daily ") == 3


@pytest.mark.parametrize(
    ("response", "expected"),
    [("", True), ("\n", True), ("<|eot_id|>", True), ("</s>", True), ("?!", True), ("5", False), ("ß", False)],
)
def test_a_stop_token_or_punctuation_is_no_answer(response: str, expected: bool) -> None:
    assert is_empty(response) == expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [("yes " * 24, True), ("yes " * 23, False), ("take it with food " * 6, True), ("take it with food " * 2, False)],
)
def test_a_loop_says_the_same_run_four_times_over(response: str, expected: bool) -> None:
    assert loops(response) == expected
