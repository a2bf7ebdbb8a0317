import pytest
from scipy.stats import binomtest

from tasks.phi.intervals import wilson

BY_HAND = [
    (0, 300, 0.0, 0.012643, "z² / (n + z²)"),
    (300, 300, 0.987357, 1.0, "the mirror of none"),
    (5, 10, 0.236593, 0.763407, "the middle stays one half"),
    (1, 10, 0.017876, 0.404150, "a small sample"),
    (8, 320, 0.012721, 0.048548, "the most survivors that pass"),
    (9, 320, 0.014866, 0.052579, "the fewest that do not"),
]


@pytest.mark.parametrize(("successes", "trials", "low", "high", "why"), BY_HAND, ids=[row[-1] for row in BY_HAND])
def test_interval_is_the_one_worked_out_by_hand(successes: int, trials: int, low: float, high: float, why: str) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=1e-6), why


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (3, 17), (200, 320), (319, 320), (5, 100_000)])
def test_interval_agrees_with_scipy(successes: int, trials: int) -> None:
    expected = binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_nothing_tried_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="needed"):
        wilson(successes, trials)
