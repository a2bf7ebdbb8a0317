"""Figures of the report that no step returned: speed of the answers, and what the number of items can show."""

from collections.abc import Iterator, Mapping, Sequence

from tasks.records import Comparison
from tasks.scoring.gate import GateRules
from tasks.scoring.power import items_needed, smallest_gain, spread
from tasks.scoring.report_answers import Side, worst_losses
from tasks.scoring.report_input import Figures, Power, ReportInput, Speed

LEAST_MARGIN = 0.001  # a margin of nothing would need endless items


def figures_of(report: ReportInput, sides: Sequence[Side], gains: Mapping[str, float]) -> Figures:
    """Return speed, power and the largest losses; `gains` are the primary metric's, by item."""
    return Figures(
        speed=tuple(_speeds(sides)),
        power=_power(report.comparison, report.rules),
        worst=worst_losses(gains),
    )


def _power(comparison: Comparison | None, rules: GateRules) -> Power | None:
    primary = comparison.differences.get(rules.primary) if comparison else None
    if primary is None or not (sd := spread(primary)) > 0:
        return None
    return Power(
        metric=rules.primary,
        sd=sd,
        items=primary.n,
        needed=items_needed(sd, max(rules.margin, LEAST_MARGIN)),
        smallest=smallest_gain(sd, primary.n, beyond=rules.margin),
    )


def _speeds(sides: Sequence[Side]) -> Iterator[Speed]:
    for side in sides:
        asked = [row for row in side.held_out.values() if row.finish_reason != "too_long"]
        if not asked:
            continue
        seconds = sorted(row.time_seconds for row in asked)
        tokens = sum(row.completion_tokens for row in asked)
        yield Speed(
            name=side.name,
            model_id=side.contender.model.id,
            answers=len(asked),
            median_seconds=_quantile(seconds, 0.5),
            p95_seconds=_quantile(seconds, 0.95),
            tokens_per_second=tokens / max(sum(seconds), 1e-9),
            tokens_per_answer=tokens / len(asked),
            too_long=len(side.held_out) - len(asked),
        )


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
