import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.errors import EvaluationError
from tasks.scoring.bootstrap import bca_bounds, mean_interval, mean_intervals


@pytest.mark.parametrize("kind", ["normal", "skewed", "zeros and ones"])
def test_bounds_equal_those_of_scipy_on_the_same_draws(kind: str) -> None:
    generator = np.random.default_rng(5)
    values = {
        "normal": generator.normal(0.1, 0.3, 80),
        "skewed": generator.lognormal(0, 1, 80),
        "zeros and ones": (generator.random(80) < 0.1).astype(float),
    }[kind]
    theirs = stats.bootstrap((values,), np.mean, n_resamples=2_000, method="BCa", rng=np.random.default_rng(1))
    left_out = (values.sum() - values) / (len(values) - 1)
    low, high = bca_bounds(values.mean(), theirs.bootstrap_distribution, left_out)
    assert low == pytest.approx(theirs.confidence_interval.low, abs=1e-12)
    assert high == pytest.approx(theirs.confidence_interval.high, abs=1e-12)


def test_own_draws_agree_with_those_of_scipy() -> None:
    values = np.random.default_rng(7).lognormal(0, 1, 150)
    ours = mean_interval(list(values))
    theirs = stats.bootstrap((values,), np.mean, n_resamples=10_000, method="BCa", rng=np.random.default_rng(2))
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.05 * width)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.05 * width)


def test_95_per_cent_intervals_hold_the_truth_about_95_times_in_100() -> None:
    generator = np.random.default_rng(3)
    columns = {str(trial): list(generator.normal(0, 1, 100)) for trial in range(400)}
    held = sum(e.low <= 0 <= e.high for e in mean_intervals(columns, draws=1_500).values())
    # Within three standard errors of 0.95 × 400, and a little below for the percentile's error at n = 100.
    assert 363 <= held <= 393


def test_the_same_seed_gives_the_same_interval_and_columns_do_not_disturb_each_other() -> None:
    values = list(np.random.default_rng(1).random(50))
    alone = mean_interval(values)
    assert mean_interval(values) == alone
    together = mean_intervals({"other": [0.5] * 50, "mean": values})["mean"]
    assert together.model_dump() == pytest.approx(alone.model_dump())


@pytest.mark.parametrize("values", [[0.3] * 3, [0.1] * 7, [0.7], [0.0, 0.0]])
def test_equal_values_have_no_width(values: list[float]) -> None:
    estimate = mean_interval(values)
    assert (estimate.low, estimate.value, estimate.high, estimate.n) == (values[0],) * 3 + (len(values),)


@pytest.mark.parametrize("columns", [{"a": []}, {"a": [1.0], "b": [1.0, 2.0]}, {"a": [0.1, float("nan")]}, {}])
def test_nothing_ragged_or_not_finite_is_refused(columns: dict[str, list[float]]) -> None:
    with pytest.raises(EvaluationError):
        mean_intervals(columns)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=1, max_size=30))
def test_the_mean_lies_in_its_interval_and_the_interval_in_the_range(values: list[float]) -> None:
    estimate = mean_interval(values, draws=500)
    assert min(values) - 1e-9 <= estimate.low <= estimate.high <= max(values) + 1e-9


def test_groups_of_one_are_items() -> None:
    values = list(np.random.default_rng(2).random(40))
    assert mean_interval(values, [str(at) for at in range(40)]) == mean_interval(values)


def test_items_of_a_patient_that_agree_make_the_interval_wider() -> None:
    patients = np.random.default_rng(9).normal(0, 1, 40)
    items = [value for value in patients for _ in range(10)]
    naive, honest = mean_interval(items), mean_interval(items, [str(at // 10) for at in range(400)])
    by_patient = mean_interval(list(patients))
    assert honest.value == naive.value
    assert honest.n == 400
    assert (honest.low, honest.high) == pytest.approx((by_patient.low, by_patient.high))
    assert honest.high - honest.low > 2.5 * (naive.high - naive.low)  # ten items a patient: √10 times as wide


def test_bounds_of_groups_of_unlike_sizes_hold_the_truth_about_95_times_in_100() -> None:
    generator, held, trials = np.random.default_rng(11), 0, 300
    for _ in range(trials):
        sizes = generator.integers(1, 8, 60)
        effects = generator.normal(0, 1, 60)
        names = [group for group, size in enumerate(sizes) for _ in range(size)]
        items = [effects[group] + generator.normal(0, 0.3) for group in names]
        estimate = mean_interval(items, [str(group) for group in names], draws=800)
        held += estimate.low <= 0 <= estimate.high
    assert 0.90 * trials <= held <= 0.99 * trials


def test_draws_that_all_lie_on_one_side_still_make_an_interval() -> None:
    low, high = bca_bounds(0.5, np.array([0.6, 0.7, 0.8]), np.array([0.4, 0.5, 0.6]))
    assert 0.6 <= low <= high <= 0.8
