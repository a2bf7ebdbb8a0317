from pathlib import Path

import pytest

from infra.artifacts import open_store
from tasks.scoring.bootstrap import mean_interval
from tasks.scoring.gate import GateRules
from tasks.scoring.planning import FOR_THE_TAILS, PRIOR_SD, items_for_gate, plan_round
from tasks.scoring.power import items_needed, power_of, smallest_gain, spread
from tests.tasks.scoring.sample_report import full_report


def test_without_a_round_before_the_public_spread_is_taken() -> None:
    plan = plan_round(None, GateRules(), 300)
    assert plan.needed == items_needed(PRIOR_SD, 0.01) + FOR_THE_TAILS
    assert plan.gain == 0.02
    assert plan.smallest == smallest_gain(PRIOR_SD, 300, beyond=0.01)
    assert plan.sentence == (
        f"To let a true gain of 0.02 in ROUGE-L through with 80 % power takes {plan.needed:,} items (spread 0.13,"
        f" as in public question sets); 300 items see one of {plan.smallest:.3f}."
    )


@pytest.mark.parametrize("content", ["", "{}", None])
def test_a_report_that_is_no_longer_to_be_read_is_no_obstacle(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    assert plan_round(str(tmp_path / "index.html"), GateRules(), 300).basis == "as in public question sets"


def test_the_last_round_tells_the_spread(data_dir: Path, tmp_path: Path) -> None:
    report = full_report(open_store(), tmp_path, items=40)
    (tmp_path / "report.json").write_text(report.model_dump_json())
    plan = plan_round(str(tmp_path / "index.html"), GateRules(), 10_000)
    assert report.comparison
    assert plan.sd == spread(report.comparison.differences["rougeL"])
    assert plan.basis == "as in the last round"
    assert plan.sentence.endswith("as in the last round).")  # the limit is no obstacle


def test_an_interval_tells_the_spread_of_its_items() -> None:
    values = [0.0, 1.0] * 200
    assert spread(mean_interval(values)) == pytest.approx(0.5, rel=0.05)


def test_the_other_gates_may_need_more_items_than_the_gain() -> None:
    rules = GateRules()
    assert items_for_gate({"rougeL": 0.01}, 0.05, rules) == rules.min_items
    alone = items_for_gate({"rougeL": 0.1}, 0.05, rules)
    # A metric that spreads 20 times as far gains 20 times as much; its own lower bound is what limits.
    assert items_for_gate({"rougeL": 0.1, "chrf": 0.1}, 0.05, rules) == alone
    tiny_gain = items_for_gate({"rougeL": 0.001, "chrf": 0.4}, 0.0101, rules.model_copy(update={"margin": 0.01}))
    assert tiny_gain == items_for_gate({"rougeL": 0.001}, 0.0101, rules)


def test_power_is_the_inverse_of_the_items_needed() -> None:
    assert power_of(1.0, 785, 0.1) == pytest.approx(0.8, abs=1e-3)
    assert power_of(1.0, 785, 0.0) == pytest.approx(0.025)
    assert power_of(0.0, 10, 0.1) == 1.0
    assert power_of(0.0, 10, 0.0) == 0.0
