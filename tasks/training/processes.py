"""How one recipe's optimiser steps are split over the processes of a launch, so that they learn the same.

A step's examples are the same ones however many processes compute it. Not covered: tensor, context and pipeline
parallelism, which split a layer or a sequence.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from datasets import Dataset, concatenate_datasets
from torch.distributed.fsdp import MixedPrecisionPolicy
from transformers import Trainer, TrainingArguments

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training.chat_format import IGNORED

T = TypeVar("T")


@dataclass(frozen=True)
class Share:
    """What one process computes of a step: `accumulation` micro-batches of `micro_batch` examples."""

    micro_batch: int
    accumulation: int


def count() -> int:
    """Return how many processes train together; 1 outside a launch."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def is_first() -> bool:
    """Say whether this process is the one that writes."""
    return count() == 1 or dist.get_rank() == 0


def are_sharded() -> bool:
    """Say whether the processes hold parts of the model (FSDP) instead of copies of it."""
    return count() > 1 and os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"  # accelerate's own word


def take_one_gpu(arguments: TrainingArguments) -> None:
    """Have a run of one process use one GPU: transformers would copy the model to all of them, which TRL refuses."""
    if count() == 1 and arguments.n_gpu > 1:  # asked for first, because the first look at it sets it
        arguments._n_gpu = 1


def one_after_another(look: Callable[[], T]) -> T:
    """Return what `look` finds, in the first process before all others: what it tidies up is tidied up once."""
    if count() > 1 and not is_first():
        dist.barrier()
    found = look()
    if count() > 1 and is_first():
        dist.barrier()
    return found


def share_of(recipe: Recipe, processes: int) -> Share:
    """Return a process's share of a step; its micro-batch is never larger than the recipe's, nor is a step.

    Raises:
        TrainingError: the step's examples cannot be dealt evenly.
    """
    if recipe.batch_size % processes:
        fits = next(n for n in range(processes, 0, -1) if recipe.batch_size % n == 0)
        raise TrainingError(
            f"batch_size {recipe.batch_size} cannot be split over {processes} processes.",
            fix=f"--set batch_size={_next_multiple(recipe.batch_size, processes)}, or ROUNDS_TRAINING_PROCESSES={fits}",
        )
    mine, largest = recipe.batch_size // processes, max(1, recipe.batch_size // recipe.gradient_accumulation)
    micro_batch = next(size for size in range(min(mine, largest), 0, -1) if mine % size == 0)
    return Share(micro_batch, mine // micro_batch)


def most_that_fit(recipe: Recipe, devices: int) -> int:
    """Return the largest number of processes, up to `devices`, that the recipe's steps can be dealt to."""
    return next(n for n in range(max(1, devices), 0, -1) if recipe.batch_size % n == 0)


def evenly(dataset: Dataset, micro_batch: int, filler: int) -> Dataset:
    """Return the dataset with blanks behind it, so that every process gets whole batches of real examples or blanks.

    Without them accelerate repeats examples of the beginning, and the last step learns from other ones than it does
    alone. A blank is two `filler` tokens without a label: neither loss nor gradient. Nothing is added for one process.
    """
    missing = -len(dataset) % (micro_batch * count()) if count() > 1 else 0
    if not missing:
        return dataset
    blanks = Dataset.from_dict(
        {"input_ids": [[filler] * 2] * missing, "labels": [[IGNORED] * 2] * missing}, features=dataset.features
    )
    return concatenate_datasets([dataset, blanks])


def keep_sums_in_float32(trainer: Trainer) -> None:
    """Have FSDP add gradients up in float32 and leave losses in it, as a single process does; not in bfloat16."""
    if not are_sharded():
        return
    plugin = trainer.accelerator.state.fsdp_plugin
    if plugin.mixed_precision_policy is not None:
        plugin.mixed_precision_policy = MixedPrecisionPolicy(
            param_dtype=plugin.mixed_precision_policy.param_dtype, reduce_dtype=torch.float32
        )


def _next_multiple(number: int, of: int) -> int:
    return -(-number // of) * of
