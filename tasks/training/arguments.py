"""A recipe in the words of the library's trainer."""

import logging
import math
from pathlib import Path

import torch
from trl import SFTConfig

from tasks.records import Recipe
from tasks.training import processes
from tasks.training.kernels import uses_liger
from tasks.training.precision import compute_dtype

log = logging.getLogger(__name__)

CHECKPOINTS = 5  # per run, beside the best ones: a kill loses at most a fifth of it
LOGGED_STEPS = 100
OPTIMIZERS = {"adamw": "adamw_torch_fused", "adamw-8bit": "adamw_8bit", "paged-adamw-8bit": "paged_adamw_8bit"}


def arguments_of(recipe: Recipe, examples: int, work: Path, device: str, *, packed: bool, evaluated: bool) -> SFTConfig:
    """Return what the trainer is told: one pass over `examples` examples in their order, checkpoints into `work`.

    A step is `batch_size` examples, in `gradient_accumulation` micro-batches. `packed`: each of them is one unpadded
    row; `evaluated`: there are validation examples.
    """
    steps = math.ceil(examples / recipe.batch_size)
    share = processes.share_of(recipe, processes.count())
    on_gpu = device == "cuda"
    dtype = compute_dtype(recipe.precision, device)
    checkpointing = on_gpu if recipe.activation_checkpointing is None else recipe.activation_checkpointing
    arguments = SFTConfig(
        output_dir=str(work),
        num_train_epochs=1,  # the order holds every epoch already
        train_sampling_strategy="sequential",
        per_device_train_batch_size=share.micro_batch,
        per_device_eval_batch_size=share.micro_batch,  # the memory estimate counts on it
        gradient_accumulation_steps=share.accumulation,
        padding_free=packed,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=_warmup_steps(recipe, steps),
        weight_decay=0.0,
        optim=OPTIMIZERS[recipe.optimizer],
        max_grad_norm=1.0,
        bf16=dtype is torch.bfloat16,
        fp16=dtype is torch.float16,
        use_cpu=not on_gpu,
        activation_checkpointing=checkpointing and recipe.backend != "unsloth",  # which has its own
        use_liger_kernel=uses_liger(recipe, device),
        max_length=None,  # longer examples were left out and counted
        dataset_kwargs={"skip_prepare_dataset": True},
        logging_strategy="steps",
        logging_steps=math.ceil(steps / LOGGED_STEPS),
        logging_first_step=True,
        logging_nan_inf_filter=False,  # it would replace a broken loss by the last good one
        eval_strategy="steps" if evaluated else "no",
        eval_steps=math.ceil(steps / recipe.evaluations),
        metric_for_best_model="eval_loss" if evaluated else None,
        greater_is_better=False,
        save_strategy="steps",
        save_steps=math.ceil(steps / CHECKPOINTS),
        dataloader_pin_memory=on_gpu,
        ddp_find_unused_parameters=False,  # there are none; looking for them walks the graph at every step
        disable_tqdm=True,
        report_to="none",
        seed=recipe.seed,
    )
    # Set here because the library refuses it where not every checkpoint is evaluated: KeepBest saves the best ones.
    arguments.load_best_model_at_end = evaluated
    processes.take_one_gpu(arguments)
    return arguments


def _warmup_steps(recipe: Recipe, steps: int) -> int:
    """Return the warm-up, at most half of the run: one longer than the run would never reach the learning rate."""
    warmup = min(recipe.warmup_steps, steps // 2)
    if warmup < recipe.warmup_steps:
        log.warning("warm-up shortened warmup_steps=%d of=%d steps=%d", warmup, recipe.warmup_steps, steps)
    return warmup
