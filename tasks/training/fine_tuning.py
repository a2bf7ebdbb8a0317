"""Supervised fine-tuning of a causal language model on certified chats, in full, with LoRA, or with QLoRA.

QLoRA (Dettmers et al. 2023) keeps the base in 4 bits (NF4, double quantisation) under 16 or 32 bit adapters; the
adapter is merged into the base as published, not into its 4-bit copy. A run leaves checkpoints in its work folder and
goes on from the last complete one; the order of examples is fixed beforehand, so the end is the same. The weights kept
are those of the lowest validation loss, or the last where nothing is held out. memory.py says beforehand whether a run
fits; preferences are learned in preference_tuning.py.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import PreTrainedTokenizerBase, TrainerCallback
from transformers.integrations import TensorBoardCallback

from tasks.errors import TrainingError
from tasks.records import CertifiedRow, Example, Recipe
from tasks.training import base_loading, kernels, merging, processes
from tasks.training.arguments import arguments_of
from tasks.training.batches import order_of, padded_share
from tasks.training.callbacks import OnProgress, Watch
from tasks.training.chat_format import encode, length, shortened
from tasks.training.checkpoints import explained_full_disk
from tasks.training.out_of_memory import train_in_memory
from tasks.training.outcomes import Outcome, board_of, outcome_of
from tasks.training.precision import best_device
from tasks.training.sampled_answers import WriteAnswers, last_turns
from tasks.training.stopping import KeepBest, LossGuard
from tasks.training.token_mean import TokenMeanTrainer
from tasks.training.trainable import make_ready, open_trainable

log = logging.getLogger(__name__)

MAX_VALIDATION_EXAMPLES = 256  # enough for a curve; the verdict comes from the scoring stage


@dataclass(frozen=True)
class Encoded:
    """Examples as token ids and labels, and how many were longer than the recipe allows: cut or left out."""

    input_ids: list[list[int]]
    labels: list[list[int]]
    too_long: int

    @property
    def lengths(self) -> list[int]:
        """Tokens of each example."""
        return [len(ids) for ids in self.input_ids]


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
    start: Path | None = None,
    on_progress: OnProgress | None = None,
) -> Outcome:
    """Train on certified rows and write the merged model with its tokenizer and chat template into `merged`.

    `start` is the folder of an earlier run's adapter, or of its merged weights under full tuning, to go on with.

    Raises:
        PrivacyError: a row has no certificate, another row's, one that did not pass, or one of another policy than
            `redaction`.
        TrainingError: base, template or backend cannot be used, nothing fits into `max_tokens`, packed examples would
            see each other, the loss is no number or has diverged, not one example fits the memory, or the disk is full.
        TrainingInterrupted: SIGTERM came, and a checkpoint was written.
    """
    began = time.perf_counter()
    device = best_device()

    # 1. Data: certified rows to token ids
    tokenizer = base_loading.open_tokenizer(source, revision)
    learned, held_out = (_encode(tokenizer, rows, recipe, redaction) for rows in (train, validation))
    if not learned.input_ids:
        raise TrainingError(
            f"None of {learned.too_long} training examples fits into {recipe.max_tokens} tokens.",
            fix="raise max_tokens in the recipe, or set too_long=truncate",
        )
    order = order_of(recipe, learned.lengths)

    # 2. Trainer: weights as the method trains them, and what is recorded on the way
    def build(fitting: Recipe) -> TokenMeanTrainer:
        torch.manual_seed(recipe.seed)  # adapters are drawn at random
        model, adapter = open_trainable(recipe, source, revision, start, device)
        packed = kernels.packs(fitting, model, learned.input_ids)
        args = arguments_of(fitting, len(order), work, device, packed=packed, evaluated=bool(held_out.input_ids))
        micro_batch = args.per_device_train_batch_size
        trainer = TokenMeanTrainer(
            model=model,
            args=args,
            train_dataset=processes.evenly(_as_dataset(learned).select(order), micro_batch, tokenizer.pad_token_id),
            eval_dataset=_as_dataset(held_out, MAX_VALIDATION_EXAMPLES) if held_out.input_ids else None,
            processing_class=tokenizer,
            peft_config=adapter,
            callbacks=_callbacks(recipe, tokenizer, held_out, tensorboard, on_progress),
        )
        make_ready(trainer, recipe, start)
        log.info(
            "training starts method=%s examples=%d too_long=%d attention=%s packed=%s padded_share=%.3f",
            recipe.method,
            len(learned.input_ids),
            learned.too_long,
            model.config._attn_implementation,
            packed,
            0.0 if packed else padded_share(learned.lengths, order, micro_batch),
        )
        return trainer

    # 3. Training: from the last complete checkpoint, if there is one, in micro-batches that fit the memory
    trainer, memory_retries = train_in_memory(recipe, work, build)

    # 4. Weights: merged into the base as it was published
    with explained_full_disk(work):
        probes = held_out.input_ids or learned.input_ids
        merge_difference = merging.save_finished(trainer, recipe, source, revision, merged, probes)
    return outcome_of(
        trainer,
        tokens=sum(learned.lengths[index] for index in order[: trainer.state.global_step * recipe.batch_size]),
        too_long=learned.too_long,
        seconds=time.perf_counter() - began,
        memory_retries=memory_retries,
        merge_difference=merge_difference,
    )


def _encode(
    tokenizer: PreTrainedTokenizerBase, rows: Iterable[Mapping[str, Any]], recipe: Recipe, redaction: str
) -> Encoded:
    """Return examples as the recipe learns from them; those of more than `max_tokens` are left out, cut or refused."""
    certified = (CertifiedRow.model_validate(row) for row in rows)
    examples = (Example.model_validate(line.verified(policy=redaction)) for line in certified)
    kept, too_long, longest, seen = list[tuple[list[int], list[int]]](), 0, 0, 0
    for seen, example in enumerate(examples, start=1):  # noqa: B007
        pair = encode(tokenizer, example.messages, recipe.max_tokens)
        if pair is None:
            too_long += 1
            longest = max(longest, length(tokenizer, example.messages))
            short = recipe.too_long == "truncate" and shortened(tokenizer, example.messages, recipe.max_tokens)
            pair = encode(tokenizer, short, recipe.max_tokens) if short else None
        if pair is not None:
            kept.append(pair)
    if too_long and recipe.too_long == "raise":
        raise TrainingError(
            f"{too_long} of {seen} examples are longer than {recipe.max_tokens} tokens, the longest has {longest}.",
            fix=f"set max_tokens={longest} in the recipe, or too_long=truncate or too_long=drop",
        )
    log.info("encoded examples=%d too_long=%d left_out=%d longest=%d", len(kept), too_long, seen - len(kept), longest)
    return Encoded([ids for ids, _ in kept], [labels for _, labels in kept], too_long)


def _as_dataset(encoded: Encoded, limit: int | None = None) -> Dataset:
    return Dataset.from_dict({"input_ids": encoded.input_ids[:limit], "labels": encoded.labels[:limit]})


def _callbacks(
    recipe: Recipe,
    tokenizer: PreTrainedTokenizerBase,
    held_out: Encoded,
    tensorboard: Path,
    on_progress: OnProgress | None,
) -> list[TrainerCallback]:
    board = board_of(tensorboard)
    asked = last_turns(zip(held_out.input_ids, held_out.labels, strict=True))[: recipe.sampled_answers]
    return [
        LossGuard(),  # first: nothing is reported or saved of a broken loss
        Watch(on_progress),
        *([TensorBoardCallback(board)] if board else []),
        WriteAnswers(tokenizer, asked, board),
        KeepBest(recipe.patience),
    ]
