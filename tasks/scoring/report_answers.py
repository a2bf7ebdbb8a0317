"""The report's answers: scores with intervals, paired differences, speed, and a few answers side by side."""

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from tasks.records import EvalResult
from tasks.scoring.answering import AnswerRow
from tasks.scoring.charts import Whisker, nice_ticks, whiskers
from tasks.scoring.metrics import PRIMARY, QUALITY, TITLES, rouge
from tasks.scoring.power import items_needed, smallest_gain
from tasks.scoring.report_input import ReportInput

SHOWN_PER_KIND = 2

View = dict[str, Any]


class Pair(NamedTuple):
    """One item with both answers; a missing side is None."""

    baseline: AnswerRow | None
    candidate: AnswerRow | None
    note: str

    @property
    def item(self) -> AnswerRow:
        """The side that is there; both hold the same question."""
        row = self.candidate or self.baseline
        assert row is not None
        return row


def scores_view(report: ReportInput) -> View | None:
    """Return both models' scores with drawings; None if neither was scored."""
    base = report.baseline.held_out_scores if report.baseline else None
    candidate = report.candidate.held_out_scores if report.candidate else None
    sides = [
        (name, css, result)
        for name, css, result in (("base", "base", base), ("candidate", "cand", candidate))
        if result
    ]
    if not sides:
        return None
    highest = max(result.metrics[name].high for _, _, result in sides for name in QUALITY if name in result.metrics)
    ticks = nice_ticks(0.0, max(highest, 0.05), about=4)
    return {
        "suite": sides[0][2].suite,
        "n": max(result.metrics[PRIMARY].n for _, _, result in sides),
        "ticks": [(100 * tick / ticks[-1], f"{tick:g}") for tick in ticks],
        "metrics": [_score_row(metric, sides, ticks[-1]) for metric in QUALITY if metric in sides[0][2].metrics],
        "base": base,
        "candidate": candidate,
    }


def _score_row(metric: str, sides: Sequence[tuple[str, str, EvalResult]], high: float) -> View:
    rows = [Whisker(name, css, result.metrics[metric]) for name, css, result in sides]
    return {"name": TITLES[metric], "drawing": whiskers(rows, 0.0, high), "rows": rows}


def differences_view(report: ReportInput, gains: Sequence[float]) -> View | None:
    """Return the paired differences with drawings, and what the number of items can show."""
    if report.comparison is None:
        return None
    estimates = report.comparison.differences
    margin = report.rules.margin
    lows, highs = [e.low for e in estimates.values()], [e.high for e in estimates.values()]
    ticks = nice_ticks(min([*lows, 0.0]), max([*highs, 2 * margin]), about=4)
    low, high = ticks[0], ticks[-1]
    rows = [
        {
            "name": TITLES.get(metric, metric),
            "estimate": estimate,
            "primary": metric == PRIMARY,
            "drawing": whiskers(
                [Whisker("difference", _side(estimate.low, estimate.high), estimate)], low, high, (0.0, margin)
            ),
        }
        for metric, estimate in estimates.items()
    ]
    return {
        "rows": sorted(rows, key=lambda row: not row["primary"]),
        "ticks": [
            (100 * (tick - low) / (high - low), f"{tick:+g}".replace("-", "−") if tick else "0") for tick in ticks
        ],
        "margin": margin,
        "power": _power(gains, margin),
    }


def _tick(value: float) -> str:
    return f"{value:+g}".replace("-", "−") if value else "0"


def _side(low: float, high: float) -> str:
    return "better" if low > 0 else "worse" if high < 0 else "same"


def _power(gains: Sequence[float], margin: float) -> View | None:
    sd = statistics.stdev(gains) if len(gains) > 1 else 0.0
    if sd == 0:
        return None
    return {
        "sd": sd,
        "n": len(gains),
        "needed": items_needed(sd, margin),
        "smallest": smallest_gain(sd, len(gains), beyond=margin),
    }


def speed_view(report: ReportInput, held_out: tuple[list[AnswerRow], list[AnswerRow]]) -> list[View]:
    """Return length and speed of the answers, one entry a model that answered."""
    sides = (("base", "base", report.baseline, held_out[0]), ("candidate", "cand", report.candidate, held_out[1]))
    views = []
    for name, css, contender, rows in sides:
        asked = [row for row in rows if row.finish_reason != "too_long"]
        if contender is None or not asked:
            continue
        seconds = sorted(row.time_seconds for row in asked)
        tokens = sum(row.completion_tokens for row in asked)
        scores = contender.held_out_scores
        views.append(
            {
                "name": name,
                "css": css,
                "model": contender.model.id,
                "median": _quantile(seconds, 0.5),
                "p95": _quantile(seconds, 0.95),
                "tokens_per_second": tokens / max(sum(seconds), 1e-9),
                "tokens": tokens / len(asked),
                "words": scores.metrics.get("answer_words") if scores else None,
                "stop_rate": scores.metrics.get("stop_rate") if scores else None,
                "too_long": len(rows) - len(asked),
            }
        )
    return views


def rouge_gains(baseline: Sequence[AnswerRow], candidate: Sequence[AnswerRow]) -> list[float]:
    """Return ROUGE-L of candidate minus base per item, in the candidate's order; empty where the items differ."""
    before = {row.id: row for row in baseline}
    if before.keys() != {row.id for row in candidate}:
        return []
    return [
        rouge(new.response, new.reference)[PRIMARY] - rouge(old.response, old.reference)[PRIMARY]
        for new in candidate
        for old in [before[new.id]]
    ]


def examples(baseline: Sequence[AnswerRow], candidate: Sequence[AnswerRow], gains: Sequence[float]) -> list[Pair]:
    """Choose the largest gains, the middle and the largest losses: not only what flatters."""
    order = sorted(range(len(candidate)), key=lambda i: (-gains[i], candidate[i].id))
    middle = len(order) // 2
    chosen: dict[int, str] = {}
    for index in order[:SHOWN_PER_KIND]:
        chosen.setdefault(index, "largest gain")
    for index in order[-SHOWN_PER_KIND:]:
        chosen.setdefault(index, "weakest against the base")
    for index in order[middle : middle + SHOWN_PER_KIND]:
        chosen.setdefault(index, "typical")
    before = {row.id: row for row in baseline}
    sign = {True: "+", False: "−"}
    return [
        Pair(before[candidate[i].id], candidate[i], f"{why}, ROUGE-L {sign[gains[i] >= 0]}{abs(gains[i]):.2f}")
        for i, why in sorted(chosen.items(), key=lambda entry: order.index(entry[0]))
    ]


def pairs(baseline: Sequence[AnswerRow], candidate: Sequence[AnswerRow]) -> list[Pair]:
    """Pair all answers by item, in the suite's order."""
    before, after = {row.id: row for row in baseline}, {row.id: row for row in candidate}
    ids = list(dict.fromkeys([*before, *after]))
    return [
        Pair(before.get(key), after.get(key), " · ".join(filter(None, (row.category, row.difficulty))))
        for key in ids
        for row in [after.get(key) or before[key]]
    ]


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
