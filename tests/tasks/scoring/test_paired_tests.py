import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasks.scoring.paired_tests import holm, mcnemar, sign_flips


@pytest.mark.parametrize(
    ("only_baseline", "only_candidate", "p"),
    [
        (0, 0, 1.0),
        (0, 6, 2 / 2**6),  # ten questions: six to none is what it takes to be below .05
        (6, 0, 2 / 2**6),
        (1, 5, 2 * (1 + 6) / 2**6),
        (3, 3, 1.0),
        (5, 15, 2 * sum([1, 20, 190, 1140, 4845, 15504]) / 2**20),
    ],
)
def test_mcnemar_by_hand(only_baseline: int, only_candidate: int, p: float) -> None:
    assert mcnemar(only_baseline, only_candidate) == pytest.approx(p)


def test_sign_flips_agree_with_scipy_s_permutation_test() -> None:
    values = np.random.default_rng(4).normal(0.15, 1, 60)
    theirs = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(1)
    )
    assert sign_flips({"a": list(values)})["a"] == pytest.approx(theirs.pvalue, abs=0.02)


def test_few_pairs_give_the_exact_share_of_all_signs() -> None:
    # Of the 2^4 signs of 1, 2, 3, 4 two are as far from 0 as all plus: all plus and all minus.
    assert sign_flips({"a": [1, 2, 3, 4]}, draws=100_000)["a"] == pytest.approx(2 / 16, abs=0.005)


def test_a_group_counts_once_however_many_items_it_has() -> None:
    alone = sign_flips({"a": [0.1] * 40})["a"]
    together = sign_flips({"a": [0.1] * 40}, [f"patient {at // 20}" for at in range(40)])["a"]
    assert alone < 0.001
    assert together == pytest.approx(0.5, abs=0.02)  # two patients: both up in half of all signs, or both down


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        # Holm's own example of three: 3 × .01, 2 × .02, and the last may not be below those before it.
        ({"a": 0.01, "b": 0.02, "c": 0.03}, {"a": 0.03, "b": 0.04, "c": 0.04}),
        ({"a": 0.6, "b": 0.7}, {"a": 1.0, "b": 1.0}),
        ({"only": 0.04}, {"only": 0.04}),
        ({}, {}),
    ],
)
def test_holm_by_hand(p_values: dict[str, float], adjusted: dict[str, float]) -> None:
    assert holm(p_values) == pytest.approx(adjusted)


@given(st.dictionaries(st.text(min_size=1, max_size=2), st.floats(0, 1), max_size=8))
def test_holm_never_lowers_a_p_value_nor_changes_their_order(p_values: dict[str, float]) -> None:
    adjusted = holm(p_values)
    assert list(adjusted) == list(p_values)
    assert all(p_values[name] <= adjusted[name] + 1e-15 and adjusted[name] <= 1 for name in p_values)
    by_raw = sorted(p_values, key=lambda name: p_values[name])
    assert all(adjusted[a] <= adjusted[b] for a, b in itertools.pairwise(by_raw))
