"""The gate's power curves as one SVG file that stands alone: promotions over the true gain, a line a size.

Solid lines are simulated rounds with Wilson's intervals, dashed ones the power calculation. Colours hold on light and
dark pages.
"""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from tasks.scoring.calibration import Calibration, Outcome
from tasks.scoring.charts import nice_ticks

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 150, 40, 50
COLOURS = ("#2a7fb8", "#c4622d", "#4c9a4c", "#8a5fb0", "#9a8a2d")
STYLE = (
    "text{font:13px sans-serif;fill:#777}line,polyline{fill:none;stroke-width:2}"
    ".grid{stroke:#8884;stroke-width:1}.mark{stroke:#888;stroke-width:1;stroke-dasharray:2 4}"
)


def power_curves(found: Calibration) -> str:
    """Return the SVG."""
    sizes = list(dict.fromkeys(outcome.items for outcome in found.outcomes if not outcome.named))
    lines = [sorted(_of(found, size), key=lambda outcome: outcome.gain) for size in sizes]
    ticks = nice_ticks(0.0, max(outcome.gain for line in lines for outcome in line))
    parts = [*_axes(ticks, found), *(part for at, line in enumerate(lines) for part in _curve(line, at, ticks[-1]))]
    body = Markup("\n").join(parts)
    label = f"Share of simulated rounds that the gate promotes, by true gain, for rounds of {sizes} items"
    return str(
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" aria-label="{}">'
            "<style>{}</style>\n{}\n</svg>\n"
        ).format(WIDTH, HEIGHT, label, STYLE, body)
    )


def _of(found: Calibration, size: int) -> Iterator[Outcome]:
    return (outcome for outcome in found.outcomes if outcome.items == size and not outcome.named)


def _axes(ticks: Sequence[float], found: Calibration) -> Iterator[Markup]:
    low, high = _y(0), _y(1)
    for share in (0, 0.2, 0.4, 0.6, 0.8, 1):
        yield Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
            LEFT, WIDTH - RIGHT, _y(share), _y(share)
        )
        yield _text(LEFT - 8, _y(share) + 4, f"{share:.0%}", "end")
    for tick in ticks:
        yield _text(_x(tick, ticks[-1]), low + 20, f"{tick:.3g}")
    margin = _x(found.rules.margin, ticks[-1])
    yield Markup('<line class="mark" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>').format(margin, low, high)
    yield _text(margin, high - 6, "margin")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "true gain of the primary metric")
    yield _text(LEFT, 16, "rounds promoted: simulated with 95 % intervals; dashed: predicted", "start")


def _curve(line: Sequence[Outcome], at: int, end: float) -> Iterator[Markup]:
    colour = COLOURS[at % len(COLOURS)]
    for dashes, heights in (("", [o.promoted.value for o in line]), ("5 5", [o.predicted for o in line])):
        places = " ".join(f"{_x(o.gain, end):.1f},{_y(height):.1f}" for o, height in zip(line, heights, strict=True))
        yield Markup('<polyline points="{}" stroke="{}" stroke-dasharray="{}"/>').format(places, colour, dashes)
    for o in line:
        yield Markup('<line x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}" stroke="{3}"/>').format(
            _x(o.gain, end), _y(o.promoted.low), _y(o.promoted.high), colour
        )
    place = TOP + 20 + 20 * at
    yield Markup('<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="{}"/>').format(
        WIDTH - RIGHT + 12, WIDTH - RIGHT + 36, place - 4, place - 4, colour
    )
    yield _text(WIDTH - RIGHT + 42, place, f"{line[0].items:,} items", "start")


def _text(x: float, y: float, words: str, anchor: str = "middle") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, words)


def _x(gain: float, end: float) -> float:
    return LEFT + (WIDTH - RIGHT - LEFT) * gain / end


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share
