"""How often the gate errs: the share of false promotions, and of true gains that it lets through, on stored answers.

The paired differences of two real models are drawn again, whole groups with replacement, as many as a round would
score. The sign of each drawn group is drawn, too: under the null either model could have given either answer, so that
the true difference is 0 (an A/A test that keeps the spread, the groups and the relations between metrics). A gain is
then added to every item: to the primary metric as it is, to the others in proportion to their spread.

Every simulated round is held against the gate's own rules, with the gate's own BCa intervals of 10,000 draws: as many
groups get the same draws in every round, so one matrix of counts serves all of them. Two things are shortened. The
other metrics are only bootstrapped where the primary passes, since without it nothing is promoted. And a slice's bound
is the normal approximation with the spread of its groups. Evidence beside the scores (safety, secrets, budgets) is
left out: it can only lower both shares.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.stats import binomtest

from tasks.errors import EvaluationError
from tasks.records import Comparison, Estimate, Record, SliceDifference
from tasks.scoring.answering import AnswerRow
from tasks.scoring.bootstrap import DRAWS, SEED, Floats, Grouped, bca_bounds, drawn_counts
from tasks.scoring.comparison import SLICES, paired
from tasks.scoring.gate import GateRules, comparison_gates
from tasks.scoring.metrics import per_item
from tasks.scoring.planning import items_for_gate
from tasks.scoring.power import power_of, smallest_gain

Places = npt.NDArray[np.intp]
Z = 1.959964  # of a two-sided 95 % interval
NAMED_GAINS = (0.02, 0.03, 0.05)  # ROUGE-L; for each, the size that the power calculation names is simulated, too
MOST_ITEMS = 5_000  # a named size above this is not simulated: it would take minutes


class Share(Record):
    """How many of several simulated rounds, with Wilson's 95 % interval of the share."""

    count: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share (0-1)."""
        return self.count / self.of


class Outcome(Record):
    """What the gate did in the simulated rounds of one size and one true gain."""

    items: int = Field(description="of a round, on average where groups differ in size")
    groups: int
    gain: float = Field(description="true gain of the primary metric")
    promoted: Share = Field(description="all gates of the comparison passed")
    better: Share = Field(description="the primary metric's interval lay above the margin")
    predicted: float = Field(description="share of `better` by the power calculation")
    named: bool = Field(default=False, description="whether `items` is what the power calculation named for this gain")


class Calibration(Record):
    """The gate's errors on one pair of answer sets."""

    suite: str
    answered: int = Field(description="stored paired items that were drawn from")
    groups: int
    sd: float = Field(description="of an item's primary difference in the simulated rounds, groups counted in")
    simulations: int
    draws: int
    rules: GateRules
    outcomes: tuple[Outcome, ...]

    @property
    def false_promotions(self) -> tuple[Outcome, ...]:
        """The outcomes without a true gain."""
        return tuple(outcome for outcome in self.outcomes if outcome.gain == 0)


class Differences:
    """The paired differences of two models' answers, as the gate would see them."""

    def __init__(
        self, suite: str, baseline: Sequence[AnswerRow], candidate: Sequence[AnswerRow], rules: GateRules
    ) -> None:
        old, new = paired(baseline, candidate)
        before, after = per_item(old), per_item(new)
        names = (rules.primary, *(name for name in rules.guarded if name != rules.primary))
        if unknown := set(names) - after.keys():
            raise EvaluationError(f"There is no metric {sorted(unknown)[0]!r}.", fix=f"use one of: {', '.join(after)}.")
        columns = {name: _differences(name, before[name], after[name]) for name in names}
        self.suite, self.names, self.rules = suite, names, rules
        labels = [row.group or row.id for row in new]
        self.grouped = Grouped(columns, labels)
        self.slices = tuple(_slices(new, labels, np.asarray(columns[rules.primary])))
        self.sd = swapped_sd(self.grouped, 0)
        if not self.sd:
            raise EvaluationError(
                "The two models' answers never differ.", fix="give the answers of two models that are not the same."
            )
        spread = np.array([swapped_sd(self.grouped, metric) for metric in range(len(names))])
        self.sds: dict[str, float] = dict(zip(names, spread.tolist(), strict=True))
        self.per_gain: Floats = spread / self.sd


