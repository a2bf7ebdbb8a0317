"""`kill -9` at any stage, then the same command again: it goes on, and the end is that of an undisturbed round."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.database import connect
from tasks.registry import outcomes, rounds, versions
from tests.flows.workplace import (
    Ended,
    Hospital,
    Played,
    damaged_artifacts,
    end_group,
    finish,
    kill_when,
    load,
    start,
    stop_database,
    working_in,
)

# Where a round is, as its files tell.
STAGES: dict[str, Callable[[Path], bool]] = {
    "while chats are redacted": lambda data: _any(data, "artifacts/raw-chats/*/*.jsonl"),
    "when the shards are recorded": lambda data: len(list(data.glob("artifacts/redacted/*/*.jsonl"))) == 2,
    "while it trains": lambda data: _any(data, "work/training/run-*/checkpoint-*/complete"),
    "while it merges": lambda data: _any(data, "work/training/run-*/merged"),
    "while it quantises": lambda data: _any(data, "artifacts/gguf/*/*.gguf"),
    "while it answers": lambda data: _any(data, "work/answers/*.jsonl"),
    "when the report is there": lambda data: _any(data, "reports/*/index.html"),
}


@dataclass(frozen=True)
class Result:
    """What must be the same, whatever happened on the way."""

    round_id: str
    outcome: str
    reason: str
    dataset: str
    shards: tuple[str, ...]
    gguf: tuple[str, ...]
    history: tuple[tuple[str | None, str], ...]


def result_in(data: Path) -> Result:
    with working_in(data), connect() as connection:
        (ended,) = rounds.last_rounds(connection)
        story = outcomes.show(connection, ended.candidate_id)
        assert len(versions.models(connection)) == 2
        count = connection.execute("select count(*) from weekly_runs").fetchone()
    assert count == (1,)
    assert story.dataset is not None
    return Result(
        ended.id, ended.outcome, ended.reason, story.dataset.id, story.dataset.shards,
        tuple(file.artifact.sha256 for file in story.version.files),
        tuple((change.from_stage, change.to_stage) for change in story.history),
    )  # fmt: skip


def weekly(data: Path, hospital: Hospital, outside: dict[str, str]) -> subprocess.Popen[str]:
    return start(
        data, "weekly", "--json", "--literature", str(hospital.papers), "--recipe", str(hospital.recipe),
        "--base-model", str(hospital.base), "--min-examples", "20", "--held-out-limit", "6", **outside,
    )  # fmt: skip


@pytest.fixture
def data(prefect: str, tmp_path: Path, hospital: Hospital) -> Iterator[Path]:
    """Load the chats into a data folder; its database is stopped at the end."""
    folder = tmp_path / "data"
    with working_in(folder):
        load(hospital.chats)
    yield folder
    stop_database(folder)


@pytest.fixture(scope="module")
def expected(undisturbed: Played) -> Result:
    return result_in(undisturbed.data)


def kill_and_repeat(data: Path, hospital: Hospital, outside: dict[str, str], *stages: str) -> Ended:
    """Kill a round at each of the stages, look at what it left, and let the last one end."""
    for stage in stages:
        process = weekly(data, hospital, outside)
        try:
            killed = kill_when(process, lambda stage=stage: STAGES[stage](data))  # type: ignore[misc]
        finally:
            end_group(process)
        assert killed, f"the round ended before it could be killed {stage}"
        assert damaged_artifacts(data) == []
    return finish(weekly(data, hospital, outside))


def assert_as_undisturbed(ended: Ended, data: Path, expected: Result) -> None:
    assert ended.code == 0, ended.err
    assert ended.json["round"]["id"] == expected.round_id
    assert result_in(data) == expected
    assert damaged_artifacts(data) == []
    assert not _any(data, "artifacts/raw-*/*/*.jsonl", holding_rows=True)
    assert not _any(data, "work/*/*")


def test_a_round_killed_while_it_trains_ends_like_an_undisturbed_one(
    data: Path, hospital: Hospital, outside: dict[str, str], expected: Result
) -> None:
    ended = kill_and_repeat(data, hospital, outside, "while it trains")
    assert_as_undisturbed(ended, data, expected)
    assert "redact shard" not in ended.err
    assert "build dataset" in ended.err
    assert "unchanged, not repeated" in ended.err


@pytest.mark.slow
@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "while it trains"])
def test_a_round_killed_once_ends_like_an_undisturbed_one(
    stage: str, data: Path, hospital: Hospital, outside: dict[str, str], expected: Result
) -> None:
    assert_as_undisturbed(kill_and_repeat(data, hospital, outside, stage), data, expected)


@pytest.mark.slow
def test_a_round_killed_at_every_stage_in_turn_ends_like_an_undisturbed_one(
    data: Path, hospital: Hospital, outside: dict[str, str], expected: Result
) -> None:
    in_turn = ("when the shards are recorded", "while it trains", "while it quantises", "when the report is there")
    assert_as_undisturbed(kill_and_repeat(data, hospital, outside, *in_turn), data, expected)


@pytest.mark.slow
def test_a_killed_command_with_a_prefect_of_its_own_goes_on(data: Path, hospital: Hospital, expected: Result) -> None:
    """Without a server: its temporary one survives the kill, and must not be in the way of the next."""
    processes = [weekly(data, hospital, {})]
    try:
        assert kill_when(processes[0], lambda: STAGES["when the shards are recorded"](data))
        processes.append(weekly(data, hospital, {}))
        ended = finish(processes[1])
    finally:
        for process in processes:
            end_group(process)
    assert_as_undisturbed(ended, data, expected)


def _any(data: Path, pattern: str, *, holding_rows: bool = False) -> bool:
    return any(path.stat().st_size or not holding_rows for path in data.glob(pattern))
