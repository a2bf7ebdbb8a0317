import pytest

from tasks.errors import EvaluationError
from tasks.records import Artifact, Comparison, Estimate, EvalResult
from tasks.scoring.gate import GateRules, decide
from tasks.scoring.metrics import QUALITY
from tasks.scoring.power import items_needed, smallest_gain

BETTER = Estimate(value=0.31, low=0.28, high=0.34, n=142)


def compared(**changes: Estimate) -> Comparison:
    differences = dict.fromkeys(QUALITY, BETTER) | changes
    return Comparison(suite="held-out", baseline_sha256="b", candidate_sha256="c", differences=differences)


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
    decision = decide(compared(), scored(), GateRules())
    assert decision.promote
    assert decision.reason == (
        "Promoted: ROUGE-L rose by 0.31 (95 % interval 0.28 to 0.34, 142 items); 0.01 was needed."
    )
    assert [gate.passed for gate in decision.gates] == [True] * 4


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
    decision = decide(compared(**changes), scored(stop_rate), GateRules())
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
    assert decide(compared(**changes), scored(stop_rate), GateRules()).promote


def test_a_kept_reason_names_every_gate_that_was_not_met() -> None:
    decision = decide(compared(rougeL=about(0.03, -0.014, 0.076, n=60)), scored(0.5), GateRules())
    assert decision.reason == (
        "Kept: ROUGE-L rose by 0.03 (95 % interval −0.01 to 0.08, 60 items); the whole interval has to lie above 0.01."
        " Not met either: enough items (60 paired items; needed at least 100);"
        " ends its answers (50.0 % of 142 answers; needed at least 95 %)."
    )
    stopping = decide(compared(), scored(0.5), GateRules())
    assert "0.34, 142 items). Not met: ends its answers" in stopping.reason


def test_scores_of_another_candidate_or_an_unknown_metric_are_refused() -> None:
    with pytest.raises(EvaluationError, match="different candidates"):
        decide(compared(), scored(gguf="other"), GateRules())
    with pytest.raises(EvaluationError, match="no metric 'meteor'"):
        decide(compared(), scored(), GateRules(primary="meteor"))


def test_power_agrees_with_the_textbook() -> None:
    # (1.96 + 0.8416)² = 7.849: one standard deviation takes 8 pairs, half of one 32, a tenth 785.
    assert [items_needed(1.0, d) for d in (1.0, 0.5, 0.1)] == [8, 32, 785]
    assert items_needed(0.0, 0.01) == 2
    assert smallest_gain(1.0, 785) == pytest.approx(0.1, abs=1e-3)
    assert smallest_gain(0.0, 100, beyond=0.01) == 0.01
