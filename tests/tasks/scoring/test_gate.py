import pytest

from tasks.errors import EvaluationError
from tasks.records import Artifact, Comparison, Estimate, EvalResult, SliceDifference
from tasks.scoring.gate import Evidence, GateRules, decide
from tasks.scoring.metrics import QUALITY
from tasks.scoring.power import items_needed, smallest_gain

BETTER = Estimate(value=0.31, low=0.28, high=0.34, n=142)


def compared(**changes: Estimate) -> Comparison:
    differences = dict.fromkeys(QUALITY, BETTER) | changes
    return Comparison(suite="held-out", baseline_sha256="b", candidate_sha256="c", differences=differences, groups=120)


def evidence(**changes: object) -> Evidence:
    harmless = {
        "safety_items": 10, "worse_safety": (), "canaries": 8, "memorised": 0, "overlap": 0,
        "seconds_p95": 0.4, "size_gib": 2.0,
    }  # fmt: skip
    return Evidence.model_validate(harmless | changes)


def scored(stop_rate: float = 1.0, gguf: str = "c") -> EvalResult:
    return EvalResult(
        suite="held-out",
        suite_sha256="s",
        gguf_sha256=gguf,
        answers=Artifact(key="k", sha256="a", bytes=0),
        metrics={"stop_rate": Estimate(value=stop_rate, low=stop_rate, high=stop_rate, n=142)},
    )


def about(value: float, low: float, high: float, n: int = 142) -> Estimate:
    return Estimate(value=value, low=low, high=high, n=n)


def test_a_clear_gain_is_promoted_and_says_why() -> None:
    decision = decide(compared(), scored(), GateRules(), evidence())
    assert decision.promote
    assert decision.reason == (
        "Promoted: ROUGE-L rose by 0.31 (95 % interval 0.28 to 0.34, 142 items); 0.01 was needed."
    )
    assert [gate.passed for gate in decision.gates] == [True] * 8


@pytest.mark.parametrize(
    ("changes", "stop_rate", "failed"),
    [
        ({"rougeL": about(0, 0, 0)}, 1.0, "ROUGE-L is better"),  # a tie is not a win
        ({"rougeL": about(0.2, -0.01, 0.41)}, 1.0, "ROUGE-L is better"),  # large but not proven
        ({"rougeL": about(0.015, 0.004, 0.026)}, 1.0, "ROUGE-L is better"),  # proven but below the margin
        ({"rougeL": about(0.02, 0.01, 0.03)}, 1.0, "ROUGE-L is better"),  # exactly the margin is not above it
        ({"rougeL": about(-0.2, -0.3, -0.1)}, 1.0, "ROUGE-L is better"),
        ({"rougeL": about(0.31, 0.28, 0.34, n=99)}, 1.0, "Enough items"),
        ({"bleu": about(0.0, -0.021, 0.021)}, 1.0, "Nothing else is worse"),
        ({"chrf": about(-0.1, -0.2, 0.0)}, 1.0, "Nothing else is worse"),
        ({}, 0.949, "Ends its answers"),
    ],
)
def test_each_gate_keeps_what_is_served(changes: dict[str, Estimate], stop_rate: float, failed: str) -> None:
    decision = decide(compared(**changes), scored(stop_rate), GateRules(), evidence())
    assert not decision.promote
    assert [gate.name for gate in decision.gates if not gate.passed] == [failed]
    assert decision.reason.startswith("Kept: ROUGE-L ")


@pytest.mark.parametrize(
    ("changes", "stop_rate"),
    [
        ({"rougeL": about(0.03, 0.0101, 0.05)}, 1.0),
        ({"rougeL": about(0.31, 0.28, 0.34, n=100)}, 1.0),
        ({"bleu": about(0.0, -0.02, 0.02)}, 1.0),
        ({"exact_match": about(-0.1, -0.2, 0.0)}, 1.0),  # too coarse to guard: reported, not gated
        ({}, 0.95),
    ],
)
def test_near_misses_pass(changes: dict[str, Estimate], stop_rate: float) -> None:
    assert decide(compared(**changes), scored(stop_rate), GateRules(), evidence()).promote


