"""Run a training job on several devices: `accelerate launch` with one process a device, watched from here.

The processes' progress and log lines are passed on, what else they print goes to a file. One that fails ends all of
them and the job; none outlives this process. DDP keeps a copy of the model on each device, FSDP parts of it;
infra/accelerate/ holds the settings of both. Not covered: several machines, for which accelerate has its own options.
"""

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import torch

from tasks import errors
from tasks.errors import RoundsError, TrainingError
from tasks.training.callbacks import OnProgress
from tasks.training.jobs import Job, carry_out
from tasks.training.outcomes import Outcome
from tasks.training.processes import most_that_fit, share_of

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "infra" / "accelerate"
PROGRAM = "tasks.training.launched"
SAVING_SECONDS = 120.0  # for a last checkpoint, when the run is asked to end


def train(job: Job, processes: int, strategy: str, on_progress: OnProgress | None) -> Outcome:
    """Carry out the job in this process, or in `processes` of their own; 0 takes one for each GPU.

    Chosen so, no more are taken than the recipe's steps can be dealt to.

    Raises:
        TrainingError: the steps cannot be dealt to as many processes as were asked for, FSDP without GPUs, or a
            process failed.
        RoundsError: what `fine_tune` raises, from whichever process met it first.
    """
    wanted = processes or most_that_fit(job.recipe, torch.cuda.device_count())
    # kto compares the answers of one process; the processes of a full dpo would spoil each other's file of references.
    if job.recipe.objective == "kto" or (job.recipe.objective, job.recipe.method) == ("dpo", "full"):
        wanted = 1
    share_of(job.recipe, wanted)
    if wanted > 1 and strategy == "fsdp" and not torch.cuda.is_available():
        raise TrainingError("FSDP shards over GPUs, and there is none.", fix="ROUNDS_TRAINING_STRATEGY=ddp")
    if torch.cuda.is_available() and wanted > torch.cuda.device_count():
        raise TrainingError(
            f"{wanted} training processes are set, and there are {torch.cuda.device_count()} GPUs.",
            fix="ROUNDS_TRAINING_PROCESSES=0 takes one for each",
        )
    _leave_other_checkpoints(job.work, "sharded" if wanted > 1 and strategy == "fsdp" else "whole")
    if wanted == 1:
        return carry_out(job, on_progress)
    return launch(job, wanted, strategy, on_progress)


def _leave_other_checkpoints(work: Path, kind: str) -> None:
    """Remove checkpoints that this kind of run cannot go on from: FSDP writes other files."""
    mark = work / "checkpoints-are"
    if mark.exists() and mark.read_text(encoding="ascii") != kind:
        log.warning("starts anew: the checkpoints are of another strategy")
        shutil.rmtree(work)
    work.mkdir(parents=True, exist_ok=True)
    mark.write_text(kind, encoding="ascii")


def launch(job: Job, processes: int, strategy: str, on_progress: OnProgress | None) -> Outcome:
    """Carry out the job with `processes` processes under `strategy`, ddp or fsdp; SIGTERM is passed on to them.

    Raises:
        TrainingError: a process failed. The others have been ended; checkpoints stay.
    """
    folder = prepare(job)
    log.info("launches processes=%d strategy=%s method=%s", processes, strategy, job.recipe.method)
    with (
        subprocess.Popen(
            command(folder, processes, strategy, job.recipe.method),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,  # what a terminal sends to all reaches the processes through this one alone
        ) as launcher,
        _ended_with_this(launcher),
    ):
        _follow(launcher, folder / "output.log", on_progress)
        code = launcher.wait()
    outcome = folder / "outcome.json"
    if code != 0 or not outcome.exists():
        raise _failure(folder, processes)
    return Outcome(**json.loads(outcome.read_bytes()))


