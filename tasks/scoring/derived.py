"""Intervals of what is no plain mean over all items: columns that apply to some items, and functions of several means.

A column holds None where its metric does not apply to an item (a choice where there are no choices); NaN is an error.
Macro F1, calibration error, tokens per second and perplexity are functions of means, so they are computed anew in each
draw of groups (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 10) with BCa bounds. Quantiles
have the exact interval of order statistics (Conover, "Practical Nonparametric Statistics", 1999, section 3.2).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from tasks.errors import EvaluationError
from tasks.records import Estimate
from tasks.scoring.bootstrap import CONFIDENCE, DRAWS, SEED, Grouped, bca_bounds, resampled_means

Floats = npt.NDArray[np.float64]
Column = Sequence[float | None]
Measured = TypeVar("Measured")


def per_part(
    measure: Callable[[Mapping[str, Sequence[float]], Sequence[str]], Mapping[str, Measured]],
    columns: Mapping[str, Column],
    groups: Sequence[str],
) -> dict[str, Measured]:
    """Return what `measure` says of each column over the items that it applies to, in the columns' order.

    Columns of the same items are measured together, so that they share their draws. A column that applies to no item
    is left out.
    """
    found = {name: value for part, of in _parts(columns, groups) for name, value in measure(part, of).items()}
    return {name: found[name] for name in columns if name in found}


def derived_interval(
    columns: Mapping[str, Sequence[float]],
    groups: Sequence[str] | None,
    function: Callable[[Floats], Floats],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Estimate:
    """Return a function of the columns' means with its 95 % interval.

    `function` takes means (draws, columns) and returns values (draws,).

    Raises:
        EvaluationError: as `Grouped` does.
    """
    grouped = Grouped(columns, groups)
    n = len(grouped.items)
    value = float(function(grouped.means[None, :])[0])
    left = function(grouped.leave_one_out())
    if np.ptp(left) < 1e-12:  # no sign of spread between groups
        return Estimate(value=value, low=value, high=value, n=n)
    low, high = bca_bounds(value, function(resampled_means(grouped, draws=draws, seed=seed)), left)
    return Estimate(value=value, low=low, high=high, n=n)


def quantile_interval(values: Sequence[float], share: float) -> Estimate:
    """Return the quantile at `share` (0-1, linear between items) with an interval of at least 95 % where items suffice.

    With few items the interval ends at the lowest or highest one.

    Raises:
        EvaluationError: there are no values.
    """
    if not values:
        raise EvaluationError("There is nothing to take a quantile of.", fix="score answers to at least one item.")
    ordered, n = sorted(values), len(values)
    tail = (1 - CONFIDENCE) / 2
    low = max(int(binom.ppf(tail, n, share)) - 1, 0)
    high = min(int(binom.ppf(1 - tail, n, share)), n - 1)
    return Estimate(value=float(np.quantile(ordered, share)), low=ordered[low], high=ordered[high], n=n)


def ratio(means: Floats) -> Floats:
    """Return the first of two means over the second, (draws, 2) to (draws,): a rate over all items together."""
    quotient: Floats = means[:, 0] / means[:, 1]
    return quotient


def _parts(columns: Mapping[str, Column], groups: Sequence[str]) -> Iterator[tuple[dict[str, list[float]], list[str]]]:
    """Yield columns that apply to the same items, with their values there and the groups of those items."""
    together: dict[tuple[int, ...], dict[str, list[float]]] = {}
    for name, column in columns.items():
        places = tuple(at for at, value in enumerate(column) if value is not None)
        together.setdefault(places, {})[name] = [value for value in column if value is not None]
    for places, part in together.items():
        if places:
            yield part, [groups[at] for at in places]
