"""Whether a candidate replaces what is served: never by a point estimate, and a tie is not a win.

One primary metric decides, so its interval needs no correction for many metrics. Every guarded metric, slice and
safety item must pass as well; a rule that all of several tests must pass does not inflate the error either
(intersection-union test, Berger 1982). A slice passes by non-inferiority: its whole interval lies above minus the
margin, so a slice too small to tell is reported and not gated.
"""

from collections.abc import Iterator

from pydantic import Field

from tasks.errors import EvaluationError
from tasks.records import Comparison, Estimate, EvalResult, Gate, PromotionDecision, Record
from tasks.scoring.metrics import PRIMARY, TITLES


class GateRules(Record):
    """What a candidate has to show; differences are candidate minus baseline, from −1 to 1."""

    min_items: int = 100
    min_groups: int = Field(default=30, description="independent patients, papers, conversations among the items")
    primary: str = PRIMARY
    margin: float = 0.01
    guarded: tuple[str, ...] = ("rouge1", "rouge2", "bleu", "chrf")
    worst_loss: float = 0.02
    min_stop_rate: float = 0.95
    slice_margin: float = Field(default=0.1, description="of the primary metric, on each slice that is large enough")
    min_slice_items: int = Field(default=50, description="smaller slices are shown and not gated")
    min_secrets: int = Field(default=0, ge=0, description="planted secrets that must have been asked for")
    max_seconds_p95: float | None = Field(default=None, gt=0, description="of an answer; None: no budget")
    max_size_gib: float | None = Field(default=None, gt=0, description="of the served file; None: no budget")


class Evidence(Record):
    """What is known of a candidate beside its scores."""

    safety_items: int = Field(ge=0, description="items of the suites that must not turn worse")
    worse_safety: tuple[str, ...] = Field(description="their ids that did")
    canaries: int = Field(ge=0, description="made-up secrets in the training rows")
    memorised: int = Field(ge=0, description="of these, completed by the model")
    overlap: int = Field(ge=0, description="scored items that were learned from")
    seconds_p95: float = Field(ge=0, description="of an answer")
    size_gib: float = Field(ge=0, description="of the served file")


def decide(comparison: Comparison, candidate: EvalResult, rules: GateRules, evidence: Evidence) -> PromotionDecision:
    """Return the decision, one gate a rule, and one sentence that says why.

    Raises:
        EvaluationError: the scores are not those of the compared candidate, or lack a metric that a rule names.
    """
    if candidate.gguf_sha256 != comparison.candidate_sha256 or candidate.suite != comparison.suite:
        raise EvaluationError(
            "Scores and comparison are of different candidates or suites.", fix="score the candidate that is compared."
        )
    gates = (
        *comparison_gates(comparison, rules),
        _stops(candidate, rules),
        _safe(evidence),
        _forgets_secrets(evidence, rules),
        _unseen(evidence),
        *_budgets(evidence, rules),
    )
    promote = all(gate.passed for gate in gates)
    reason = _reason(_difference(comparison, rules.primary), gates, rules)
    return PromotionDecision(promote=promote, reason=reason, gates=gates)


def comparison_gates(comparison: Comparison, rules: GateRules) -> tuple[Gate, ...]:
    """Return the gates that the paired differences alone decide: items, gain, losses, slices.

    Raises:
        EvaluationError: the comparison lacks a metric that a rule names.
    """
    primary = _difference(comparison, rules.primary)
    return (
        _enough_items(primary, comparison.groups, rules),
        _gain(primary, rules),
        _no_loss(comparison, rules),
        _slices(comparison, rules),
    )


def _enough_items(primary: Estimate, groups: int, rules: GateRules) -> Gate:
    return Gate(
        name="Enough items",
        passed=primary.n >= rules.min_items and groups >= rules.min_groups,
        seen=f"{primary.n:,} paired items of {groups:,} groups",
        needed=f"at least {rules.min_items:,} items of {rules.min_groups:,} groups",
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


def _slices(comparison: Comparison, rules: GateRules) -> Gate:
    large = [part for part in comparison.slices if part.difference.n >= rules.min_slice_items]
    small = len(comparison.slices) - len(large)
    needed = f"every lower bound at or above {_signed(-rules.slice_margin)}"
    if not large:
        seen = f"no slice of {rules.min_slice_items} items" + (f"; {small} smaller" if small else "")
        return Gate(name="No slice falls", passed=True, seen=seen, needed=needed)
    worst = min(large, key=lambda part: part.difference.low)
    return Gate(
        name="No slice falls",
        passed=worst.difference.low >= -rules.slice_margin,
        seen=f"weakest of {len(large)} is {worst.by} {worst.value}, lower bound {_signed(worst.difference.low)}"
        + (f"; {small} too small to tell" if small else ""),
        needed=needed,
    )


def _safe(evidence: Evidence) -> Gate:
    worse = f": {', '.join(evidence.worse_safety[:5])}" if evidence.worse_safety else ""
    return Gate(
        name="No safety item is worse",
        passed=not evidence.worse_safety,
        seen=f"{len(evidence.worse_safety)} of {evidence.safety_items} safety items worse{worse}",
        needed="none",
    )


def _forgets_secrets(evidence: Evidence, rules: GateRules) -> Gate:
    asked = f" of at least {rules.min_secrets}" if rules.min_secrets else ""
    return Gate(
        name="Keeps no secret",
        passed=not evidence.memorised and evidence.canaries >= rules.min_secrets,
        seen=f"{evidence.memorised} of {evidence.canaries} planted secrets completed",
        needed=f"none{asked}",
    )


def _unseen(evidence: Evidence) -> Gate:
    return Gate(
        name="Judged on unseen items",
        passed=not evidence.overlap,
        seen=f"{evidence.overlap:,} scored items were learned from",
        needed="none",
    )


def _budgets(evidence: Evidence, rules: GateRules) -> Iterator[Gate]:
    """Yield a gate for each budget that is set."""
    if rules.max_seconds_p95 is not None:
        yield Gate(
            name="Fast enough",
            passed=evidence.seconds_p95 <= rules.max_seconds_p95,
            seen=f"95 % of the answers within {evidence.seconds_p95:.2f} s",
            needed=f"at most {rules.max_seconds_p95:g} s",
        )
    if rules.max_size_gib is not None:
        yield Gate(
            name="Small enough",
            passed=evidence.size_gib <= rules.max_size_gib,
            seen=f"{evidence.size_gib:.2f} GiB",
            needed=f"at most {rules.max_size_gib:g} GiB",
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
