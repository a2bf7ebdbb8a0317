import math

import numpy as np
import pytest
from scipy.stats import binom

from tasks.errors import EvaluationError
from tasks.scoring.bootstrap import mean_interval, mean_intervals
from tasks.scoring.derived import derived_interval, per_part, quantile_interval, ratio
from tasks.scoring.perplexity import perplexity
from tasks.scoring.speed import speed
from tests.tasks.scoring.sample_report import row

GROUPS = ["a", "a", "b", "c", "d"]


def test_a_column_is_measured_over_its_items_and_their_groups_alone() -> None:
    columns = {"whole": [1.0, 2.0, 3.0, 4.0, 5.0], "part": [None, 2.0, None, 4.0, 9.0], "none": [None] * 5}
    found = per_part(mean_intervals, columns, GROUPS)
    assert list(found) == ["whole", "part"]
    assert found["whole"] == mean_interval([1.0, 2.0, 3.0, 4.0, 5.0], GROUPS)
    assert found["part"] == mean_interval([2.0, 4.0, 9.0], ["a", "c", "d"])


def test_not_a_number_is_refused_and_is_not_the_same_as_none() -> None:
    with pytest.raises(EvaluationError, match="finite"):
        per_part(mean_intervals, {"m": [1.0, math.nan, None]}, ["a", "b", "c"])


def test_the_mean_as_a_function_of_means_has_the_means_interval() -> None:
    values = list(np.random.default_rng(1).normal(size=5))
    assert derived_interval({"m": values}, GROUPS, lambda means: means[:, 0]) == mean_interval(values, GROUPS)


def test_a_ratio_weighs_long_answers_more_and_has_no_spread_where_all_are_alike() -> None:
    estimate = derived_interval({"tokens": [10.0, 90.0], "seconds": [10.0, 10.0]}, None, ratio)
    assert estimate.value == pytest.approx(5)
    alike = derived_interval({"tokens": [10.0, 90.0], "seconds": [1.0, 9.0]}, None, ratio)
    assert (alike.low, alike.value, alike.high) == (10, 10, 10)


def test_a_quantiles_interval_covers_it_as_often_as_order_statistics_do() -> None:
    generator = np.random.default_rng(7)
    truth = -math.log(1 - 0.95)
    draws = [quantile_interval(list(generator.exponential(size=200)), 0.95) for _ in range(400)]
    covered = sum(one.low <= truth <= one.high for one in draws)
    assert covered >= binom.ppf(0.001, 400, 0.95)
    # The sixth and fifteenth of twenty, as in every table of intervals of a median.
    of_twenty = quantile_interval([float(at) for at in range(1, 21)], 0.5)
    assert (of_twenty.low, of_twenty.value, of_twenty.high) == (6, 10.5, 15)
    assert quantile_interval([3.0], 0.5).low == quantile_interval([3.0], 0.5).high == 3
    with pytest.raises(EvaluationError, match="quantile"):
        quantile_interval([], 0.5)


def test_perplexity_is_over_all_tokens_together() -> None:
    # 8 of surprise over 4 tokens, whatever their items.
    assert perplexity([-6.0, -2.0], [1, 3]).value == pytest.approx(math.exp(2))
    # A coin for each token.
    assert perplexity([3 * math.log(0.5), math.log(0.5)], [3, 1]).value == pytest.approx(2)
    with pytest.raises(EvaluationError, match="without tokens"):
        perplexity([0.0], [0])
    with pytest.raises(EvaluationError, match="finite"):
        perplexity([-math.inf], [3])


def test_speed_leaves_out_what_was_never_asked() -> None:
    seconds = (0.1, 0.2, 0.3)
    rows = [row(str(s), "x", "x", time_seconds=s, completion_tokens=6) for s in seconds]
    refused = row("long", "", "x", time_seconds=0.0, finish_reason="too_long", completion_tokens=0)
    found = speed([*rows, refused], ["a", "b", "c", "d"])
    assert found["seconds_p50"].value == pytest.approx(0.2)
    assert found["seconds_p95"].value == pytest.approx(0.29)
    assert (found["tokens_per_second"].value, found["tokens_per_second"].n) == (pytest.approx(18 / 0.6), 3)
    assert speed([refused], ["d"]) == {}
