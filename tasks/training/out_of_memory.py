"""A run that does not fit the memory goes on with half the micro-batch: the same effective batch, in more parts.

The trainer is built again and goes on from the last complete checkpoint, not from the weights in memory: an allocation
can fail in the middle of the optimizer's step, when some weights are updated and others not. The order of examples
stays, because transformers finds its place by optimizer steps. transformers' own `auto_find_batch_size` is not used: it
changes the effective batch. The kernel's out-of-memory killer sends SIGKILL, which nobody can answer; the same command
then goes on with the same micro-batch. Several processes cannot agree on a smaller micro-batch after one of them
failed, so that such a run ends with the advice to choose one.
"""

import gc
import logging
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate.utils.memory import should_reduce_batch_size
from transformers import Trainer

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training import checkpoints

log = logging.getLogger(__name__)

REMEMBERED = "micro-batch"  # a file in the work folder: a killed run must not find out again
OTHER_WORDS = ("CUDA error: out of memory", "STATUS_ALLOC_FAILED")  # that accelerate does not know


def train_in_memory(
    recipe: Recipe, work: Path, build: Callable[[Recipe], Trainer], *, smallest: int = 1
) -> tuple[Trainer, int]:
    """Train with `build(recipe)`, with ever smaller micro-batches down to `smallest` examples where memory runs out.

    `build` makes model and trainer anew, with `work` as its `output_dir`; the recipe that it is given differs in
    `gradient_accumulation` only. Return the trainer that came to the end, and how often the micro-batch was halved.

    Raises:
        TrainingError: not even the smallest micro-batch fits, or one of several processes has too little memory.
        TrainingInterrupted: SIGTERM came.
    """
    sizes = micro_batches(recipe, smallest)
    remembered = _remembered(work)
    for retries, size in enumerate(sizes):
        if remembered is not None and size > remembered and size != sizes[-1]:
            continue
        trainer = build(recipe.model_copy(update={"gradient_accumulation": recipe.batch_size // size}))
        if _trained(trainer):
            return trainer, retries
        del trainer
        _free_memory()
        if size == sizes[-1] or _several_processes():
            raise _too_large(recipe, size)
        work.mkdir(parents=True, exist_ok=True)
        (work / REMEMBERED).write_text(str(sizes[retries + 1]), encoding="utf-8")
        log.warning("out of memory micro_batch=%d next=%d effective=%d", size, sizes[retries + 1], recipe.batch_size)
    raise AssertionError


def micro_batches(recipe: Recipe, smallest: int = 1) -> list[int]:
    """Return the recipe's micro-batch and the ones tried after it: each the largest that divides and at most halves."""
    sizes = [recipe.batch_size // recipe.gradient_accumulation]
    while smaller := [n for n in range(smallest, sizes[-1] // 2 + 1) if recipe.batch_size % n == 0]:
        sizes.append(smaller[-1])
    return sizes


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an allocation failed, on a GPU or on the CPU."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or should_reduce_batch_size(error):
        return True
    return any(words in str(error) for words in OTHER_WORDS)


def _trained(trainer: Trainer) -> bool:
    try:
        checkpoints.train(trainer)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return False  # with the error go the frames of its traceback, and the tensors that they hold
    return True


def _free_memory() -> None:
    gc.collect()  # trainer, model and optimizer refer to each other
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _several_processes() -> bool:
    return bool(torch.distributed.is_initialized() and torch.distributed.get_world_size() > 1)


def _remembered(work: Path) -> int | None:
    try:
        return int((work / REMEMBERED).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # a kill may have left it empty
        return None


def _too_large(recipe: Recipe, size: int) -> TrainingError:
    if size > 1:
        return TrainingError(
            f"A micro-batch of {size} examples does not fit the memory.",
            fix=f"raise gradient_accumulation in the recipe {recipe.name} (batch_size stays), or lower max_tokens",
        )
    return TrainingError(
        f"A micro-batch of one example of up to {recipe.max_tokens} tokens does not fit the memory.",
        fix=f"in the recipe {recipe.name} lower max_tokens, set activation_checkpointing: true or method: qlora,"
        " or name a smaller base",
    )
