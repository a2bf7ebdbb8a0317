"""A trainer whose losses are means over label tokens, however a step or an evaluation is cut into micro-batches.

The library's trainer divides a step's loss by the step's label tokens only for models whose `forward` takes any
keyword, and averages an evaluation over its batches, so that its value changes with their size. Under several
processes the last evaluation batch may repeat an example, as the library's sampler does.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers.trainer_utils import EvalLoopOutput
from trl import SFTTrainer

from tasks.training.chat_format import IGNORED


class TokenMeanTrainer(SFTTrainer):  # type: ignore[misc]  # trl is untyped here
    """Supervised trainer with token-weighted losses in steps and evaluations."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.model_accepts_loss_kwargs = True  # TRL's own loss takes the step's tokens, whatever the model's forward
        self._loss_shifts_labels = True  # causal: a row's first token is nobody's next
        self._evaluated = torch.zeros(2, dtype=torch.float64)

    def prediction_step(
        self,
        model: torch.nn.Module,
        inputs: Mapping[str, Tensor],
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Return the mean loss of one batch, and add it to the evaluation's sum."""
        tokens = (inputs["labels"][..., 1:] != IGNORED).sum().cpu()
        loss, logits, labels = super().prediction_step(model, inputs, prediction_loss_only, ignore_keys)
        self._evaluated += torch.stack([loss.detach().cpu().double() * tokens, tokens.double()])
        return loss, logits, labels

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> EvalLoopOutput:
        """Evaluate; `eval_loss` is nats a label token."""
        self._evaluated.zero_()
        output = super().evaluation_loop(*args, **kwargs)
        total, tokens = self.accelerator.reduce(self._evaluated.to(self.args.device), reduction="sum").tolist()
        output.metrics["eval_loss"] = total / max(tokens, 1.0)
        return output
