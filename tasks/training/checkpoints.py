"""Checkpoints that a run goes on from after `kill -9`, SIGTERM, a full disk, or a file that the disk damaged.

transformers writes a checkpoint's files one after the other: weights or adapter, optimizer, schedule, states of the
random generators, and the step, which is also the position in the data, because the order is fixed beforehand. A
checkpoint counts once its mark `complete` is there. The mark is written last, after every file was forced to the disk
(fsync), under another name and then renamed: so its existence is the one moment at which the checkpoint begins to be
valid, as with renaming the folder, without replacing how transformers names folders. The mark lists the size and
CRC-32 of every file; a checkpoint that differs is passed over. An older one is removed only when a newer one is marked.

This works beside any transformers Trainer that reads its examples in a fixed order. A run loses at most what it did
since its last checkpoint: besides `save_steps` one is written every SAVE_SECONDS, more seldom if writing would take
more than WRITING_SHARE of the time. SIGTERM comes through termination.py, too little memory through out_of_memory.py.
"""

import errno
import json
import logging
import os
import shutil
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tasks.errors import TrainingError, TrainingInterrupted
from tasks.training import processes
from tasks.training.termination import noticing_termination

log = logging.getLogger(__name__)

COMPLETE = "complete"
UNLOGGED = "loss_since_log.json"
KEPT = 2  # the newest may turn out damaged; the best one is kept besides
SAVE_SECONDS = 600.0
WRITING_SHARE = 0.02
CHUNK = 1 << 22
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FULL_WORDS = (*(os.strerror(number) for number in FULL), "PytorchStreamWriter failed writing", "file write failed")


def train(trainer: Trainer) -> None:
    """Train to the end, from the last complete checkpoint in the trainer's `output_dir` if there is one.

    The weights, the rows of `log_history` and the order of examples are those of a run that nothing disturbed.

    Raises:
        TrainingInterrupted: SIGTERM came; the step was ended and a checkpoint written first.
        TrainingError: the disk is full; the checkpoint before is still there.
    """
    folder = Path(trainer.args.output_dir)
    checkpoint = processes.one_after_another(lambda: last_complete_checkpoint(folder))
    log.info("training from=%s", checkpoint.name if checkpoint else "start")
    trainer.args.save_total_limit = None  # transformers removes the earlier one before the new one is marked
    with noticing_termination() as terminated, explained_full_disk(folder):
        trainer.add_callback(SafeCheckpoints(trainer, checkpoint, terminated))
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if terminated():
        raise _interrupted(trainer.state)


