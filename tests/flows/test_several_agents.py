"""Rounds of several agents from one command, and a second week that goes on from the first one's champion."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows import cli
from flows.collect import collect
from flows.fan_out import FlowEnd
from flows.finetune import finetune
from flows.parameters import CollectRequest, TrainRequest, WeeklyRequest
from flows.weekly_commands import _on_pool, run_each_weekly
from infra.artifacts import open_store
from infra.database import connect
from tasks.errors import DataError, TrainingInterrupted
from tasks.records import Round, TrainingRun
from tasks.registry import outcomes, steps
from tests.flows.test_cli import Command
from tests.flows.test_cli import command as command
from tests.flows.workplace import PHRASE, Ended, Hospital, load, working_in

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
RECIPE = """method: lora
base: builtin:tiny
learning_rate: 1.0e-3
epochs: 1
batch_size: 4
max_steps: 3
max_tokens: 1024
lora_r: 4
target_modules: [q_proj, v_proj]
start_from: champion
"""


@pytest.fixture(scope="module")
def place(prefect: str, hospital: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with working_in(tmp_path_factory.mktemp("agents") / "data") as folder:
        load(hospital.chats)
        (folder / "lora.yaml").write_text(RECIPE)
        yield folder


def week(command: Command, place: Path, hospital: Hospital, *more: str) -> Ended:
    return command(
        "weekly", "--recipe", str(place / "lora.yaml"), "--base-model", str(hospital.base), "--min-examples", "20",
        "--held-out-limit", "2", *more,
    )  # fmt: skip


def run_of(model: str) -> TrainingRun:
    with connect() as connection:
        found = outcomes.show(connection, model).run
    assert found is not None
    return found


def test_two_weeks_of_two_agents(place: Path, hospital: Hospital, command: Command) -> None:
    first = week(command, place, hospital, "-a", "Cardiology", "-a", "MedicalQA", "--json")
    assert first.code == DataError.exit_code
    refused, kept = first.json["agents"]
    assert (refused["agent_type"], refused["outcome"], refused["round"]) == ("Cardiology", "Failed", None)
    assert (refused["error"], bool(refused["fix"])) == ("DataError", True)
    assert (kept["agent_type"], kept["outcome"], kept["error"]) == ("MedicalQA", "Kept", "")
    candidate = kept["round"]["candidate_id"]
    from_base = run_of(candidate)
    assert (from_base.continued_from, from_base.forgetting) == (None, {})

    steps.promote.fn(candidate, replaces=None, reason="by hand", actor="a person")
    load(hospital.later_chats)
    collect(CollectRequest())
    request = TrainRequest(recipe=str(place / "lora.yaml"), base_model=str(hospital.base), min_examples=20)
    better = finetune(request)
    goes_on = run_of(better.id)
    assert goes_on.continued_from == from_base.id
    assert goes_on.forgetting["items"] > 0
    assert goes_on.forgetting["before"] > 0

    steps.promote.fn(better.id, replaces=candidate, reason="by hand", actor="a person")
    assert finetune(request).id == better.id, "a champion is not gone on from on the data that made it"
    _card(command, goes_on)


def _card(command: Command, run: TrainingRun) -> None:
    page = command("models", "card")
    assert page.code == 0, page.err
    assert page.out.startswith("---\n")
    assert f"goes on from {run.continued_from}" in page.out
    assert PHRASE not in page.out
    card = command("models", "card", "--json").json
    assert (card["run"], card["dataset"]["id"]) == (run.id, run.dataset_id)
    assert card["dataset"]["sources"]
    store = open_store()
    assert run.adapter is not None
    for artifact in (run.weights, run.adapter):
        beside = (store.path(artifact) / "README.md").read_text(encoding="utf-8").splitlines()
        only_in_card = [line for line in page.out.splitlines() if line not in beside]
        assert set(beside) <= set(page.out.splitlines())
        assert any(line.startswith("| energy_kwh") for line in only_in_card)


def test_an_agent_without_a_champion_has_no_card(place: Path, command: Command) -> None:
    ended = command("models", "card", "--agent-type", "Billing")
    assert ended.code == 10
    assert "Billing has no champion" in ended.err


def test_an_unexpected_failure_is_raised_once_every_agent_had_its_round(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    def broken(request: WeeklyRequest) -> None:
        seen.append(request.agent_type)
        raise ZeroDivisionError(f"in {request.agent_type}")

    monkeypatch.setattr("flows.weekly_retrain.weekly_retrain", broken)
    requests = [WeeklyRequest(agent_type=agent) for agent in ("Billing", "Clinical")]
    with pytest.raises(ExceptionGroup) as raised:
        run_each_weekly(requests, refresh=False, as_json=False)
    assert seen == ["Billing", "Clinical"]
    assert [str(error) for error in raised.value.exceptions] == ["in Billing", "in Clinical"]
    out = capsys.readouterr().out
    assert out.count("Failed") == 2


def test_sigterm_ends_the_command_and_not_one_agents_round_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def ended(request: WeeklyRequest) -> None:
        seen.append(request.agent_type)
        raise TrainingInterrupted("SIGTERM ended the training.", fix="start it again")

    monkeypatch.setattr("flows.weekly_retrain.weekly_retrain", ended)
    requests = [WeeklyRequest(agent_type=agent) for agent in ("Billing", "Clinical")]
    with pytest.raises(TrainingInterrupted):
        run_each_weekly(requests, refresh=False, as_json=False)
    assert seen == ["Billing"]


def test_a_round_on_a_pool_that_recorded_none_is_not_told_as_the_one_before() -> None:
    first, second = (
        Round(id=name, agent_type="A", outcome="Promoted", reason="Promoted: better", candidate_id="c", baseline_id="b",
              report="r")
        for name in ("round-1", "round-2")
    )  # fmt: skip
    end = FlowEnd("A", completed=True, message="", seconds=1.0)
    assert _on_pool(end, first, second).round == second
    assert _on_pool(end, None, first).round == first
    nothing = _on_pool(end, first, first)
    assert (nothing.outcome, nothing.error) == ("Kept", "")
    assert nothing.round is not None
    assert nothing.round.reason == "Kept: nothing new since the round round-1."
    assert _on_pool(end, None, None).outcome == "Failed"


def test_an_agent_named_twice_has_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(
        "flows.weekly_commands.run_each_weekly", lambda requests, **_: asked.append([r.agent_type for r in requests])
    )
    for words in (["-a", "A", "-a", "B", "-a", "A"], []):
        assert CliRunner().invoke(cli.app, ["weekly", *words]).exit_code == 0
    assert asked == [["A", "B"], ["MedicalQA"]]
