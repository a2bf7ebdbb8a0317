"""The report's drawings, as inline SVG without scripts: lines over steps, and dots with whiskers.

Positions across are percentages, so that one drawing fits a desk and a phone with text of the same size. Colours are
classes of the page's style sheet, which knows light and dark.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from tasks.records import Estimate

ROW_PIXELS = 21  # as high as a line of the numbers beside it
FEW_POINTS = 24  # fewer points than this are drawn as dots too; a line of one point would not be seen
BEYOND_PIXELS = 80  # marks run on to the neighbouring rows' drawings; the cells cut them
MOST_BUCKETS = 300  # of steps, each with its lowest and highest point: as many as a screen can show apart
SQUARE, DIAMOND, RING = {"o1"}, {"o2"}, {"base", "o3"}  # shapes, for those who cannot tell the colours


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


def line_plot(lines: Sequence[Line], label: str, mark: float | None = None) -> dict[str, object]:
    """Return the parts of a line plot: the SVG and the ticks of both axes; the page lays them out.

    `label` is its title, for who cannot see it; `mark` is a vertical line (class m1) at that x. The drawing stretches
    to its box; `non-scaling-stroke` in the style sheet keeps the lines' width. Points are finite and in order of x.
    """
    lines = [line._replace(points=thinned(line.points)) for line in lines]
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    x_ticks, y_ticks = nice_ticks(min(xs), max(xs)), nice_ticks(min(ys), max(ys))
    x_low, x_high = x_ticks[0], max(*xs, x_ticks[0] + 1e-9)
    y_low, y_high = y_ticks[0], y_ticks[-1]

    def place(x: float, y: float) -> str:
        return f"{share(x, x_low, x_high):.2f},{100 - share(y, y_low, y_high):.2f}"

    grid = Markup("").join(
        Markup('<line class="grid" x1="0" x2="100" y1="{0:.2f}" y2="{0:.2f}"/>').format(100 - share(y, y_low, y_high))
        for y in y_ticks
    )
    drawn = Markup("").join(_line(line, [place(x, y) for x, y in line.points]) for line in lines)
    if mark is not None:
        upright = Markup('<line class="m1" x1="{0:.2f}" x2="{0:.2f}" y1="0" y2="100"/>')
        drawn = upright.format(share(mark, x_low, x_high)) + drawn
    svg = Markup('<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img"><title>{}</title>{}{}</svg>')
    return {
        "svg": svg.format(label, grid, drawn),
        "x_ticks": [Tick(share(x, x_low, x_high), f"{x:,.6g}") for x in x_ticks if x_low <= x <= x_high],
        "y_ticks": [Tick(100 - share(y, y_low, y_high), f"{y:.6g}") for y in y_ticks],
        "lines": [(line.name, line.css, line.points[-1][1]) for line in lines],
    }


def whiskers(rows: Sequence[Whisker], low: float, high: float, marks: Sequence[float] = ()) -> Markup:
    """Draw estimates from top to bottom as dots with their intervals, on an axis from `low` to `high`.

    `marks` are vertical lines: the first of class m0 (zero), the next m1 (a margin).
    """
    height = ROW_PIXELS * len(rows) + 8
    parts = [
        Markup('<line class="m{}" x1="{:.2f}%" x2="{:.2f}%" y1="{}" y2="{}"/>').format(
            number, at, at, -BEYOND_PIXELS, height + BEYOND_PIXELS
        )
        for number, at in enumerate(share(mark, low, high) for mark in marks)
    ]
    for number, row in enumerate(rows):
        y = ROW_PIXELS * number + ROW_PIXELS / 2 + 4
        left, middle, right = (
            share(value, low, high) for value in (row.estimate.low, row.estimate.value, row.estimate.high)
        )
        parts.append(
            Markup('<g class="{0}"><line x1="{1:.2f}%" x2="{2:.2f}%" y1="{3}" y2="{3}"/>{4}</g>').format(
                row.css, left, right, y, _dot(row.css, middle, y)
            )
        )
    label = "; ".join(_spoken(row) for row in rows)
    return Markup('<svg class="whiskers" height="{}" role="img"><title>{}</title>{}</svg>').format(
        height, label, Markup("").join(parts)
    )


def thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Return the points, or of very many the lowest and highest of each stretch: a spike stays in sight."""
    if len(points) <= 2 * MOST_BUCKETS:
        return points
    kept = {0, len(points) - 1}
    for number in range(MOST_BUCKETS):
        bucket = range(number * len(points) // MOST_BUCKETS, (number + 1) * len(points) // MOST_BUCKETS)
        kept |= {min(bucket, key=lambda at: points[at][1]), max(bucket, key=lambda at: points[at][1])}
    return [points[at] for at in sorted(kept)]


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return evenly spaced round numbers that begin at or below `low` and end at or above `high`."""
    if high - low <= 1e-9 * max(1.0, abs(low), abs(high)):  # a range that rounding would lose
        high = low + (abs(low) or 1.0)
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    size = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.floor(low / size + 1e-9), math.ceil(high / size - 1e-9)
    return [round(number * size, 12) for number in range(first, last + 1)]


def _dot(css: str, at: float, y: float) -> Markup:
    """Draw a round dot, or the square or diamond of its class; the style sheet fills it or leaves it hollow."""
    if css in SQUARE | DIAMOND:
        return Markup('<rect x="{:.2f}%" y="{}" width="9" height="9"/>').format(at, y - 4.5)
    return Markup('<circle cx="{:.2f}%" cy="{}" r="{}"/>').format(at, y, 4.5 if css in RING else 5)


def _spoken(row: Whisker) -> str:
    e = row.estimate
    return f"{row.name} {e.value:.3f}, 95 % interval {e.low:.3f} to {e.high:.3f}, {e.n:,} items"


def _line(line: Line, places: list[str]) -> Markup:
    drawn = Markup('<polyline class="{}" points="{}"/>').format(line.css, " ".join(places))
    if len(places) < FEW_POINTS:
        # A dash of no length with round ends: a circle would be stretched with the drawing.
        dots = " ".join(f"M{place} h0" for place in places)
        drawn += Markup('<path class="{} dots" d="{}"/>').format(line.css, dots)
    return drawn


def share(value: float, low: float, high: float) -> float:
    """Return where a value lies between two others, in per cent (0 to 100); beyond them it is at the edge."""
    return min(100.0, max(0.0, 100 * (value - low) / (high - low)))
