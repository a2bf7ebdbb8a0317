"""The report's drawings, as inline SVG without scripts: lines over steps, and dots with whiskers.

Positions across are percentages, so that one drawing fits a desk and a phone with text of the same size. Colours are
classes of the page's style sheet, which knows light and dark.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from tasks.records import Estimate

ROW_PIXELS = 16
FEW_POINTS = 24  # fewer points than this are drawn as dots too; a line of one point would not be seen


class Line(NamedTuple):
    """A named line of (x, y) points; `css` is its class in the style sheet."""

    name: str
    css: str
    points: Sequence[tuple[float, float]]


class Whisker(NamedTuple):
    """A named estimate; `css` is its class in the style sheet."""

    name: str
    css: str
    estimate: Estimate


class Tick(NamedTuple):
    """A labelled place on an axis, in per cent of its length."""

    percent: float
    label: str


def line_plot(lines: Sequence[Line], label: str) -> dict[str, object]:
    """Return the parts of a line plot: the SVG and the ticks of both axes; the page lays them out.

    The drawing stretches to its box; `non-scaling-stroke` in the style sheet keeps the lines' width.
    """
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    x_ticks, y_ticks = nice_ticks(min(xs), max(xs)), nice_ticks(min(ys), max(ys))
    x_low, x_high = x_ticks[0], max(*xs, x_ticks[0] + 1e-9)
    y_low, y_high = y_ticks[0], y_ticks[-1]

    def place(x: float, y: float) -> str:
        return f"{_share(x, x_low, x_high):.2f},{100 - _share(y, y_low, y_high):.2f}"

    grid = Markup("").join(
        Markup('<line class="grid" x1="0" x2="100" y1="{0:.2f}" y2="{0:.2f}"/>').format(100 - _share(y, y_low, y_high))
        for y in y_ticks
    )
    drawn = Markup("").join(_line(line, [place(x, y) for x, y in line.points]) for line in lines)
    svg = Markup('<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="{}">{}{}</svg>')
    return {
        "svg": svg.format(label, grid, drawn),
        "x_ticks": [Tick(_share(x, x_low, x_high), f"{x:,.6g}") for x in x_ticks if x_low <= x <= x_high],
        "y_ticks": [Tick(100 - _share(y, y_low, y_high), f"{y:.6g}") for y in y_ticks],
        "lines": [(line.name, line.css, line.points[-1][1]) for line in lines],
    }


def whiskers(rows: Sequence[Whisker], low: float, high: float, marks: Sequence[float] = ()) -> Markup:
    """Draw estimates from top to bottom as dots with their intervals, on an axis from `low` to `high`.

    `marks` are vertical lines: the first of class m0 (zero), the next m1 (a margin).
    """
    height = ROW_PIXELS * len(rows) + 8
    parts = [
        Markup('<line class="m{}" x1="{:.2f}%" x2="{:.2f}%" y1="0" y2="{}"/>').format(number, at, at, height)
        for number, at in enumerate(_share(mark, low, high) for mark in marks)
    ]
    for number, row in enumerate(rows):
        y = ROW_PIXELS * number + ROW_PIXELS / 2 + 4
        left, middle, right = (
            _share(value, low, high) for value in (row.estimate.low, row.estimate.value, row.estimate.high)
        )
        parts.append(
            Markup(
                '<g class="{0}"><line x1="{1:.2f}%" x2="{2:.2f}%" y1="{4}" y2="{4}"/>'
                '<circle cx="{3:.2f}%" cy="{4}" r="5"/></g>'
            ).format(row.css, left, right, middle, y)
        )
    label = "; ".join(f"{r.name} {r.estimate.value:.3f}, {r.estimate.low:.3f} to {r.estimate.high:.3f}" for r in rows)
    return Markup('<svg class="whiskers" height="{}" role="img" aria-label="{}">{}</svg>').format(
        height, label, Markup("").join(parts)
    )


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return evenly spaced round numbers that begin at or below `low` and end at or above `high`."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    size = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.floor(low / size + 1e-9), math.ceil(high / size - 1e-9)
    return [round(number * size, 12) for number in range(first, last + 1)]


def _line(line: Line, places: list[str]) -> Markup:
    drawn = Markup('<polyline class="{}" points="{}"/>').format(line.css, " ".join(places))
    if len(places) < FEW_POINTS:
        # A dash of no length with round ends: a circle would be stretched with the drawing.
        dots = " ".join(f"M{place} h0" for place in places)
        drawn += Markup('<path class="{} dots" d="{}"/>').format(line.css, dots)
    return drawn


def _share(value: float, low: float, high: float) -> float:
    return min(100.0, max(0.0, 100 * (value - low) / (high - low)))
