"""When a run ends before its last step, and which weights it keeps.

The weights kept are those of the lowest validation loss. A run ends early after `patience` evaluations without a lower
one (Prechelt 1998), and with an error when its loss is no number or has diverged. All of it is read from the history
that checkpoints carry, so that a resumed run decides as an undisturbed one. Not covered: which checkpoint is resumed
from, and how it is written.
"""

import logging
import math
import shutil
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tasks.errors import TrainingError

log = logging.getLogger(__name__)

DIVERGED = 3.0  # times the first loss: a model that has lost its language ends near the logarithm of its vocabulary
LEAST_FIRST_LOSS = 1.0  # nats a token: from nearly nothing, a loss may rise threefold by chance
DIVERGED_LOGS = 5  # in a row; a run logs about a hundred times


class KeepBest(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Has the best weights saved when they are found, and ends a run that has stopped getting better."""

    def __init__(self, patience: int | None) -> None:
        self._patience = patience

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Find the best checkpoint again where the work folder is now."""
        if state.best_global_step:
            state.best_model_checkpoint = str(_checkpoint(args, state.best_global_step))

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Save a new best; stop if none was found for too long."""
        losses = [row["eval_loss"] for row in state.log_history if "eval_loss" in row]
        since_best = len(losses) - 1 - losses.index(min(losses))
        if since_best == 0:
            control.should_save = True
        elif self._patience and since_best >= self._patience and state.global_step < state.max_steps:
            log.info("stopped early step=%d of=%d best_step=%d", state.global_step, state.max_steps, _best_step(state))
            control.should_training_stop = True
            control.should_save = False  # a run resumed from here would go on; from an earlier one it stops here again


class LossGuard(TrainerCallback):  # type: ignore[misc]
    """Ends a run whose loss is no number or has diverged, and leaves no checkpoint behind that may be broken.

    Diverged is a training loss above `DIVERGED` times the first one (or one nat, if that is more) in `DIVERGED_LOGS`
    logs in a row.
    """

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Look at the loss before each checkpoint."""
        control.should_log = control.should_log or control.should_save

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Look at the newest losses.

        Raises:
            TrainingError: one is infinite or no number, or the training loss has diverged.
        """
        newest = state.log_history[-1]
        for name in ("loss", "eval_loss"):
            if name in newest and not math.isfinite(newest[name]):
                self._stop(args, state, f"The {name} is {newest[name]} at step {state.global_step}.")
        losses = [row["loss"] for row in state.log_history if "loss" in row]
        if "loss" in newest and len(losses) > DIVERGED_LOGS and min(losses[-DIVERGED_LOGS:]) > _limit(state):
            what = (
                f"The loss has diverged: above {_limit(state):.2f} since {DIVERGED_LOGS} logs,"
                f" {losses[-1]:.2f} at step {state.global_step}, {losses[0]:.2f} at first."
            )
            self._stop(args, state, what)

    def _stop(self, args: TrainingArguments, state: TrainerState, what: str) -> None:
        kept = _keep_proven(args, state)
        saved = f"The checkpoint of step {kept} is kept." if kept else "There is no checkpoint from before."
        raise TrainingError(f"{what} {saved}", fix="lower learning_rate or raise warmup_steps in the recipe")


def _keep_proven(args: TrainingArguments, state: TrainerState) -> int | None:
    """Remove checkpoints whose weights no loss has proven, and return the step of the newest one left.

    A step's loss is that of the weights before it; an evaluation's, of the weights themselves.
    """
    limit = _limit(state)
    fine = [row["step"] for row in state.log_history if row.get("loss", math.inf) <= limit]
    evaluated = {row["step"] for row in state.log_history if row.get("eval_loss", math.inf) <= limit}
    kept = []
    for folder in Path(args.output_dir).glob("checkpoint-*"):
        step = int(folder.name.rpartition("-")[2])
        if step in evaluated or step < max(fine, default=0):
            kept.append(step)
        elif state.is_world_process_zero:
            shutil.rmtree(folder)
    return max(kept, default=None)


def _limit(state: TrainerState) -> float:
    first = next(row["loss"] for row in state.log_history if "loss" in row)
    return DIVERGED * max(first, LEAST_FIRST_LOSS) if math.isfinite(first) else -math.inf


def _best_step(state: TrainerState) -> int:
    evaluated = [(row["eval_loss"], row["step"]) for row in state.log_history if "eval_loss" in row]
    return int(min(evaluated)[1])


def _checkpoint(args: TrainingArguments, step: int) -> Path:
    return Path(args.output_dir) / f"checkpoint-{step}"
