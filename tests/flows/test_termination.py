"""SIGTERM while a round trains: a checkpoint is written, the command ends with 143, and the same command goes on."""

import signal
import time
from pathlib import Path

import pytest

from tests.flows.workplace import Hospital, end_group, finish, load, start, stop_database, working_in


@pytest.mark.slow
def test_a_round_that_is_terminated_while_it_trains_says_so_and_goes_on(
    prefect: str, outside: dict[str, str], hospital: Hospital, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    recipe = tmp_path / "many-steps.yaml"
    recipe.write_text(hospital.recipe.read_text().replace("max_steps: 3", "max_steps: 12"))
    command = (
        "weekly", "--json", "--literature", str(hospital.papers), "--recipe", str(recipe),
        "--base-model", str(hospital.base), "--min-examples", "20", "--held-out-limit", "6",
    )  # fmt: skip
    with working_in(data):
        load(hospital.chats)
    try:
        process = start(data, *command, **outside)
        try:
            deadline = time.monotonic() + 240
            while process.poll() is None and not list(data.glob("work/training/run-*/checkpoint-*/complete")):
                assert time.monotonic() < deadline, "it never trained"
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            terminated = finish(process)
        finally:
            end_group(process)
        assert terminated.code == 143, terminated.err
        assert terminated.json["error"] == "TrainingInterrupted"
        left = {path.parent.name for path in data.glob("work/training/run-*/checkpoint-*/complete")}
        step = terminated.json["what"].partition("step ")[2].split()[0]
        assert f"checkpoint-{step}" in left

        ended = finish(start(data, *command, **outside), seconds=600)
        assert ended.code == 0, ended.err
        assert not list(data.glob("work/training/*"))
    finally:
        stop_database(data)