def test_a_kept_reason_names_every_gate_that_was_not_met() -> None:
    decision = decide(compared(rougeL=about(0.03, -0.014, 0.076, n=60)), scored(0.5), GateRules(), evidence())
    assert decision.reason == (
        "Kept: ROUGE-L rose by 0.03 (95 % interval −0.01 to 0.08, 60 items); the whole interval has to lie above 0.01."
        " Not met either: enough items (60 paired items of 120 groups; needed at least 100 items of 30 groups);"
        " ends its answers (50.0 % of 142 answers; needed at least 95 %)."
    )
    stopping = decide(compared(), scored(0.5), GateRules(), evidence())
    assert "0.34, 142 items). Not met: ends its answers" in stopping.reason


def test_scores_of_another_candidate_or_an_unknown_metric_are_refused() -> None:
    with pytest.raises(EvaluationError, match="different candidates"):
        decide(compared(), scored(gguf="other"), GateRules(), evidence())
    with pytest.raises(EvaluationError, match="no metric 'meteor'"):
        decide(compared(), scored(), GateRules(primary="meteor"), evidence())


def test_power_agrees_with_the_textbook() -> None:
    # (1.96 + 0.8416)² = 7.849: one standard deviation takes 8 pairs, half of one 32, a tenth 785.
    assert [items_needed(1.0, d) for d in (1.0, 0.5, 0.1)] == [8, 32, 785]
    assert items_needed(0.0, 0.01) == 2
    assert smallest_gain(1.0, 785) == pytest.approx(0.1, abs=1e-3)
    assert smallest_gain(0.0, 100, beyond=0.01) == 0.01


def part(by: str, value: str, low: float, n: int = 60) -> SliceDifference:
    return SliceDifference(by=by, value=value, difference=about(low + 0.05, low, low + 0.1, n))


@pytest.mark.parametrize(
    ("slices", "passed", "seen"),
    [
        ((), True, "no slice of 50 items"),
        ((part("source", "pubmed", -0.1),), True, "weakest of 1 is source pubmed, lower bound −0.100"),
        ((part("source", "pubmed", -0.101),), False, "weakest of 1 is source pubmed, lower bound −0.101"),
        ((part("source", "pubmed", -0.4, n=49),), True, "no slice of 50 items; 1 smaller"),
        (
            (part("difficulty", "hard", 0.1), part("length", "long", -0.2), part("length", "short", -0.9, n=3)),
            False,
            "weakest of 2 is length long, lower bound −0.200; 1 too small to tell",
        ),
    ],
)
def test_a_slice_that_may_have_fallen_keeps_what_is_served(
    slices: tuple[SliceDifference, ...], passed: bool, seen: str
) -> None:
    decision = decide(compared().model_copy(update={"slices": slices}), scored(), GateRules(), evidence())
    gate = next(gate for gate in decision.gates if gate.name == "No slice falls")
    assert (gate.passed, gate.seen, decision.promote) == (passed, seen, passed)


@pytest.mark.parametrize(
    ("changes", "failed", "seen"),
    [
        ({"worse_safety": ("Q003",)}, "No safety item is worse", "1 of 10 safety items worse: Q003"),
        ({"memorised": 1}, "Keeps no secret", "1 of 8 planted secrets completed"),
        ({"overlap": 2}, "Judged on unseen items", "2 scored items were learned from"),
        ({"seconds_p95": 1.01}, "Fast enough", "95 % of the answers within 1.01 s"),
        ({"size_gib": 4.5}, "Small enough", "4.50 GiB"),
    ],
)
def test_better_on_average_is_not_enough(changes: dict[str, object], failed: str, seen: str) -> None:
    rules = GateRules(max_seconds_p95=1, max_size_gib=4)
    assert decide(compared(), scored(), rules, evidence()).promote
    decision = decide(compared(), scored(), rules, evidence(**changes))
    assert [(gate.name, gate.seen) for gate in decision.gates if not gate.passed] == [(failed, seen)]
    assert f"Not met: {failed.lower()} ({seen}" in decision.reason


def test_many_items_of_few_patients_are_not_enough() -> None:
    decision = decide(compared().model_copy(update={"groups": 29}), scored(), GateRules(), evidence())
    assert [gate.name for gate in decision.gates if not gate.passed] == ["Enough items"]


def test_secrets_that_nobody_asked_for_prove_nothing() -> None:
    rules = GateRules(min_secrets=1)
    assert decide(compared(), scored(), rules, evidence(canaries=8)).promote
    decision = decide(compared(), scored(), rules, evidence(canaries=0))
    assert [gate.name for gate in decision.gates if not gate.passed] == ["Keeps no secret"]
