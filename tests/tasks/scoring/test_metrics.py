import math

import pytest

from tasks.errors import EvaluationError
from tasks.records import Answers, Artifact
from tasks.scoring import metrics
from tests.tasks.scoring.sample_report import row

ANSWERS = Answers(
    suite="s",
    suite_sha256="a",
    gguf_sha256="b",
    artifact=Artifact(key="k", sha256="c", bytes=0),
    items=0,
    seconds=0,
    tokens=0,
)


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
    assert metrics.rouge(response, reference) == pytest.approx({"rouge1": rouge1, "rouge2": rouge2, "rougeL": rouge_l})


@pytest.mark.parametrize(
    ("response", "reference", "expected"),
    [
        ("take one tablet daily", "take one tablet daily", 1),
        # One word fewer: all precisions 1 (effective order 3), brevity penalty exp(1 − 4/3).
        ("take one tablet", "take one tablet daily", math.exp(1 - 4 / 3)),
        # Two words of two, one pair of one: precisions 1 and 1, brevity exp(1 − 4/2).
        ("take one", "take one tablet daily", math.exp(-1)),
        # 3 of 4 words, 2 of 3 pairs, 1 of 2 triples, 0 of 1 quadruples smoothed to 1/2.
        ("take one tablet now", "take one tablet daily", (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** 0.25),
        ("", "take one tablet daily", 0),
    ],
)
def test_bleu_is_what_a_hand_computes(response: str, reference: str, expected: float) -> None:
    assert metrics.bleu(response, reference) == pytest.approx(expected, abs=1e-6)


def test_chrf_is_what_a_hand_computes() -> None:
    # "ab" against "ac": 1 of 2 letters, 0 of 1 pairs; no longer n-grams exist. P = R = (1/2 + 0) / 2.
    assert metrics.chrf("ab", "ac") == pytest.approx(0.25)
    assert metrics.chrf("ab", "ab") == pytest.approx(1)
    assert metrics.chrf("", "ab") == 0


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
    assert metrics.exact_match(response, reference) == expected


@pytest.mark.parametrize(
    ("reason", "completion", "reference", "expected"),
    [("stop", 5, 50, 1), ("length", 96, 20, 0), ("length", 96, 95, 0), ("length", 96, 96, 1), ("length", 96, 400, 1)],
)
def test_a_cut_answer_counts_as_stopped_only_where_the_reference_is_as_long(
    reason: str, completion: int, reference: int, expected: float
) -> None:
    answer = row("a", "x", "x", finish_reason=reason, completion_tokens=completion, reference_tokens=reference)
    assert metrics.stopped(answer) == expected


def test_every_metric_has_its_mean_and_items() -> None:
    rows = [
        row("a", "take one", "take one"),
        row("b", "", "take one", finish_reason="too_long", completion_tokens=0),
        row("c", "take one two three", "take one", finish_reason="length", reference_tokens=2),
    ]
    result = metrics.score_answers(ANSWERS, rows)
    assert set(result.metrics) == set(metrics.TITLES)
    assert result.metrics["exact_match"].value == pytest.approx(1 / 3)
    assert result.metrics["answer_words"].value == 2
    assert (result.metrics["stop_rate"].value, result.metrics["stop_rate"].n) == (0.5, 2)
    assert result.metrics["rougeL"].n == 3
    with pytest.raises(EvaluationError, match="no answers"):
        metrics.score_answers(ANSWERS, [])