def _differences(name: str, before: Sequence[float | None], after: Sequence[float | None]) -> list[float]:
    """Return candidate minus baseline of each item; every item must have the metric, as those of the gate have."""
    pairs = [(a, b) for a, b in zip(before, after, strict=True) if a is not None and b is not None]
    if len(pairs) != len(after):
        raise EvaluationError(
            f"The metric {name!r} applies to {len(pairs)} of {len(after)} items.", fix="choose one that applies to all."
        )
    return [b - a for a, b in pairs]


class _Slice(Record):
    by: str
    value: str
    sums: tuple[float, ...] = Field(description="of the primary differences, by group")
    sizes: tuple[float, ...]


def swapped_sd(grouped: Grouped, metric: int) -> float:
    """Return the standard deviation of an item's difference once signs are drawn, as if items were independent.

    It is the standard error of the mean over groups times the root of the number of items, so that formulas for
    independent items hold.
    """
    return float(np.sqrt((grouped.sums[:, metric] ** 2).sum() / grouped.sizes.sum()))


def calibrate(
    differences: Differences, *, sizes: Sequence[int], simulations: int = 1_000, draws: int = DRAWS, seed: int = SEED
) -> Calibration:
    """Return false promotions and power at each size, and power at the sizes that the power calculation names.

    Raises:
        EvaluationError: no size, or one below 2 items; fewer than 1 simulation.
    """
    if not sizes or min(sizes) < 2 or simulations < 1:
        raise EvaluationError("A calibration needs sizes of 2 items or more.", fix="such as --sizes 100,500,1000.")
    outcomes = tuple(
        simulate(
            differences, items=items, gain=gain, simulations=simulations, draws=draws, seed=seed + place
        ).model_copy(update={"named": named})
        for place, (items, gain, named) in enumerate(_plan(differences, sizes))
    )
    return Calibration(
        suite=differences.suite,
        answered=int(differences.grouped.sizes.sum()),
        groups=len(differences.grouped.sizes),
        sd=differences.sd,
        simulations=simulations,
        draws=draws,
        rules=differences.rules,
        outcomes=outcomes,
    )


def _plan(differences: Differences, sizes: Sequence[int]) -> Iterator[tuple[int, float, bool]]:
    """Yield items, true gain, and whether the power calculation named that size for that gain.

    Each size is tried without a gain, with the margin itself, and with what it sees in few and in nearly all rounds.
    """
    margin, sd = differences.rules.margin, differences.sd
    for items in sizes:
        seen = smallest_gain(sd, items)
        yield from ((items, gain, False) for gain in sorted({0.0, margin}))
        yield from ((items, margin + share * seen, False) for share in (0.5, 0.75, 1.0, 1.25, 1.75))
    for gain in NAMED_GAINS:
        if gain > margin and (items := items_for_gate(differences.sds, gain, differences.rules)) <= MOST_ITEMS:
            yield items, gain, True


def simulate(
    differences: Differences, *, items: int, gain: float, simulations: int, draws: int = DRAWS, seed: int = SEED
) -> Outcome:
    """Return how often the gate promotes when the true gain of the primary metric is `gain`."""
    grouped, rules = differences.grouped, differences.rules
    count = max(2, math.ceil(items / grouped.sizes.mean()))
    generator = np.random.default_rng(seed)
    places = generator.integers(0, len(grouped.sizes), size=(simulations, count))
    signs: Floats = np.where(generator.integers(0, 2, size=(simulations, count)), 1.0, -1.0)
    first = _bounds(differences, 0, places, signs, gain, draws)
    better = [at for at in range(simulations) if first[at].low > rules.margin]
    others = [
        _bounds(differences, metric, places[better], signs[better], gain * differences.per_gain[metric], draws)
        for metric in range(1, len(differences.names))
    ]
    promoted = 0
    for place, at in enumerate(better):
        estimates = dict(zip(differences.names, (first[at], *(column[place] for column in others)), strict=True))
        promoted += _passes(differences, estimates, places[at], signs[at], gain)
    return Outcome(
        items=round(count * grouped.sizes.mean()),
        groups=count,
        gain=gain,
        promoted=share_of(promoted, simulations),
        better=share_of(len(better), simulations),
        predicted=power_of(differences.sd, items, gain - rules.margin),
    )


