import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tasks.errors import PrivacyError, RoundsError, TrainingError
from tasks.records import Artifact
from tasks.training import launching
from tasks.training.jobs import Job
from tests.tasks.training.conftest import recipe_of

NOTHING = Artifact(key="dataset/00/none.jsonl", sha256="0" * 64, bytes=0)
FAILING = "tests.tasks.training.failing_processes"


def job_of(work: Path, behaviour: str) -> Job:
    return Job(
        recipe=recipe_of(name=behaviour), source="none", revision=None, train=NOTHING, validation=NOTHING,
        redaction="test 1", work=work, tensorboard=work / "tensorboard",
    )  # fmt: skip


def started(work: Path, seconds: float = 120) -> list[psutil.Process]:
    """Return the two training processes, once both have noted their ids."""
    return [psutil.Process(int(text)) for text in wait_for(lambda: _read(work), seconds)]


def _read(work: Path) -> list[str]:
    texts = [(work / f"process-{rank}") for rank in (0, 1)]
    found = [path.read_text() for path in texts if path.exists()]
    return found if len(found) == 2 and all(found) else []


def wait_for(look: Callable[[], list[str]], seconds: float) -> list[str]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("nothing came")


def those_of(work: Path) -> list[psutil.Process]:
    """Return every process that has the run's folder among its words."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if str(work / "launch") in words and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


@pytest.fixture(autouse=True)
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(launching, "PROGRAM", FAILING)
    yield
    for process in those_of(tmp_path):
        process.kill()


@pytest.mark.parametrize(
    ("behaviour", "kind", "told"),
    [
        ("raises", TrainingError, "process 1 stopped with KeyError at failing_processes.py"),
        ("refuses", PrivacyError, "A row has no certificate"),
        ("dies", TrainingError, "process 1 was ended without a word"),
    ],
)
def test_one_failed_process_ends_the_others_and_says_why(
    behaviour: str, kind: type[RoundsError], told: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=told) as caught:
        launching.launch(job_of(tmp_path, behaviour), 2, "ddp", None)
    assert "words of a row" not in str(caught.value)
    assert those_of(tmp_path) == []


LAUNCH = """
import sys
from pathlib import Path
from tasks.training import launching
from tests.tasks.training.test_launching import FAILING, job_of
launching.PROGRAM = FAILING
launching.launch(job_of(Path(sys.argv[1]), sys.argv[2]), 2, "ddp", lambda *seen: print(*seen, flush=True))
"""


@pytest.mark.parametrize(
    ("sent", "saved"), [(signal.SIGTERM, True), (signal.SIGKILL, True)], ids=["SIGTERM", "SIGKILL"]
)
def test_a_step_that_is_ended_takes_its_processes_with_it_and_lets_them_save(
    sent: signal.Signals, saved: bool, tmp_path: Path
) -> None:
    with subprocess.Popen([sys.executable, "-c", LAUNCH, str(tmp_path), "saves"], stdout=subprocess.PIPE) as step:
        processes = started(tmp_path)
        assert step.stdout is not None
        assert step.stdout.readline() == b"1 2 0.5\n"  # progress comes through
        os.kill(step.pid, sent)
        _, left = psutil.wait_procs(processes, timeout=120)
        assert left == []
        assert step.wait(60) == -sent
    assert [(tmp_path / f"saved-{rank}").exists() for rank in (0, 1)] == [saved, saved]
    assert "a library's own line" in (tmp_path / "launch" / "output.log").read_text()
    _, left = psutil.wait_procs(those_of(tmp_path), timeout=120)
    assert left == []


@pytest.mark.parametrize(
    ("objective", "method", "launched"),
    [("sft", "full", True), ("dpo", "lora", True), ("dpo", "full", False), ("kto", "lora", False)],
)
def test_what_cannot_be_dealt_to_processes_takes_one(
    objective: str, method: str, launched: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(launching, "launch", lambda *_: seen.append("several"))
    monkeypatch.setattr(launching, "carry_out", lambda *_: seen.append("one"))
    job = job_of(tmp_path, "none").model_copy(update={"recipe": recipe_of(objective=objective, method=method)})
    launching.train(job, 2, "ddp", None)
    assert seen == ["several" if launched else "one"]


def test_the_command_line_and_the_job_hold_keys_and_folders_only(tmp_path: Path) -> None:
    folder = launching.prepare(job_of(tmp_path, "none"))
    assert launching.command(folder, 4, "fsdp", "qlora")[-1] == str(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["job.json", "step.json"]
    assert Job.model_validate_json((folder / "job.json").read_bytes()) == job_of(tmp_path, "none")


def test_more_processes_than_the_step_or_the_machine_allows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be split over 3"):
        launching.train(job_of(tmp_path, "none"), 3, "ddp", None)
    with pytest.raises(TrainingError, match="FSDP shards over GPUs"):
        launching.train(job_of(tmp_path, "none"), 2, "fsdp", None)


def test_checkpoints_of_another_strategy_are_left(tmp_path: Path) -> None:
    launching._leave_other_checkpoints(tmp_path / "work", "whole")
    (tmp_path / "work" / "checkpoint-4").mkdir()
    launching._leave_other_checkpoints(tmp_path / "work", "whole")
    assert (tmp_path / "work" / "checkpoint-4").exists()
    launching._leave_other_checkpoints(tmp_path / "work", "sharded")
    assert not (tmp_path / "work" / "checkpoint-4").exists()
