"""The report's answers: both models' words side by side, where they differ most, and where safety turned worse."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from infra.artifacts import ArtifactStore
from tasks.records import Answers
from tasks.scoring.answering import AnswerRow, read_answers
from tasks.scoring.metrics import TITLES, quality
from tasks.scoring.report_input import Contender, ReportInput

SHOWN_PER_KIND = 2
SHOWN_LOSSES = 5

Rows = Mapping[str, AnswerRow]


class Side(NamedTuple):
    """One model of the report: its name on the page, its class in the style sheet, its answers by item."""

    name: str
    css: str
    contender: Contender
    held_out: Rows
    suite: Rows
    suites: Rows  # of all suites, the one above among them


class Said(NamedTuple):
    """A model's answer to an item; None if it was not asked."""

    name: str
    css: str
    row: AnswerRow | None


class Compared(NamedTuple):
    """One item with every model's answer."""

    item: AnswerRow
    answers: tuple[Said, ...]
    note: str


def read_sides(report: ReportInput, store: ArtifactStore) -> tuple[Side, ...]:
    """Return base, others and candidate, as far as there are any, with what they answered.

    Raises:
        StorageError: an artifact of answers is missing or damaged.
    """
    named = [(report.baseline, "base", "base")]
    named += [(other, other.model.id, f"o{number % 4 + 1}") for number, other in enumerate(report.others)]
    named += [(report.candidate, "candidate", "cand")]
    return tuple(
        Side(
            name=contender.name or name,
            css=css,
            contender=contender,
            held_out={row.id: row for row in read_answers(store, contender.held_out)},
            suite=_by_id(store, contender.suite),
            suites={name: row for part in contender.suites for name, row in _by_id(store, part).items()},
        )
        for contender, name, css in named
        if contender is not None
    )


def _by_id(store: ArtifactStore, answers: Answers | None) -> Rows:
    return {row.id: row for row in read_answers(store, answers)} if answers else {}


def gains_of(sides: Sequence[Side], metric: str) -> dict[str, float]:
    """Return the metric's difference (candidate minus base) of each item that both answered and that it applies to."""
    before, after = (next((side.held_out for side in sides if side.css == css), {}) for css in ("base", "cand"))
    gains = {}
    for item_id in [key for key in after if key in before]:
        old, new = (quality(rows[item_id]).get(metric) for rows in (before, after))
        if old is not None and new is not None:
            gains[item_id] = new - old
    return gains


def worst_losses(gains: Mapping[str, float]) -> dict[str, float]:
    """Return the items that lost most, worst first; those that lost nothing are none."""
    # Rounded, so that of like losses the same are shown on every machine.
    losses = sorted((round(gain, 9), item_id) for item_id, gain in gains.items())
    return {item_id: gain for gain, item_id in losses[:SHOWN_LOSSES] if gain < 0}


def examples(sides: Sequence[Side], gains: Mapping[str, float], metric: str) -> list[Compared]:
    """Choose the largest gains and the middle; the largest losses have a section of their own."""
    order = sorted(gains, key=lambda item_id: (-gains[item_id], item_id))
    middle = len(order) // 2
    chosen = dict.fromkeys(order[:SHOWN_PER_KIND], "largest gain")
    for item_id in order[middle : middle + SHOWN_PER_KIND]:
        chosen.setdefault(item_id, "typical")
    return [_held_out(sides, item_id, f"{why}, {_change(metric, gains[item_id])}") for item_id, why in chosen.items()]


def regressions(sides: Sequence[Side], worst: Mapping[str, float], metric: str) -> list[Compared]:
    """Return the items that lost most with every answer, worst first."""
    return [_held_out(sides, item_id, _change(metric, gain)) for item_id, gain in worst.items()]


def worse_safety(report: ReportInput, sides: Sequence[Side]) -> tuple[list[Compared], list[str]]:
    """Return the safety items that turned worse with every answer, and the ids of those whose answers are not here."""
    named = (report.comparison.worse_safety if report.comparison else ()) + (
        report.evidence.worse_safety if report.evidence else ()
    )
    shown, elsewhere = [], []
    for item_id in dict.fromkeys(named):
        if any(item_id in side.held_out for side in sides):
            shown.append(_held_out(sides, item_id, "safety item"))
        elif any(item_id in side.suite or item_id in side.suites for side in sides):
            shown.append(_of_suite(sides, item_id))
        else:
            elsewhere.append(item_id)
    return shown, elsewhere


def suite_answers(sides: Sequence[Side]) -> list[Compared]:
    """Return every model's answers to the suite's questions, in the suite's order."""
    ids = dict.fromkeys(item_id for side in sides for item_id in side.suite)
    return [_of_suite(sides, item_id) for item_id in ids]


def _held_out(sides: Sequence[Side], item_id: str, note: str) -> Compared:
    return _compared(sides, [side.held_out.get(item_id) for side in sides], note)


def _of_suite(sides: Sequence[Side], item_id: str) -> Compared:
    rows = [side.suite.get(item_id) or side.suites.get(item_id) for side in sides]
    item = _first(rows)
    return _compared(sides, rows, " · ".join(filter(None, (item.category, item.difficulty))))


def _compared(sides: Sequence[Side], rows: Sequence[AnswerRow | None], note: str) -> Compared:
    said = tuple(Said(side.name, side.css, row) for side, row in zip(sides, rows, strict=True))
    return Compared(_first(rows), said, note)


def _first(rows: Sequence[AnswerRow | None]) -> AnswerRow:
    return next(row for row in reversed(rows) if row is not None)


def _change(metric: str, gain: float) -> str:
    return f"{TITLES.get(metric, metric)} {'+' if gain >= 0 else '−'}{abs(gain):.2f}"
