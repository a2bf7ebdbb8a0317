"""The report's scores, differences and slices: every number with its interval and items, and a drawing beside it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tasks.records import Comparison, Estimate, SliceDifference
from tasks.scoring.charts import Whisker, nice_ticks, share, whiskers
from tasks.scoring.metrics import QUALITY, TITLES
from tasks.scoring.report_answers import Side
from tasks.scoring.report_input import ReportInput

MANY_SMALL_SLICES = 12  # more of those that are too small to gate are folded

IN_SPEED_TABLE = ("seconds_p50", "seconds_p95", "tokens_per_second")

View = dict[str, Any]


class Value(NamedTuple):
    """A model's estimate of one metric, to be written beside its drawing."""

    name: str
    css: str
    estimate: Estimate


class Axis(NamedTuple):
    """The round numbers that a column of drawings spans."""

    ticks: Sequence[float]

    def labels(self, *, signed: bool) -> list[tuple[float, str]]:
        """Return place (per cent) and label of each tick."""
        form = "{:+g}" if signed else "{:g}"
        return [
            (share(tick, self.ticks[0], self.ticks[-1]), form.format(tick).replace("-", "−") if tick else "0")
            for tick in self.ticks
        ]

    def draw(self, rows: Sequence[Whisker], marks: Sequence[float] = ()) -> str:
        """Return the drawing of some estimates on this axis."""
        return whiskers(rows, self.ticks[0], self.ticks[-1], marks)


def scores_view(report: ReportInput, sides: Sequence[Side]) -> View | None:
    """Return every model's scores: those from 0 to 1 on one axis, all others as numbers; None if there are none."""
    if not sides:
        return None
    scores = [(side.name, side.css, side.contender.held_out_scores) for side in sides]
    values = {
        metric: [Value(name, css, result.metrics[metric]) for name, css, result in scores if metric in result.metrics]
        for metric in in_order(report.rules.primary, (result.metrics for _, _, result in scores))
    }
    judged = {*QUALITY, *(report.comparison.differences if report.comparison else ())}
    drawn = {metric for metric, rows in values.items() if metric in judged and all(map(_is_share, rows))}
    highest = max((row.estimate.high for metric in drawn for row in values[metric]), default=0.0)
    axis = Axis(nice_ticks(0.0, max(highest, 0.05), about=4))
    return {
        "suite": scores[0][2].suite,
        "suite_sha256": scores[0][2].suite_sha256,
        "n": max(side.contender.held_out.items for side in sides),
        "sides": [(side.name, side.css, side.contender.model.id) for side in sides],
        "ticks": axis.labels(signed=False),
        "drawn": [
            {"name": title(metric), "values": rows, "drawing": axis.draw([Whisker(*row) for row in rows])}
            for metric, rows in values.items()
            if metric in drawn
        ],
        "others": [
            {"name": title(metric), "values": rows}
            for metric, rows in values.items()
            if metric not in {*drawn, *IN_SPEED_TABLE}
        ],
        "primary": (title(report.rules.primary), values.get(report.rules.primary, [])),
    }


def differences_view(report: ReportInput, sides: Sequence[Side]) -> View | None:
    """Return each comparison's paired differences as rows of a forest plot, the primary metric first."""
    compared = _comparisons(report, sides)
    if not compared:
        return None
    primary, margin = report.rules.primary, report.rules.margin
    found = [
        (metric, name, css, comparison)
        for metric in in_order(primary, (comparison.differences for _, _, comparison in compared))
        for name, css, comparison in compared
        if metric in comparison.differences
    ]
    estimates = [comparison.differences[metric] for metric, _, _, comparison in found]
    axis = _axis([estimate for estimate in estimates if _fits(estimate)], 0.0, 2 * margin)
    several = len(compared) > 1
    return {
        "rows": [
            _difference(metric, name if several else "", css if several else "", comparison, axis, margin)
            | {"primary": metric == primary}
            for metric, name, css, comparison in found
        ],
        "ticks": axis.labels(signed=True),
        "margin": margin,
        "compared": compared,
        "names": " and ".join(name for name, _, _ in compared),
        "groups": compared[-1][2].groups,
        "base": next((side.name for side in sides if side.css == "base"), "base"),
    }


def _difference(
    metric: str, name: str, css: str, comparison: Comparison, axis: Axis, margin: float
) -> dict[str, object]:
    estimate = comparison.differences[metric]
    row = Whisker(name or "difference", css or _side(estimate), estimate)
    return {
        "name": title(metric),
        "of": name,
        "css": css,
        "estimate": estimate,
        "p": comparison.p_values.get(metric),
        "effect": comparison.effects.get(metric),
        "right_wrong": comparison.right_wrong.get(metric),
        "drawing": axis.draw([row], (0.0, margin)) if _fits(estimate) else None,
    }


def slices_view(report: ReportInput) -> View | None:
    """Return the primary difference of each part of the items, those large enough to gate and those too small."""
    if report.comparison is None or not report.comparison.slices:
        return None
    slices, rules = report.comparison.slices, report.rules
    margin, enough = -rules.slice_margin, rules.min_slice_items
    axis = _axis([part.difference for part in slices], 0.0, margin)
    rows = [_slice(part, axis, margin, gated=part.difference.n >= enough) for part in slices]
    small = [row for row in rows if not row["gated"]]
    return {
        "metric": title(rules.primary),
        "gated": [row for row in rows if row["gated"]],
        "small": small,
        "folded": len(small) > MANY_SMALL_SLICES,
        "ticks": axis.labels(signed=True),
        "margin": margin,
        "min_items": enough,
    }


def _slice(part: SliceDifference, axis: Axis, margin: float, *, gated: bool) -> View:
    css = ("worse" if part.difference.low < margin else _side(part.difference)) if gated else "small"
    drawing = axis.draw([Whisker(f"{part.by} {part.value}", css, part.difference)], (0.0, margin))
    return {
        "by": part.by,
        "value": part.value,
        "estimate": part.difference,
        "gated": gated,
        "passed": part.difference.low >= margin,
        "drawing": drawing,
    }


def in_order(primary: str, metrics: Iterable[Mapping[str, object]]) -> list[str]:
    """Return every metric's name once: the primary one, those of `QUALITY`, those with a title, all others."""
    names = {name for of_one in metrics for name in of_one}
    known = dict.fromkeys((primary, *QUALITY, *TITLES, *sorted(names)))
    return [name for name in known if name in names]


def title(metric: str) -> str:
    """Return a metric's name for people; one without a title is written as it is called, without underscores."""
    return TITLES.get(metric, metric.replace("_", " "))


def _comparisons(report: ReportInput, sides: Sequence[Side]) -> list[tuple[str, str, Comparison]]:
    found = []
    for side in sides:
        comparison = report.comparison if side.css == "cand" else side.contender.comparison
        if comparison is not None and side.css != "base":
            found.append((side.name, side.css, comparison))
    if not found and report.comparison is not None:
        found.append(("candidate", "cand", report.comparison))
    return found


def _axis(estimates: Sequence[Estimate], *marks: float) -> Axis:
    lows, highs = [e.low for e in estimates], [e.high for e in estimates]
    return Axis(nice_ticks(min([*lows, *marks]), max([*highs, *marks]), about=4))


def _is_share(row: Value) -> bool:
    return row.estimate.low >= 0 and row.estimate.high <= 1


def _fits(estimate: Estimate) -> bool:
    return estimate.low >= -1 and estimate.high <= 1


def _side(estimate: Estimate) -> str:
    return "better" if estimate.low > 0 else "worse" if estimate.high < 0 else "same"