class SafeCheckpoints(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Asks for checkpoints by the clock and on SIGTERM, marks them as complete, and removes the older ones."""

    def __init__(self, trainer: Trainer, resumed_from: Path | None, terminated: Callable[[], bool]) -> None:
        self._trainer = trainer
        self._resumed_from = resumed_from
        self._terminated = terminated
        self._saved = self._writing = time.monotonic()
        self._wait_seconds = SAVE_SECONDS

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Restore what transformers does not: the loss of the steps since the last row of the log."""
        self._saved = time.monotonic()
        if self._resumed_from is not None:
            unlogged = json.loads((self._resumed_from / UNLOGGED).read_bytes())
            self._trainer._tr_loss += unlogged["loss"]
            self._trainer._globalstep_last_logged = unlogged["logged_step"]

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Ask for a checkpoint when one is due by the clock, or at once after SIGTERM."""
        self._writing = time.monotonic()
        if self._on_any_rank(self._terminated() or self._writing - self._saved >= self._wait_seconds):
            control.should_save = True

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Ask for a checkpoint after SIGTERM during the evaluation, instead of doing another step first.

        Not where the run stops early, which leaves none, so that a run resumed from an earlier one stops here again.
        """
        self._writing = time.monotonic()
        if not control.should_training_stop and self._on_any_rank(self._terminated()):
            control.should_save = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Mark the checkpoint that was just written, then remove the ones that are not needed any more.

        Raises:
            TrainingInterrupted: SIGTERM had come.
        """
        loss = self._trainer.accelerator.reduce(self._trainer._tr_loss.clone(), "mean")
        args.distributed_state.wait_for_everyone()  # each process has written its generators by now
        if state.is_world_process_zero:
            folder = Path(args.output_dir)
            checkpoint = folder / f"checkpoint-{state.global_step}"
            unlogged = {"loss": loss.item(), "logged_step": self._trainer._globalstep_last_logged}
            (checkpoint / UNLOGGED).write_text(json.dumps(unlogged), encoding="utf-8")
            mark_complete(checkpoint)
            _remove_older(folder, best=state.best_model_checkpoint)
        args.distributed_state.wait_for_everyone()  # one that ends would have the others ended
        self._saved = time.monotonic()
        self._wait_seconds = max(SAVE_SECONDS, (self._saved - self._writing) / WRITING_SHARE)
        if self._on_any_rank(self._terminated()):
            raise _interrupted(state)

    def _on_any_rank(self, wanted: bool) -> bool:
        """Let all processes do the same: their clocks differ, and a signal reaches them at different steps."""
        if self._trainer.args.world_size == 1:
            return wanted
        vote = torch.tensor(float(wanted), device=self._trainer.args.device)
        torch.distributed.all_reduce(vote, op=torch.distributed.ReduceOp.MAX)
        return bool(vote.item())


def last_complete_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint in `folder` that is complete and undamaged; newer ones and halves are removed.

    All of the newest checkpoint is read, at about a second for 4 GB.
    """
    found: Path | None = None
    for checkpoint in reversed(_checkpoints(folder)):
        marked = (checkpoint / COMPLETE).exists()
        if found is None and marked and is_complete(checkpoint):
            found = checkpoint
        elif found is None or not marked:
            log.warning("checkpoint passed over name=%s because=%s", checkpoint.name, "damaged" if marked else "half")
            shutil.rmtree(checkpoint, ignore_errors=True)  # another process of the run may do the same
    return found


def mark_complete(checkpoint: Path) -> None:
    """Force all files of a checkpoint to the disk, then write the mark that makes it one to go on from."""
    (checkpoint / COMPLETE).unlink(missing_ok=True)
    files = [path for path in sorted(checkpoint.rglob("*")) if path.is_file()]
    sums = {str(path.relative_to(checkpoint)): [path.stat().st_size, _crc32(path)] for path in files}
    unfinished = checkpoint / f"{COMPLETE}.part"
    unfinished.write_text(json.dumps(sums), encoding="utf-8")
    folders = [path for path in checkpoint.rglob("*") if path.is_dir()]
    for path in (*files, unfinished, *folders, checkpoint, checkpoint.parent):
        _force_to_disk(path)
    unfinished.rename(checkpoint / COMPLETE)
    _force_to_disk(checkpoint)


def is_complete(checkpoint: Path) -> bool:
    """Return whether the mark is there and every file has the size and the CRC-32 that the mark says."""
    try:
        sums: dict[str, list[int]] = json.loads((checkpoint / COMPLETE).read_bytes())
        sizes_hold = all((checkpoint / name).stat().st_size == size for name, (size, _) in sums.items())
        return sizes_hold and all(_crc32(checkpoint / name) == crc for name, (_, crc) in sums.items())
    except (OSError, ValueError, TypeError, AttributeError):  # a mark that is no such mapping is damage too
        return False


@contextmanager
def explained_full_disk(folder: Path) -> Iterator[None]:
    """Turn what the libraries say when the disk under `folder` is full into one error, and free what was half written.

    Raises:
        TrainingError: the disk, a quota or the largest file size was reached.
    """
    try:
        yield
    except Exception as error:
        if not _says_full_disk(error):
            raise
        for checkpoint in _checkpoints(folder):
            if not (checkpoint / COMPLETE).exists():
                shutil.rmtree(checkpoint, ignore_errors=True)
        left = [checkpoint.name for checkpoint in _checkpoints(folder)]
        raise TrainingError(
            f"The disk is full: {folder} takes no further file"
            f" ({shutil.disk_usage(folder).free / 2**30:.2f} GiB are free).",
            fix=f"free space there; the same command goes on from {left[-1] if left else 'the start'}",
        ) from error


def _says_full_disk(error: BaseException | None) -> bool:
    """Follow the chain: torch's zip writer hides the first error behind one about its position in the file."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        if any(words in str(error) for words in FULL_WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False


def _interrupted(state: TrainerState) -> TrainingInterrupted:
    return TrainingInterrupted(
        f"SIGTERM ended the training after step {state.global_step} of {state.max_steps}; a checkpoint holds it.",
        fix="start the same command again: it goes on from there",
    )


def _checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints in `folder`, complete or not, by their step."""
    found = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdecimal()]
    return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]))


def _remove_older(folder: Path, best: str | None) -> None:
    for checkpoint in _checkpoints(folder)[:-KEPT]:
        if best is None or checkpoint.name != Path(best).name:
            shutil.rmtree(checkpoint)


def _crc32(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            value = zlib.crc32(chunk, value)
    return value


def _force_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL or not path.is_dir():  # some network disks cannot force a folder
            raise
    finally:
        os.close(descriptor)
