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
        seen=f"{primary.value:+.3f}, 95 % interval {primary.low:+.3f} to {primary.high:+.3f}",
        needed=f"the whole interval above {rules.margin:+.3f}",
    )


def _no_loss(comparison: Comparison, rules: GateRules) -> Gate:
    lows = {name: _difference(comparison, name).low for name in rules.guarded}
    worst = min(lows, key=lambda name: lows[name])
    return Gate(
        name="Nothing else is worse",
        passed=lows[worst] >= -rules.worst_loss,
        seen=f"weakest is {_title(worst)}, lower bound {lows[worst]:+.3f}",
        needed=f"every lower bound at or above {-rules.worst_loss:+.3f}",
    )


def _stops(candidate: EvalResult, rules: GateRules) -> Gate:
    rate = candidate.metrics.get("stop_rate")
    if rate is None:
        raise EvaluationError("The candidate's scores have no stop_rate.", fix="score its answers again.")
    return Gate(
        name="Ends its answers",
        passed=rate.value >= rules.min_stop_rate,
        seen=f"{rate.value:.1%} of {rate.n:,} answers",
        needed=f"at least {rules.min_stop_rate:.0%}",
    )


def _difference(comparison: Comparison, metric: str) -> Estimate:
    if metric not in comparison.differences:
        raise EvaluationError(
            f"The comparison has no metric {metric!r}.", fix=f"use one of: {', '.join(sorted(comparison.differences))}."
        )
    return comparison.differences[metric]


def _reason(primary: Estimate, gates: tuple[Gate, ...], rules: GateRules) -> str:
    moved = "did not move" if primary.value == 0 else f"{'rose' if primary.value > 0 else 'fell'} by"
    amount = "" if primary.value == 0 else f" {abs(primary.value):.2f}"
    interval = f"95 % interval {_signed(primary.low)} to {_signed(primary.high)}, {primary.n:,} items"
    sentence = f"{_title(rules.primary)} {moved}{amount} ({interval})"
    failed = [gate for gate in gates if not gate.passed]
    if not failed:
        return f"Promoted: {sentence}; the interval had to lie above {rules.margin:g}."
    unmet = "; ".join(f"{gate.name}: {gate.seen}, needed {gate.needed}" for gate in failed)
    return f"Kept: {sentence}. Not met: {unmet}."


def _signed(value: float) -> str:
    """Write a bound with two decimals and a true minus sign; a rounded zero has no sign."""
    text = f"{value:.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", "−")


def _title(metric: str) -> str:
    return TITLES.get(metric, metric)
