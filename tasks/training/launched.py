"""One process of a training run under `accelerate launch`: `-m tasks.training.launched FOLDER`, see launching.py.

FOLDER holds `job.json`. Progress and log lines of the first process go to the standard output as JSON lines; its
outcome, and how any process failed, go to files in FOLDER. The message of a foreign exception is not among them,
because it may quote a row. A process whose launcher or whose step is gone ends itself: nobody waits for its model.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from dataclasses import asdict
from pathlib import Path

import psutil

from infra.libraries import prepare_libraries
from infra.settings import get_settings
from tasks.errors import RoundsError

WATCH_SECONDS = 1.0
SAVING_SECONDS = 120.0  # what a process that was asked to end has for a last checkpoint


class EventLines(logging.Handler):
    """Writes log records as JSON lines {level, message}."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line at once, so that lines of several processes do not mix."""
        write_event({"level": record.levelno, "message": record.getMessage()})


def write_event(event: dict[str, object]) -> None:
    """Write one event for launching.py to the standard output."""
    sys.stdout.write(json.dumps({"rounds": event}) + "\n")
    sys.stdout.flush()


def main(folder: Path) -> int:
    """Carry out the folder's job as one of several processes; return the exit code."""
    prepare_libraries()
    rank = int(os.environ["RANK"])
    try:
        _watch(*json.loads((folder / "step.json").read_bytes()))
        _train(folder, first=rank == 0)
    except RoundsError as error:
        _tell(folder, rank, {"message": error.what, "fix": error.fix, "kind": type(error).__name__})
        return error.exit_code
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        _tell(folder, rank, {"kind": type(error).__name__, "where": f"{Path(last.filename).name}:{last.lineno}"})
        raise
    return 0


def _train(folder: Path, *, first: bool) -> None:
    import torch
    from accelerate import PartialState

    from tasks.training import jobs, precision, processes

    job = jobs.Job.model_validate_json((folder / "job.json").read_bytes())
    PartialState(cpu=not torch.cuda.is_available())  # joins the others
    precision.use_threads(get_settings().threads, processes.count())
    if first:
        for name in ("tasks", "infra"):
            logging.getLogger(name).addHandler(EventLines())
            logging.getLogger(name).setLevel(logging.INFO)
    outcome = jobs.carry_out(job, _report if first else None)
    if first:
        half = folder / "outcome.half"
        half.write_text(json.dumps(asdict(outcome)), encoding="utf-8")
        half.rename(folder / "outcome.json")
    torch.distributed.destroy_process_group()


def _report(step: int, total: int, loss: float) -> None:
    write_event({"step": step, "total": total, "loss": loss})


def _tell(folder: Path, rank: int, failure: dict[str, str]) -> None:
    (folder / f"failed-{rank}.json").write_text(json.dumps(failure), encoding="utf-8")


def _watch(step_process: int, started: float) -> None:
    """End this process soon after its launcher or the step that it trains for; saving a checkpoint is given time."""
    launcher = os.getppid()

    def look() -> None:
        while os.getppid() == launcher and _runs(step_process, started):
            time.sleep(WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(SAVING_SECONDS)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def _runs(process: int, started: float) -> bool:
    try:
        found = psutil.Process(process)
        return found.create_time() == started and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
