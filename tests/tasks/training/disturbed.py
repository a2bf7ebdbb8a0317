"""Runs that are ended from outside, each attempt in a child of one process, which pays for the imports once.

`python -m tests.tasks.training.disturbed jobs.json`: a job's attempts end in turn as it says, the last one by itself.
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import torch
from trl import SFTTrainer

from tasks.errors import TrainingInterrupted
from tasks.records import Recipe
from tasks.training import arguments, checkpoints, fine_tuning, merging

KILLED, INTERRUPTED, TERMINATED = -signal.SIGKILL, TrainingInterrupted.exit_code, -signal.SIGTERM
ENDS = {
    "in a step": KILLED,
    "while writing": KILLED,
    "before the mark": KILLED,
    "while merging": KILLED,
    "SIGTERM": INTERRUPTED,
    "SIGTERM twice": TERMINATED,
}


def before(owner: Any, name: str, act: Callable[..., None]) -> None:
    """Have `act` called with the same arguments before each call of a function."""
    original = getattr(owner, name)

    def replaced(*args: Any, **kwargs: Any) -> Any:
        act(*args, **kwargs)
        return original(*args, **kwargs)

    setattr(owner, name, replaced)


def end(*signals: signal.Signals) -> None:
    for number in signals:
        os.kill(os.getpid(), number)


def disturb(how: str, at: int) -> None:
    """Prepare this process to be ended at the first chance in or after step `at`, counted from 0."""
    reached = False

    def step(trainer: SFTTrainer, *_: Any, **__: Any) -> None:
        nonlocal reached
        if trainer.state.global_step >= at and not reached:
            reached = True
            if how == "in a step":
                end(signal.SIGKILL)
            if how.startswith("SIGTERM"):
                end(*[signal.SIGTERM] * (2 if how.endswith("twice") else 1))

    def save(_: Any, path: Any, *__: Any, **___: Any) -> None:
        if reached and how == "while writing" and str(path).endswith("optimizer.pt"):
            Path(path).write_bytes(b"half of an optimizer")
            end(signal.SIGKILL)

    before(SFTTrainer, "training_step", step)
    before(torch, "save", save)
    if how == "before the mark":
        before(checkpoints, "mark_complete", lambda _: end(signal.SIGKILL) if reached else None)
    if how == "while merging":
        before(merging, "save_finished", lambda *_: end(signal.SIGKILL))


def attempt(job: dict[str, Any]) -> None:
    """Run the job's command; what it reports goes into `outcome.json`."""
    arguments.LOGGED_STEPS = job["logged_steps"]
    folder = Path(job["folder"])
    outcome = fine_tuning.fine_tune(
        Recipe(**job["recipe"]), job["base"], None, job["rows"], job["rows"][:4], redaction="test 1",
        work=folder / "work", tensorboard=folder / "log", merged=folder / "merged",
    )  # fmt: skip
    (folder / "outcome.json").write_bytes(orjson.dumps(asdict(outcome)))


def ended(job: dict[str, Any], disturbance: tuple[str, int] | None) -> int:
    """Return how an attempt in a child ended: its exit code, or minus the number of the signal that ended it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        if disturbance:
            disturb(*disturbance)
        attempt(job)
    except TrainingInterrupted as error:
        os._exit(error.exit_code)
    os._exit(0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for job_ in orjson.loads(Path(sys.argv[1]).read_bytes()):
        ends = [ended(job_, disturbance) for disturbance in [*job_["disturbances"], None]]
        Path(job_["folder"], "ends.json").write_bytes(orjson.dumps(ends))
