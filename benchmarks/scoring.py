"""What scoring costs: ROUGE beside rouge-score, intervals beside scipy's bootstrap, answers beside llama.cpp alone.

    python -m benchmarks.scoring [--quick] [--json]

Both sides read the same made-up answers and give the same values; where they differ by more than 1e-9 for ROUGE, the
benchmark stops. The interval figure is in seconds: 10 metrics of 1,000 items with 10,000 draws each.
"""

import time
from collections.abc import Callable
from random import Random

import numpy as np
from rouge_score.rouge_scorer import RougeScorer
from scipy import stats

from benchmarks.figures import Figure, main, rates
from benchmarks.generation_speed import generation_speed
from tasks.scoring.bootstrap import DRAWS, mean_intervals
from tasks.scoring.rouge import rouge

PAIRS, QUICK_PAIRS = 10_000, 300
LENGTHS = (64, 220)
METRICS, ITEMS = 10, 1_000
SYLLABLES = ("car", "di", "o", "neph", "ri", "tis", "gas", "tro", "der", "ma", "hep", "a", "to", "my", "al", "gia")


def measure(quick: bool) -> list[Figure]:
    """Return all figures."""
    return [
        *(rouge_speed(words, QUICK_PAIRS if quick else PAIRS) for words in LENGTHS),
        bootstrap(quick),
        *generation_speed(quick),
    ]


def rouge_speed(words: int, count: int) -> Figure:
    """Compare pairs a second at texts of so many words."""
    pairs = made_up_pairs(words, count)
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)

    def theirs() -> list[float]:
        return [score.fmeasure for said, wanted in pairs for score in scorer.score(wanted, said).values()]

    def ours() -> list[float]:
        return [rouge(*pair)[name] for pair in pairs for name in ("rouge1", "rouge2", "rougeL")]

    def fast() -> None:
        for pair in pairs:
            rouge(*pair)

    assert np.allclose(ours(), theirs(), rtol=0, atol=1e-9)
    figure = "scoring.rouge_vs_rouge_score" if words == LENGTHS[0] else f"scoring.rouge_vs_rouge_score.{words}_words"
    return Figure(figure, *rates(count, fast, theirs), "pairs/s", count)


def made_up_pairs(words: int, count: int) -> list[tuple[str, str]]:
    """Return answers and references of so many words each, of a vocabulary as frequent as in any text (Zipf)."""
    rng = Random(3)
    vocabulary = ["".join(rng.choices(SYLLABLES, k=rng.choice((1, 2, 3)))) for _ in range(4000)]
    shares = [1 / (rank + 3) for rank in range(len(vocabulary))]

    def text() -> str:
        return " ".join(rng.choices(vocabulary, shares, k=words))

    return [(text(), text()) for _ in range(count)]


def bootstrap(quick: bool) -> Figure:
    """Compare the seconds of all intervals with scipy's, which is asked metric by metric."""
    columns = np.random.default_rng(0).random((METRICS, ITEMS))
    draws = DRAWS // 10 if quick else DRAWS
    named = {str(number): list(column) for number, column in enumerate(columns)}

    def scipys() -> None:
        for column in columns:
            stats.bootstrap((column,), np.mean, n_resamples=draws, method="BCa", rng=np.random.default_rng(1))

    ours, theirs = _seconds(lambda: mean_intervals(named, draws=draws)), _seconds(scipys)
    return Figure("scoring.bootstrap", ours, theirs, "s", METRICS * ITEMS)


def _seconds(function: Callable[[], object]) -> float:
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        function()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[1]


if __name__ == "__main__":
    main(__doc__ or "", measure)