def prepare(job: Job) -> Path:
    """Write what the processes read, the job and who waits for it, into a folder of the launch's own; return that."""
    folder = job.work / "launch"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(job.model_dump_json(), encoding="utf-8")
    (folder / "step.json").write_text(json.dumps([os.getpid(), psutil.Process().create_time()]), encoding="utf-8")
    return folder


def command(folder: Path, processes: int, strategy: str, method: str) -> list[str]:
    """Return the command line that carries out the job in `folder`, without one word of its content."""
    options = ["--config_file", str(CONFIGS / f"{strategy}.yaml"), "--num_processes", str(processes)]
    if strategy == "ddp":
        options.append("--multi_gpu")
    elif method == "qlora":  # 4-bit weights are sharded as they are, which every process has to have loaded
        options += ["--fsdp_cpu_ram_efficient_loading", "false"]
    program = [sys.executable, "-m", "accelerate.commands.launch"]
    return [*program, *options, "-m", PROGRAM, str(folder)]


def _follow(launcher: "subprocess.Popen[bytes]", output: Path, on_progress: OnProgress | None) -> None:
    """Pass events on until the output ends; other lines, which may quote anything, stay in the data folder."""
    assert launcher.stdout is not None
    with output.open("wb") as file:
        for line in launcher.stdout:
            event = _event(line)
            if event is None:
                file.write(line)
                file.flush()
            elif "message" in event:
                log.log(event["level"], "%s", event["message"])
            elif on_progress:
                on_progress(event["step"], event["total"], event["loss"])


def _event(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(b'{"rounds": '):
        return None
    try:
        event: dict[str, Any] = json.loads(line)["rounds"]
    except ValueError:
        return None
    return event


@contextlib.contextmanager
def _ended_with_this(launcher: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Pass SIGTERM on to the processes, then let it do to this one what it does; leave none of them behind."""
    received = False

    def pass_on(*_: object) -> None:
        nonlocal received
        received = True
        _ask_to_end(launcher)

    in_main = threading.current_thread() is threading.main_thread()  # elsewhere Python lets nobody take signals
    previous = signal.signal(signal.SIGTERM, pass_on) if in_main else None
    try:
        yield
    finally:
        if launcher.poll() is None:  # an interruption
            _end(launcher)
        if in_main:
            signal.signal(signal.SIGTERM, previous)
        if received:
            os.kill(os.getpid(), signal.SIGTERM)


def _ask_to_end(launcher: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """Send SIGTERM to the training processes, and to the launcher if it has none yet.

    Not to a launcher at work: it would give them 30 seconds and then kill them in the middle of a checkpoint.
    """
    asked: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(launcher.pid)
        asked = parent.children(recursive=True) or [parent]
    for process in asked:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    return asked


def _end(launcher: "subprocess.Popen[bytes]") -> None:
    _, left = psutil.wait_procs(_ask_to_end(launcher), timeout=SAVING_SECONDS)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        launcher.wait(10)
    launcher.kill()


def _failure(folder: Path, processes: int) -> RoundsError:
    """Return what the failed processes told: the first error of ours, else where each one stopped."""
    files = sorted(folder.glob("failed-*.json"), key=lambda path: path.stat().st_mtime_ns)
    told = {int(path.stem.rpartition("-")[2]): json.loads(path.read_bytes()) for path in files}
    for failure in told.values():
        if "message" in failure:
            kind: type[RoundsError] = getattr(errors, failure["kind"], TrainingError)
            return kind(failure["message"], fix=failure["fix"])
    ends = [
        f"process {rank} stopped with {told[rank]['kind']} at {told[rank]['where']}"
        if rank in told
        else f"process {rank} was ended without a word"
        for rank in range(processes)
    ]
    return TrainingError(
        f"Training on {processes} processes failed: {'; '.join(ends)}.",
        fix=f"see {folder / 'output.log'}; one that was ended may have been killed for memory: raise"
        " gradient_accumulation, or start again and it goes on from its last checkpoint",
    )
