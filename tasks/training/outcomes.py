"""What a finished run reports, whatever its objective was."""

import resource
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.tensorboard import SummaryWriter
from transformers import Trainer

from tasks.training import processes
from tasks.training.precision import best_device

CURVE_KEYS = ("step", "loss", "eval_loss", "learning_rate", "tokens_per_second", "rouge_l", "bleu")


@dataclass(frozen=True)
class Outcome:
    """Losses, which weights were kept, cost, and the rows of the curve."""

    curve: list[dict[str, float]]
    first_loss: float
    last_loss: float
    eval_loss: float | None  # nats a label token under sft, of the weights that were kept
    best_step: int | None  # whose weights were kept; None without validation: the last
    stopped_early: bool
    too_long: int  # training examples of more than `max_tokens`, left out or cut
    steps: int
    seconds: float
    tokens: int
    peak_memory_gib: float
    memory_retries: int  # times that the micro-batch was halved
    merge_difference: float | None  # largest difference of a logit, as a share of their spread; None: nothing merged


def outcome_of(
    trainer: Trainer,
    *,
    tokens: int,
    too_long: int,
    seconds: float,
    memory_retries: int,
    merge_difference: float | None,
    curve_keys: Iterable[str] = CURVE_KEYS,
) -> Outcome:
    """Return what a trainer that came to its end has to report."""
    curve = _curve(trainer.state.log_history, tuple(curve_keys))
    losses = [row["loss"] for row in curve if "loss" in row]
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # Linux counts in KiB
    peak = torch.cuda.max_memory_allocated() if best_device() == "cuda" else kib * 1024
    return Outcome(
        curve=curve,
        first_loss=losses[0],
        last_loss=losses[-1],
        eval_loss=trainer.state.best_metric,
        best_step=trainer.state.best_global_step or None,
        stopped_early=trainer.state.global_step < trainer.state.max_steps,
        too_long=too_long,
        steps=trainer.state.global_step,
        seconds=seconds,
        tokens=tokens,
        peak_memory_gib=peak / 2**30,
        memory_retries=memory_retries,
        merge_difference=merge_difference,
    )


def board_of(folder: Path) -> SummaryWriter | None:
    """Return what writes into TensorBoard's folder; None in all processes of a launch but the first."""
    return SummaryWriter(str(folder)) if processes.is_first() else None


def _curve(history: Iterable[Mapping[str, float]], keys: tuple[str, ...]) -> list[dict[str, float]]:
    rows = ({key: float(row[key]) for key in keys if key in row} for row in history)
    return [row for row in rows if "loss" in row or "eval_loss" in row]
