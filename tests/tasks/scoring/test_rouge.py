import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from tasks.scoring.rouge import NAMES, rouge

REFERENCE = RougeScorer(list(NAMES), use_stemmer=True)
WORDS = st.sampled_from(["doses", "dosing", "of", "2.5", "mg", "β-blocker", "Weekly", "—", "fevers", "", "no"])
TEXTS = st.lists(st.lists(WORDS, max_size=12).map(" ".join), max_size=4).map("\n".join)


@given(TEXTS, TEXTS)
def test_values_are_those_of_rouge_score(response: str, reference: str) -> None:
    theirs = {name: score.fmeasure for name, score in REFERENCE.score(reference, response).items()}
    assert rouge(response, reference) == pytest.approx(theirs, abs=1e-9)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_scores_as_in_rouge_score(response: str, reference: str) -> None:
    theirs = {name: score.fmeasure for name, score in REFERENCE.score(reference, response).items()}
    assert rouge(response, reference) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize(
    ("response", "reference", "rouge1", "rouge2", "rouge_l"),
    [
        ("take one tablet", "take one tablet", 1, 1, 1),
        ("", "take one tablet", 0, 0, 0),
        # 3 of 4 words shared: P = R = 3/4. Pairs: "take one", "one tablet" of 3: 2/3. Longest common run of words: 3.
        ("take one tablet now", "take one tablet daily", 3 / 4, 2 / 3, 3 / 4),
        # Same words in reverse: every word matches, no pair does, one word is in order.
        ("a b c", "c b a", 1, 0, 1 / 3),
        # P = 2/2, R = 2/4, F = 2/3; the pair: P = 1/1, R = 1/3, F = 1/2.
        ("take one", "take one tablet daily", 2 / 3, 1 / 2, 2 / 3),
        # Porter stems: tablets and tablet are one word. Words of 3 letters and less are not stemmed.
        ("Tablets!", "tablet", 1, 0, 1),
        ("acheing legs", "leg", 2 / 3, 0, 2 / 3),
    ],
)
def test_rouge_is_what_a_hand_computes(
    response: str, reference: str, rouge1: float, rouge2: float, rouge_l: float
) -> None:
    assert rouge(response, reference) == pytest.approx(
        {"rouge1": rouge1, "rouge2": rouge2, "rougeL": rouge_l, "rougeLsum": rouge_l}
    )