def share_of(count: int, of: int) -> Share:
    """Return a share with Wilson's 95 % interval (1927), which is never empty, not even at 0."""
    interval = binomtest(count, of).proportion_ci(confidence_level=0.95, method="wilson")
    return Share(count=count, of=of, low=float(interval.low), high=float(interval.high))


def _bounds(
    differences: Differences, metric: int, places: Places, signs: Floats, gain: float, draws: int
) -> list[Estimate]:
    """Return the metric's mean and BCa interval in each simulated round (places and signs: rounds, groups)."""
    if not len(places):
        return []
    grouped = differences.grouped
    sizes = grouped.sizes[places].T
    sums = (grouped.sums[:, metric][places] * signs).T + gain * sizes
    items = sizes.sum(axis=0)
    values = sums.sum(axis=0) / items
    left = (sums.sum(axis=0) - sums) / (items - sizes)
    drawn = np.concatenate(
        [(counts @ sums) / (counts @ sizes) for counts in drawn_counts(len(sizes), draws=draws, seed=SEED)]
    )
    estimates, nominal = [], round(len(sizes) * grouped.sizes.mean())
    for at, value in enumerate(values):
        flat = np.ptp(left[:, at]) < 1e-12
        low, high = (value, value) if flat else bca_bounds(float(value), drawn[:, at], left[:, at])
        estimates.append(Estimate(value=float(value), low=float(low), high=float(high), n=nominal))
    return estimates


def _passes(
    differences: Differences, estimates: Mapping[str, Estimate], places: Places, signs: Floats, gain: float
) -> bool:
    """Hold one simulated round against the gate's own rules."""
    comparison = Comparison(
        suite=differences.suite,
        baseline_sha256="",
        candidate_sha256="",
        differences=estimates,
        slices=tuple(
            SliceDifference(by=part.by, value=part.value, difference=estimate)
            for part in differences.slices
            if (estimate := _slice_bound(part, places, signs, gain)) is not None
        ),
        groups=len(places),
    )
    return all(gate.passed for gate in comparison_gates(comparison, differences.rules))


def _slice_bound(part: _Slice, places: Places, signs: Floats, gain: float) -> Estimate | None:
    sizes = np.asarray(part.sizes)[places]
    sums = np.asarray(part.sums)[places] * signs + gain * sizes
    items, count = sizes.sum(), np.count_nonzero(sizes)
    if count < 2:
        return None
    value = sums.sum() / items
    error = math.sqrt(count / (count - 1) * ((sums - value * sizes) ** 2).sum()) / items
    return Estimate(value=float(value), low=float(value - Z * error), high=float(value + Z * error), n=round(items))


def _slices(rows: Sequence[AnswerRow], labels: Sequence[str], values: Floats) -> Iterator[_Slice]:
    order = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    of = np.array([order[label] for label in labels])
    for by, value_of in SLICES.items():
        told = np.array([value_of(row) for row in rows])
        for value in sorted(set(told.tolist()) - {""}) if len(set(told.tolist())) > 1 else ():
            inside = told == value
            sums = np.bincount(of[inside], weights=values[inside], minlength=len(order))
            sizes = np.bincount(of[inside], minlength=len(order)).astype(float)
            yield _Slice(by=by, value=value, sums=tuple(sums.tolist()), sizes=tuple(sizes.tolist()))
