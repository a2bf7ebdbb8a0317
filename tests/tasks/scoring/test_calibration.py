"""The simulated gate against the gate itself, against the power calculation, and against models that do not differ."""

from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.stats import norm

from tasks.errors import EvaluationError
from tasks.scoring.answering import AnswerRow
from tasks.scoring.bootstrap import SEED, mean_interval
from tasks.scoring.calibration import Calibration, Differences, calibrate, share_of, simulate
from tasks.scoring.calibration_plot import power_curves
from tasks.scoring.gate import GateRules
from tests.tasks.scoring.sample_report import row

REFERENCE = "one two three four five six seven eight nine ten"


def answered(items: int, right: float, seed: int, *, per_group: int = 1) -> list[AnswerRow]:
    """Answers that hold a share `right` of the reference's words, each at random."""
    generator = np.random.default_rng(seed)
    return [
        row(
            f"{number:04d}",
            " ".join(word for word in REFERENCE.split() if generator.random() < right),
            REFERENCE,
            group=f"patient {number // per_group}",
            source="pubmed" if number % 3 else "chats",
        )
        for number in range(items)
    ]


def differences(rules: GateRules | None = None, per_group: int = 1) -> Differences:
    old, new = (answered(150, right, seed, per_group=per_group) for right, seed in ((0.5, 1), (0.55, 2)))
    return Differences("s", old, new, rules or GateRules())


@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate(differences(), sizes=(100, 200), simulations=60, draws=400)


def test_a_gate_that_sees_no_gain_promotes_as_rarely_as_the_margin_and_the_interval_say() -> None:
    """Without a margin one in forty comes out above zero by chance; the margin makes it rarer.

    With the gate's own 10,000 draws: all rounds share them, so that a few hundred would shift every bound alike.
    """
    strict, loose = (
        simulate(differences(GateRules(margin=margin)), items=150, gain=0.0, simulations=2_000).better
        for margin in (0.03, 0.0)
    )
    assert loose.low <= 0.025 <= loose.high
    assert strict.value < loose.value


def test_power_grows_with_gain_and_items_and_is_what_the_calculation_predicts() -> None:
    made = differences()
    outcomes = [
        simulate(made, items=items, gain=gain, simulations=300, draws=400)
        for items, gain in ((100, 0.05), (100, 0.09), (400, 0.05))
    ]
    few, much, many = (outcome.better.value for outcome in outcomes)
    assert few < much
    assert few < many
    for outcome in outcomes:
        assert outcome.better.value == pytest.approx(outcome.predicted, abs=0.08)
        assert outcome.promoted.count <= outcome.better.count
    spread = np.sqrt(np.mean(made.grouped.items[:, 0] ** 2))
    by_hand = norm.cdf((0.05 - 0.01) * np.sqrt(100) / spread - norm.ppf(0.975))
    assert outcomes[0].predicted == pytest.approx(by_hand, abs=1e-6)


def test_the_simulation_uses_the_very_intervals_of_the_gate() -> None:
    """One round, drawn again by hand with the same seed: `better` flips where the margin passes its lower bound."""
    made, items = differences(per_group=3), 90
    generator = np.random.default_rng(5)
    places = generator.integers(0, 50, size=(1, 30))[0]
    signs = np.where(generator.integers(0, 2, size=(1, 30)), 1.0, -1.0)[0]
    primary = made.grouped.items[:, 0]
    columns, groups = [], []
    for drawn, (place, sign) in enumerate(zip(places, signs, strict=True)):
        columns += [float(sign * value + 0.1) for value in primary[3 * place : 3 * place + 3]]
        groups += [str(drawn)] * 3
    bound = mean_interval(columns, groups, draws=500, seed=SEED).low
    for margin, count in ((bound - 1e-6, 1), (bound + 1e-6, 0)):
        rules = GateRules(margin=margin)
        one = simulate(differences(rules, 3), items=items, gain=0.1, simulations=1, draws=500, seed=5)
        assert one.better.count == count


def test_patients_with_many_items_are_drawn_whole() -> None:
    outcome = simulate(differences(per_group=5), items=101, gain=0.0, simulations=5, draws=50)
    assert (outcome.groups, outcome.items) == (21, 105)


def test_a_gate_that_needs_more_items_promotes_nothing() -> None:
    outcome = simulate(differences(GateRules(min_items=101)), items=100, gain=0.5, simulations=20, draws=200)
    assert (outcome.better.value, outcome.promoted.value) == (1.0, 0.0)


def test_the_named_size_lets_its_gain_through() -> None:
    made = calibrate(differences(), sizes=(100,), simulations=200, draws=400)
    named = [outcome for outcome in made.outcomes if outcome.named]
    assert [outcome.gain for outcome in named] == [0.02, 0.03, 0.05][-len(named) :]
    assert all(outcome.promoted.high >= 0.8 for outcome in named)


def test_the_same_answers_give_the_same_calibration(found: Calibration) -> None:
    assert calibrate(differences(), sizes=(100, 200), simulations=60, draws=400) == found
    assert Calibration.model_validate_json(found.model_dump_json()) == found
    assert {outcome.items for outcome in found.false_promotions} == {100, 200}


def test_shares_have_wilsons_interval() -> None:
    # Wilson 1927 by hand for 0 of 100: low 0, high z² / (n + z²) = 3.8415 / 103.8415.
    assert share_of(0, 100).high == pytest.approx(3.8415 / 103.8415, abs=1e-4)
    assert share_of(50, 100).low == pytest.approx(0.4038, abs=1e-4)
    assert share_of(0, 100).low == 0


def test_what_cannot_be_simulated_is_refused() -> None:
    with pytest.raises(EvaluationError, match="never differ"):
        Differences("s", answered(40, 0.5, 1), answered(40, 0.5, 1), GateRules())
    with pytest.raises(EvaluationError, match="no metric 'meteor'"):
        differences(GateRules(primary="meteor"))
    with pytest.raises(EvaluationError, match="2 items or more"):
        calibrate(differences(), sizes=(1,))


def test_the_plot_stands_alone_and_has_a_curve_a_size(found: Calibration) -> None:
    plot = power_curves(found)
    root = ElementTree.fromstring(plot)
    curves = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(curves) == 2 * 2  # simulated and predicted
    assert "100 items" in plot
    assert "200 items" in plot
    for curve in curves:
        points = [tuple(map(float, place.split(","))) for place in curve.attrib["points"].split()]
        assert points == sorted(points)
        assert all(0 <= x <= 720 and 0 <= y <= 400 for x, y in points)
