"""What happens beside the training steps: progress and speed."""

import logging
import math
import time
from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

log = logging.getLogger(__name__)

LOG_SECONDS = 10.0

OnProgress = Callable[[int, int, float], None]


class Watch(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Reports step, total and loss; adds tokens per second to the log."""

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
        """Report."""
        values = logs or {}
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
