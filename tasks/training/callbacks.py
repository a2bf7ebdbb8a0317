"""What happens beside the training steps: progress, speed, a guard on the loss, the marks of complete checkpoints."""

import logging
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tasks.errors import TrainingError

log = logging.getLogger(__name__)

COMPLETE = "complete"
LOG_SECONDS = 10.0

OnProgress = Callable[[int, int, float], None]


class Watch(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Reports step, total and loss; adds tokens per second to the log; stops a run whose loss is not finite."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._busy = 0.0
        self._began = 0.0
        self._logged = 0.0
        self._tokens: float | None = None

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Start the clock: evaluation and checkpoints are not counted in the speed."""
        self._began = time.perf_counter()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Stop the clock."""
        self._busy += time.perf_counter() - self._began

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Check the loss, then report.

        Raises:
            TrainingError: the training or evaluation loss is infinite or no number.
        """
        values = logs or {}
        for name in ("loss", "eval_loss"):
            if name in values and not math.isfinite(values[name]):
                raise TrainingError(
                    f"The {name} is {values[name]} at step {state.global_step}.",
                    fix="lower learning_rate or raise warmup_steps in the recipe",
                )
        if "loss" not in values:
            return
        if self._tokens is not None and self._busy > 0:
            speed = (values["num_tokens"] - self._tokens) / self._busy
            state.log_history[-1]["tokens_per_second"] = round(speed, 1)
        self._tokens, self._busy = values["num_tokens"], 0.0
        if self._on_progress:
            self._on_progress(state.global_step, state.max_steps, values["loss"])
        if time.monotonic() - self._logged >= LOG_SECONDS:
            self._logged = time.monotonic()
            log.info(
                "training step=%d of=%d loss=%.4f tokens_per_second=%.0f",
                state.global_step,
                state.max_steps,
                values["loss"],
                state.log_history[-1].get("tokens_per_second", math.nan),
            )


class MarkComplete(TrainerCallback):  # type: ignore[misc]
    """Marks a checkpoint once all of it is written: a killed run may leave half of one behind."""

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Write the mark."""
        if state.is_world_process_zero and args.output_dir:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


def last_complete_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint in `folder` that was written to its end; half-written ones are removed."""
    checkpoints = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    for half in [path for path in checkpoints if not (path / COMPLETE).exists()]:
        shutil.rmtree(half)
        checkpoints.remove(half)
    return checkpoints[-1] if checkpoints else None
