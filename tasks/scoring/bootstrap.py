"""Means with bias-corrected and accelerated (BCa) bootstrap intervals.

After Efron, "Better bootstrap confidence intervals", JASA 82 (1987), for the mean, where the jackknife acceleration
has a closed form. Several metrics of the same items share their draws, so that 10 metrics × 1,000 items × 10,000
draws are a handful of matrix products. It does not cover items that depend on one another.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from tasks.errors import EvaluationError
from tasks.records import Estimate

DRAWS = 10_000
SEED = 20_260_101  # any fixed number: the same answers give the same interval on every machine
CONFIDENCE = 0.95
CHUNK_CELLS = 4_000_000  # 32 MB of counts at once

Floats = npt.NDArray[np.float64]


def mean_intervals(
    columns: Mapping[str, Sequence[float]], *, draws: int = DRAWS, seed: int = SEED
) -> dict[str, Estimate]:
    """Return the mean of each column with its 95 % interval; all columns describe the same items in the same order.

    Equal values, and so also a single item, give an interval of no width: the data hold no sign of spread.

    Raises:
        EvaluationError: no items, columns of different lengths, or a value that is not finite.
    """
    names = list(columns)
    lengths = {len(columns[name]) for name in names}
    if len(lengths) != 1 or 0 in lengths:
        raise EvaluationError(
            f"Metrics cover {sorted(lengths)} items.", fix="score one non-empty set of answers at a time."
        )
    values: Floats = np.array([columns[name] for name in names], dtype=np.float64).T
    if not np.isfinite(values).all():
        raise EvaluationError("A metric is not a finite number for every item.", fix="check the answers' rows.")
    means = resampled_means(values, draws=draws, seed=seed)
    return {name: _estimate(values[:, i], means[:, i]) for i, name in enumerate(names)}


def mean_interval(values: Sequence[float], *, draws: int = DRAWS, seed: int = SEED) -> Estimate:
    """Return the mean of one column with its 95 % interval, as `mean_intervals` does."""
    return mean_intervals({"mean": values}, draws=draws, seed=seed)["mean"]


def resampled_means(values: Floats, *, draws: int, seed: int) -> Floats:
    """Return the means (draws, metrics) of items drawn with replacement from `values` (items, metrics)."""
    items = len(values)
    generator = np.random.default_rng(seed)
    chunk = max(1, CHUNK_CELLS // items)
    parts = []
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        drawn = generator.integers(0, items, size=(size, items))
        drawn += np.arange(size)[:, None] * items
        counts = np.bincount(drawn.ravel(), minlength=size * items).reshape(size, items)
        parts.append(counts.astype(np.float64) @ values / items)
    return np.concatenate(parts)


def bca_bounds(values: Floats, means: Floats, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the BCa interval of the mean of `values` from its bootstrap distribution `means`."""
    centre = values.mean()
    below = (np.count_nonzero(means < centre) + np.count_nonzero(means <= centre)) / (2 * len(means))
    bias = ndtri(below)
    deviations = values - centre
    acceleration = (deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5)
    tail = ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    levels = ndtr(bias + (bias + tail) / (1 - acceleration * (bias + tail)))
    low, high = np.quantile(means, levels)
    return float(low), float(high)


def _estimate(values: Floats, means: Floats) -> Estimate:
    value = float(values.mean())
    if np.ptp(values) == 0:
        value = float(values[0])
        return Estimate(value=value, low=value, high=value, n=len(values))
    low, high = bca_bounds(values, means)
    return Estimate(value=value, low=low, high=high, n=len(values))
