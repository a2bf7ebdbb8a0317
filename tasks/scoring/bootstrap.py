"""Means with bias-corrected and accelerated (BCa) bootstrap intervals, over items or over groups of items.

After Efron, "Better bootstrap confidence intervals", JASA 82 (1987). Items of one patient or paper resemble each other,
so whole groups are drawn with replacement (the cluster bootstrap; Davison and Hinkley 1997, section 3.8) and the
acceleration comes from leaving out one group at a time. Several metrics of the same items share their draws, so that
10 metrics × 1,000 items × 10,000 draws are a handful of matrix products.
"""

from collections.abc import Iterator, Mapping, Sequence

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


class Grouped:
    """Items summed by group: `sums` (groups, metrics) and `sizes` (groups,), in items.

    Raises:
        EvaluationError: no items, columns of different lengths, or a value that is not finite.
    """

    def __init__(self, columns: Mapping[str, Sequence[float]], groups: Sequence[str] | None = None) -> None:
        lengths = {len(column) for column in columns.values()} | ({len(groups)} if groups is not None else set())
        if len(lengths) != 1 or 0 in lengths:
            raise EvaluationError(
                f"Metrics cover {sorted(lengths)} items.", fix="score one non-empty set of answers at a time."
            )
        self.items: Floats = np.array(list(columns.values()), dtype=np.float64).T
        if not np.isfinite(self.items).all():
            raise EvaluationError("A metric is not a finite number for every item.", fix="check the answers' rows.")
        names = range(len(self.items)) if groups is None else groups
        places: dict[object, int] = {}
        of = np.array([places.setdefault(name, len(places)) for name in names])
        self.sizes: Floats = np.bincount(of).astype(np.float64)
        self.sums: Floats = np.zeros((len(places), self.items.shape[1]))
        np.add.at(self.sums, of, self.items)

    @property
    def means(self) -> Floats:
        """The mean of each metric over all items."""
        means: Floats = self.items.mean(axis=0)
        return means

    def leave_one_out(self) -> Floats:
        """Return the means (groups, metrics) without each group in turn; the means themselves for a single group."""
        if len(self.sizes) == 1:
            return self.means[None, :]
        left: Floats = (self.sums.sum(axis=0) - self.sums) / (self.sizes.sum() - self.sizes)[:, None]
        return left


def mean_intervals(
    columns: Mapping[str, Sequence[float]],
    groups: Sequence[str] | None = None,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, Estimate]:
    """Return the mean of each column with its 95 % interval; all columns describe the same items in the same order.

    `groups` names the group of each item; without it every item is its own. Equal values, and so also a single item or
    group, give an interval of no width: the data hold no sign of spread.

    Raises:
        EvaluationError: as `Grouped` does.
    """
    grouped = Grouped(columns, groups)
    drawn, left = resampled_means(grouped, draws=draws, seed=seed), grouped.leave_one_out()
    return {name: _estimate(grouped, i, drawn[:, i], left[:, i]) for i, name in enumerate(columns)}


def mean_interval(
    values: Sequence[float], groups: Sequence[str] | None = None, *, draws: int = DRAWS, seed: int = SEED
) -> Estimate:
    """Return the mean of one column with its 95 % interval, as `mean_intervals` does."""
    return mean_intervals({"mean": values}, groups, draws=draws, seed=seed)["mean"]


def resampled_means(grouped: Grouped, *, draws: int, seed: int) -> Floats:
    """Return the means (draws, metrics) of groups drawn with replacement, as many as there are."""
    counted = drawn_counts(len(grouped.sizes), draws=draws, seed=seed)
    return np.concatenate([(counts @ grouped.sums) / (counts @ grouped.sizes)[:, None] for counts in counted])


def drawn_counts(groups: int, *, draws: int, seed: int) -> Iterator[Floats]:
    """Yield how often each group was drawn, (some draws, groups) at a time; the same seed gives the same draws."""
    generator = np.random.default_rng(seed)
    chunk = max(1, CHUNK_CELLS // groups)
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        drawn = generator.integers(0, groups, size=(size, groups))
        drawn += np.arange(size)[:, None] * groups
        yield np.bincount(drawn.ravel(), minlength=size * groups).reshape(size, groups).astype(np.float64)


def bca_bounds(value: float, means: Floats, left_out: Floats, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the BCa interval of `value` from its bootstrap distribution and its values without each group."""
    below = (np.count_nonzero(means < value) + np.count_nonzero(means <= value)) / (2 * len(means))
    edge = 1 / (2 * len(means))  # all draws on one side of the value would put the bias at infinity
    bias = ndtri(min(max(below, edge), 1 - edge))
    deviations = left_out.mean() - left_out
    acceleration = (deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5)
    tail = ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    levels = ndtr(bias + (bias + tail) / (1 - acceleration * (bias + tail)))
    low, high = np.quantile(means, levels)
    return float(low), float(high)


def _estimate(grouped: Grouped, metric: int, means: Floats, left_out: Floats) -> Estimate:
    values = grouped.items[:, metric]
    value, n = float(values.mean()), len(values)
    if np.ptp(values) == 0:
        return Estimate(value=float(values[0]), low=float(values[0]), high=float(values[0]), n=n)
    if np.ptp(left_out) < 1e-12:  # groups of equal means: no sign of spread between them
        return Estimate(value=value, low=value, high=value, n=n)
    low, high = bca_bounds(value, means, left_out)
    return Estimate(value=value, low=low, high=high, n=n)
