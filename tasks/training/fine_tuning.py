"""Supervised fine-tuning of a causal language model on certified chats, in full, with LoRA, or with QLoRA.

QLoRA (Dettmers et al. 2023) keeps the base in 4 bits (NF4, double quantisation) under 16 or 32 bit adapters; the
adapter is merged into the base as published, not into its 4-bit copy. A run leaves checkpoints in its work folder and
goes on from the last complete one; the order of examples is fixed beforehand, so the end is the same. Preference
training is not covered yet; memory.py says beforehand whether a run fits.
"""

import logging
import math
import resource
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel
from torch.utils.tensorboard import SummaryWriter
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.integrations import TensorBoardCallback
from transformers.trainer_callback import PrinterCallback
from trl import SFTConfig, SFTTrainer

from tasks.errors import TrainingError
from tasks.records import CertifiedRow, Example, Recipe
from tasks.training import base_loading
from tasks.training.base_shape import VISION
from tasks.training.batches import padded_share, training_order
from tasks.training.callbacks import MarkComplete, OnProgress, Watch, last_complete_checkpoint
from tasks.training.chat_format import encode
from tasks.training.precision import best_device, compute_dtype

log = logging.getLogger(__name__)

CHECKPOINTS = 5  # per run: a kill loses at most a fifth of it
EVALUATIONS = 4
MAX_VALIDATION_EXAMPLES = 256  # enough for a curve; the verdict comes from the scoring stage
LOGGED_STEPS = 100
OPTIMIZERS = {"adamw": "adamw_torch_fused", "adamw-8bit": "adamw_8bit", "paged-adamw-8bit": "paged_adamw_8bit"}
CURVE_KEYS = ("step", "loss", "eval_loss", "learning_rate", "tokens_per_second")


@dataclass(frozen=True)
class Encoded:
    """Examples as token ids and labels, and how many were longer than the recipe allows."""

    input_ids: list[list[int]]
    labels: list[list[int]]
    too_long: int

    @property
    def lengths(self) -> list[int]:
        """Tokens of each example."""
        return [len(ids) for ids in self.input_ids]


@dataclass(frozen=True)
class Outcome:
    """What a finished run reports: losses, cost, and the rows of its curve."""

    curve: list[dict[str, float]]
    first_loss: float
    last_loss: float
    eval_loss: float | None
    steps: int
    seconds: float
    tokens: int
    peak_memory_gib: float


def fine_tune(
    recipe: Recipe,
    source: str | Path,
    revision: str | None,
    train: Iterable[Mapping[str, Any]],
    validation: Iterable[Mapping[str, Any]],
    *,
    redaction: str,
    work: Path,
    tensorboard: Path,
    merged: Path,
    on_progress: OnProgress | None = None,
) -> Outcome:
    """Train on certified rows and write the merged model with its tokenizer and chat template into `merged`.

    Raises:
        PrivacyError: a row has no certificate, another row's, one that did not pass, or one of another policy than
            `redaction`.
        TrainingError: base or template cannot be used, nothing fits into `max_tokens`, or the loss is not finite.
    """
    began = time.perf_counter()
    device = best_device()

    # 1. Data: certified rows to token ids
    tokenizer = base_loading.open_tokenizer(source, revision)
    learned, held_out = (_encode(tokenizer, rows, recipe.max_tokens, redaction) for rows in (train, validation))
    if not learned.input_ids:
        raise TrainingError(
            f"None of {learned.too_long} training examples fits into {recipe.max_tokens} tokens.",
            fix="raise max_tokens in the recipe",
        )
    order = _order(recipe, learned.lengths)

    # 2. Model: weights as the method trains them
    torch.manual_seed(recipe.seed)  # adapters are drawn at random
    model = base_loading.open_model(source, revision, recipe, device)

    # 3. Trainer: what is recorded on the way
    trainer = SFTTrainer(
        model=model,
        args=_arguments(recipe, len(order), work, device),
        train_dataset=_as_dataset(learned).select(order),
        eval_dataset=_as_dataset(held_out, MAX_VALIDATION_EXAMPLES) if held_out.input_ids else None,
        processing_class=tokenizer,
        peft_config=None if recipe.method == "full" else _adapter(recipe, model),
        callbacks=[Watch(on_progress), MarkComplete(), TensorBoardCallback(SummaryWriter(str(tensorboard)))],
    )
    trainer.remove_callback(PrinterCallback)
    _adapters_in_float32(trainer.model)

    # 4. Training: from the last complete checkpoint, if there is one
    checkpoint = last_complete_checkpoint(work)
    log.info(
        "training starts method=%s examples=%d too_long=%d padded_share=%.3f resumed_from=%s",
        recipe.method,
        len(learned.input_ids),
        learned.too_long,
        padded_share(learned.lengths, order, recipe.batch_size // recipe.gradient_accumulation),
        checkpoint.name if checkpoint else "start",
    )
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)

    # 5. Weights: merged into the base as it was published
    _save_merged(trainer, recipe, source, revision, merged)
    tokenizer.save_pretrained(merged)
    tokens = sum(learned.lengths[index] for index in order)
    return _outcome(trainer, time.perf_counter() - began, tokens, device)


