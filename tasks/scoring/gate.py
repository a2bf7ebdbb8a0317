"""Whether a candidate replaces what is served: never by a point estimate, and a tie is not a win.

One primary metric decides, so its interval needs no correction for many metrics. Every guarded metric must pass as
well; a rule that all of several tests must pass does not inflate the error either (intersection-union test, Berger
1982). The items must be independent of training; the gate cannot see whether they are.
"""

from tasks.errors import EvaluationError
from tasks.records import Comparison, Estimate, EvalResult, Gate, PromotionDecision, Record
from tasks.scoring.metrics import PRIMARY, TITLES


class GateRules(Record):
    """What a candidate has to show; differences are candidate minus baseline, from −1 to 1."""

    min_items: int = 100
    primary: str = PRIMARY
    margin: float = 0.01
    guarded: tuple[str, ...] = ("rouge1", "rouge2", "bleu", "chrf")
    worst_loss: float = 0.02
    min_stop_rate: float = 0.95


def decide(comparison: Comparison, candidate: EvalResult, rules: GateRules) -> PromotionDecision:
    """Return the decision, one gate a rule, and one sentence that says why.

    Raises:
        EvaluationError: the scores are not those of the compared candidate, or lack a metric that a rule names.
    """
    if candidate.gguf_sha256 != comparison.candidate_sha256 or candidate.suite != comparison.suite:
        raise EvaluationError(
            "Scores and comparison are of different candidates or suites.", fix="score the candidate that is compared."
        )
    primary = _difference(comparison, rules.primary)
    gates = (
        _enough_items(primary, rules),
        _gain(primary, rules),
        _no_loss(comparison, rules),
        _stops(candidate, rules),
    )
    promote = all(gate.passed for gate in gates)
    return PromotionDecision(promote=promote, reason=_reason(primary, gates, rules), gates=gates)


def _enough_items(primary: Estimate, rules: GateRules) -> Gate:
    return Gate(
        name="Enough items",
        passed=primary.n >= rules.min_items,
        seen=f"{primary.n:,} paired items",
        needed=f"at least {rules.min_items:,}",
    )


def _gain(primary: Estimate, rules: GateRules) -> Gate:
    return Gate(
        name=f"{_title(rules.primary)} is better",
        passed=primary.low > rules.margin,
        seen=f"{_signed(primary.value)}, 95 % interval {_signed(primary.low)} to {_signed(primary.high)}",
        needed=f"the whole interval above {_signed(rules.margin)}",
    )


def _no_loss(comparison: Comparison, rules: GateRules) -> Gate:
    lows = {name: _difference(comparison, name).low for name in rules.guarded}
    worst = min(lows, key=lambda name: lows[name])
    return Gate(
        name="Nothing else is worse",
        passed=lows[worst] >= -rules.worst_loss,
        seen=f"weakest is {_title(worst)}, lower bound {_signed(lows[worst])}",
        needed=f"every lower bound at or above {_signed(-rules.worst_loss)}",
    )


def _stops(candidate: EvalResult, rules: GateRules) -> Gate:
    rate = candidate.metrics.get("stop_rate")
    if rate is None:
        raise EvaluationError("The candidate's scores have no stop_rate.", fix="score its answers again.")
    return Gate(
        name="Ends its answers",
        passed=rate.value >= rules.min_stop_rate,
        seen=f"{100 * rate.value:.1f} % of {rate.n:,} answers",
        needed=f"at least {100 * rules.min_stop_rate:g} %",
    )


def _difference(comparison: Comparison, metric: str) -> Estimate:
    if metric not in comparison.differences:
        raise EvaluationError(
            f"The comparison has no metric {metric!r}.", fix=f"use one of: {', '.join(sorted(comparison.differences))}."
        )
    return comparison.differences[metric]


def _reason(primary: Estimate, gates: tuple[Gate, ...], rules: GateRules) -> str:
    interval = f"95 % interval {_plain(primary.low)} to {_plain(primary.high)}, {primary.n:,} items"
    sentence = f"{_title(rules.primary)} {_moved(primary.value)} ({interval})"
    others = [gate for gate in (gates[0], *gates[2:]) if not gate.passed]
    unmet = [f"{gate.name.lower()} ({gate.seen}; needed {gate.needed})" for gate in others]
    if not gates[1].passed:
        sentence += f"; the whole interval has to lie above {rules.margin:g}"
    elif not unmet:
        return f"Promoted: {sentence}; {rules.margin:g} was needed."
    also = f" Not met{'' if gates[1].passed else ' either'}: {'; '.join(unmet)}." if unmet else ""
    return f"Kept: {sentence}.{also}"


def _moved(value: float) -> str:
    if abs(value) < 0.005:
        return "did not move"
    return f"{'rose' if value > 0 else 'fell'} by {abs(value):.2f}"


def _plain(value: float) -> str:
    """Write a bound with two decimals and a true minus sign; a rounded zero has no sign."""
    text = f"{value:.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", "−")


def _signed(value: float) -> str:
    """Write a difference with its sign and three decimals, so that it can be held against a margin."""
    return f"{value:+.3f}".replace("-", "−")


def _title(metric: str) -> str:
    return TITLES.get(metric, metric)
