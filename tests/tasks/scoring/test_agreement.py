import numpy as np
import pytest
from scipy.stats import spearmanr

from tasks.errors import EvaluationError
from tasks.scoring.agreement import cohen_kappa, spearman


def verdicts(both: int, judge: int, people: int, neither: int) -> tuple[list[bool], list[bool]]:
    pairs = [(True, True)] * both + [(True, False)] * judge + [(False, True)] * people + [(False, False)] * neither
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def test_kappa_is_what_a_hand_computes() -> None:
    # 20 and 15 of 50 agree: 0.7 seen; (25·30 + 25·20) / 50² = 0.5 expected; (0.7 − 0.5) / (1 − 0.5).
    kappa = cohen_kappa(*verdicts(20, 5, 10, 15))
    assert kappa.value == pytest.approx(0.4)
    assert kappa.low < 0.4 < kappa.high
    assert kappa.n == 50


@pytest.mark.parametrize(("counts", "expected"), [((9, 0, 0, 9), 1), ((0, 9, 9, 0), -1), ((5, 5, 5, 5), 0)])
def test_kappa_is_1_0_or_minus_1_in_the_plain_cases(counts: tuple[int, int, int, int], expected: float) -> None:
    assert cohen_kappa(*verdicts(*counts)).value == pytest.approx(expected)


def test_judges_who_always_say_the_same_agree() -> None:
    assert cohen_kappa([True] * 5, [True] * 5).value == 1


def test_kappas_interval_widens_where_items_share_a_patient() -> None:
    judge, people = verdicts(20, 5, 10, 15)
    alone, shared = cohen_kappa(judge, people), cohen_kappa(judge, people, [str(at // 5) for at in range(50)])
    assert shared.high - shared.low > alone.high - alone.low


def test_ranks_correlate_as_scipy_says_within_an_interval_that_covers() -> None:
    generator = np.random.default_rng(3)
    hits = 0
    for _ in range(200):
        true = generator.normal(size=(60, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
        found = spearman(list(true[:, 0]), list(true[:, 1]))
        assert found.value == pytest.approx(spearmanr(true[:, 0], true[:, 1]).statistic)
        hits += found.low <= 6 / np.pi * np.arcsin(0.3) <= found.high
    assert hits >= 180  # 190 expected of intervals of 95 %


def test_ratings_that_cannot_be_ranked_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no rank correlation"):
        spearman([1, 2, 3], [1, 2, 3])
    with pytest.raises(EvaluationError, match="no rank correlation"):
        spearman([1, 1, 1, 1], [1, 2, 3, 4])
    with pytest.raises(EvaluationError, match="cover"):
        cohen_kappa([True], [True, False])
    assert spearman([1, 2, 3, 4], [2, 4, 6, 9]).value == pytest.approx(1)