def _encode(
    tokenizer: PreTrainedTokenizerBase, rows: Iterable[Mapping[str, Any]], max_tokens: int, redaction: str
) -> Encoded:
    certified = (CertifiedRow.model_validate(row) for row in rows)
    examples = (Example.model_validate(line.verified(policy=redaction)) for line in certified)
    pairs = [encode(tokenizer, example.messages, max_tokens) for example in examples]
    kept = [pair for pair in pairs if pair is not None]
    return Encoded([ids for ids, _ in kept], [labels for _, labels in kept], len(pairs) - len(kept))


def _order(recipe: Recipe, lengths: list[int]) -> list[int]:
    order = training_order(lengths, epochs=recipe.epochs, batch_size=recipe.batch_size, seed=recipe.seed)
    return order[: recipe.max_steps * recipe.batch_size] if recipe.max_steps else order


def _as_dataset(encoded: Encoded, limit: int | None = None) -> Dataset:
    return Dataset.from_dict({"input_ids": encoded.input_ids[:limit], "labels": encoded.labels[:limit]})


def _arguments(recipe: Recipe, examples: int, work: Path, device: str) -> SFTConfig:
    steps = math.ceil(examples / recipe.batch_size)
    on_gpu = device == "cuda"
    dtype = compute_dtype(recipe.precision, device)
    return SFTConfig(
        output_dir=str(work),
        num_train_epochs=1,  # the order holds every epoch already
        train_sampling_strategy="sequential",
        per_device_train_batch_size=recipe.batch_size // recipe.gradient_accumulation,
        per_device_eval_batch_size=recipe.batch_size
        // recipe.gradient_accumulation,  # the memory estimate counts on it
        gradient_accumulation_steps=recipe.gradient_accumulation,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=recipe.warmup_steps,
        weight_decay=0.0,
        optim=OPTIMIZERS[recipe.optimizer],
        max_grad_norm=1.0,
        bf16=dtype is torch.bfloat16,
        fp16=dtype is torch.float16,
        use_cpu=not on_gpu,
        activation_checkpointing=on_gpu if recipe.activation_checkpointing is None else recipe.activation_checkpointing,
        max_length=None,  # longer examples were left out and counted
        dataset_kwargs={"skip_prepare_dataset": True},
        logging_strategy="steps",
        logging_steps=math.ceil(steps / LOGGED_STEPS),
        logging_first_step=True,
        logging_nan_inf_filter=False,  # it would replace a broken loss by the last good one
        eval_strategy="steps",
        eval_steps=math.ceil(steps / EVALUATIONS),
        save_strategy="steps",
        save_steps=math.ceil(steps / CHECKPOINTS),
        save_total_limit=2,
        dataloader_pin_memory=on_gpu,
        disable_tqdm=True,
        report_to="none",
        seed=recipe.seed,
    )


def _adapter(recipe: Recipe, model: PreTrainedModel) -> LoraConfig:
    towers = any(word in name for name, _ in model.named_modules() for word in VISION)
    return LoraConfig(
        r=recipe.lora_r,
        lora_alpha=recipe.lora_alpha,
        lora_dropout=recipe.lora_dropout,
        target_modules=list(recipe.target_modules),
        exclude_modules=rf".*({'|'.join(VISION)}).*" if towers else None,  # chats are text; a tower has a q_proj too
        task_type="CAUSAL_LM",
    )


def _adapters_in_float32(model: torch.nn.Module) -> None:
    """Undo TRL's cast of QLoRA adapters to bfloat16, in which updates below 1/256 of a weight are lost."""
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def _save_merged(trainer: SFTTrainer, recipe: Recipe, source: str | Path, revision: str | None, merged: Path) -> None:
    model: PreTrainedModel = trainer.accelerator.unwrap_model(trainer.model)
    if recipe.method == "full":
        model = model.to(base_loading.own_dtype(source, revision))
    else:
        adapter = Path(trainer.args.output_dir) / "adapter"
        model.save_pretrained(adapter)
        model = PeftModel.from_pretrained(base_loading.reopen_base(source, revision), adapter).merge_and_unload()
    model.config.use_cache = True
    shutil.rmtree(merged, ignore_errors=True)  # a killed run may have written a part
    model.save_pretrained(merged)


def _outcome(trainer: SFTTrainer, seconds: float, tokens: int, device: str) -> Outcome:
    rows = [{key: float(row[key]) for key in CURVE_KEYS if key in row} for row in trainer.state.log_history]
    curve = [row for row in rows if "loss" in row or "eval_loss" in row]
    losses = [row["loss"] for row in curve if "loss" in row]
    evaluated = [row["eval_loss"] for row in curve if "eval_loss" in row]
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # Linux counts in KiB
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else kib * 1024
    return Outcome(
        curve=curve,
        first_loss=losses[0],
        last_loss=losses[-1],
        eval_loss=evaluated[-1] if evaluated else None,
        steps=trainer.state.global_step,
        seconds=seconds,
        tokens=tokens,
        peak_memory_gib=peak / 2**30,
    )
