"""Preference tuning: DPO from pairs of answers, KTO from single ones, in full, with LoRA, or with QLoRA.

DPO (Rafailov et al. 2023, https://arxiv.org/abs/2305.18290) raises the chosen answer over the rejected one, KTO
(Ethayarajh et al. 2024, https://arxiv.org/abs/2402.01306) raises answers that people liked and lowers those that they
did not. Both are held to the model that the run starts from, the reference: under an adapter it is the model with the
adapter switched off; in full tuning its log-probabilities are computed once, before the first step, so that no second
model is in memory. A run starts from `source` as it is given: a base, or the merged weights of a supervised run, which
is the usual order. Checkpoints, order, merge and report are those of supervised training. Dropout is off, the adapter's
too, because it would differ between model and reference. Not covered: packing, which TRL 1.16 has not for pairs;
several GPUs under KTO, whose estimate of the divergence compares the answers of one process, and under DPO in full,
whose reference log-probabilities every process would write into one file.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import TrainingArguments
from transformers.integrations import TensorBoardCallback
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training import base_loading, merging, processes
from tasks.training.arguments import arguments_of
from tasks.training.batches import order_of
from tasks.training.callbacks import OnProgress, Watch
from tasks.training.checkpoints import explained_full_disk
from tasks.training.out_of_memory import train_in_memory
from tasks.training.outcomes import CURVE_KEYS, Outcome, board_of, outcome_of
from tasks.training.precision import best_device
from tasks.training.preference_tokens import Compared, answers, encode_preferences
from tasks.training.stopping import KeepBest, LossGuard
from tasks.training.trainable import make_ready, open_trainable

log = logging.getLogger(__name__)

FEWEST = 20  # pairs, or answers of either kind; fewer teach a model these answers, not what people like
MAX_VALIDATION_PREFERENCES = 256  # enough for a curve
REWARDS = ("rewards/accuracies", "rewards/margins")
REWARD_KEYS = (*REWARDS, *(f"eval_{name}" for name in REWARDS))


def preference_tune(
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
    """Train on certified rows of `Preference` and write the merged model with its tokenizer into `merged`.

    `start` is the folder of an earlier run's adapter, or of its merged weights under full tuning, to go on with; it is
    the reference, too.

    Of the outcome, the losses are the objective's: at the start ln 2 under DPO, and 0.5 under KTO where answers of both
    kinds are as many. The curve holds the mean margin between chosen and rejected rewards, and under DPO the share of
    pairs in which the chosen one is higher.

    Raises:
        PrivacyError: a row has no certificate, another row's, one that did not pass, or one of another policy than
            `redaction`.
        TrainingError: there are too few preferences, base or template cannot be used, KTO has a micro-batch of one,
            the loss is no number or has diverged, not two examples fit the memory, or the disk is full.
        TrainingInterrupted: SIGTERM came, and a checkpoint was written.
    """
    began = time.perf_counter()
    device = best_device()
    refuse_single_answers(recipe)

    # 1. Data: certified preferences to token ids
    tokenizer = base_loading.open_tokenizer(source, revision)
    learned, held_out = (encode_preferences(tokenizer, rows, recipe, redaction) for rows in (train, validation))
    refuse_too_few(recipe, learned)
    order = order_of(recipe, learned.lengths)

    # 2. Trainer: weights as the method trains them; the reference is the model as it is now
    kind, config = (DPOOfTokens, DPOConfig) if recipe.objective == "dpo" else (KTOOfTokens, KTOConfig)

    def build(fitting: Recipe) -> DPOTrainer | KTOTrainer:
        torch.manual_seed(recipe.seed)  # adapters are drawn at random
        model, adapter = open_trainable(recipe, source, revision, start, device)
        board = board_of(tensorboard)
        shared = arguments_of(fitting, len(order), work, device, packed=False, evaluated=bool(held_out.rows))
        arguments = config(**_shared(shared) | _own(recipe, learned))
        arguments.load_best_model_at_end = bool(held_out.rows)  # refused beside checkpoints without an evaluation
        processes.take_one_gpu(arguments)
        trainer = kind(
            model=model,
            args=arguments,
            train_dataset=_as_dataset(learned, order, fitting),
            eval_dataset=_as_dataset(held_out, range(len(held_out.rows))[:MAX_VALIDATION_PREFERENCES], fitting),
            processing_class=tokenizer,
            peft_config=adapter,
            callbacks=[
                LossGuard(),
                Watch(on_progress),
                *([TensorBoardCallback(board)] if board else []),
                KeepBest(recipe.patience),
            ],
        )
        make_ready(trainer, recipe, start)
        log.info(
            "preference tuning starts objective=%s method=%s preferences=%d too_long=%d",
            recipe.objective,
            recipe.method,
            len(learned.rows),
            learned.too_long,
        )
        return trainer

    # 3. Training: from the last complete checkpoint, if there is one, in micro-batches that fit the memory
    smallest = 2 if recipe.objective == "kto" else 1
    trainer, memory_retries = train_in_memory(recipe, work, build, smallest=smallest)

    # 4. Weights: merged into what the run started from
    with explained_full_disk(work):
        probes = [row["prompt_ids"] + answer for row in (held_out.rows or learned.rows) for answer in answers(row)]
        merge_difference = merging.save_finished(trainer, recipe, source, revision, merged, probes)
    return outcome_of(
        trainer,
        tokens=sum(learned.tokens[index] for index in order[: trainer.state.global_step * recipe.batch_size]),
        too_long=learned.too_long,
        seconds=time.perf_counter() - began,
        memory_retries=memory_retries,
        merge_difference=merge_difference,
        curve_keys=(*CURVE_KEYS, *REWARD_KEYS),
    )


class DPOOfTokens(DPOTrainer):  # type: ignore[misc]  # TRL is untyped here
    """DPO on token ids that are those of supervised training already; TRL's would add what follows the end token."""

    def _prepare_dataset(self, dataset: Dataset, *_: object) -> Dataset:
        return dataset


class KTOOfTokens(KTOTrainer):  # type: ignore[misc]
    """KTO on token ids that are those of supervised training already."""

    def _prepare_dataset(self, dataset: Dataset, *_: object) -> Dataset:
        return dataset


def refuse_too_few(recipe: Recipe, learned: Compared) -> None:
    """Check that there is enough to learn from.

    Raises:
        TrainingError: fewer than `FEWEST` pairs under DPO, or answers of either kind under KTO.
    """
    found = f"{len(learned.rows)} pairs of a preferred and a rejected answer"
    enough = len(learned.rows) >= FEWEST
    needed = f"{FEWEST} are"
    if recipe.objective == "kto":
        liked = sum(row["label"] for row in learned.rows)
        found = f"{liked} answers rated well and {len(learned.rows) - liked} rated badly"
        enough = min(liked, len(learned.rows) - liked) >= FEWEST
        needed = f"{FEWEST} of each are"
    if not enough:
        other = "kto learns from single answers; " if recipe.objective == "dpo" else ""
        raise TrainingError(
            f"{recipe.objective} has {found} to learn from, {needed} needed"
            f" ({learned.too_long} more are longer than {recipe.max_tokens} tokens).",
            fix=f"collect with --low-rated and --from-start; rate and correct more chats; {other}or take objective sft",
        )


def refuse_single_answers(recipe: Recipe) -> None:
    """Check the micro-batch.

    Raises:
        TrainingError: KTO in micro-batches of one answer, whose mismatched answer would be its own.
    """
    if recipe.objective == "kto" and recipe.batch_size // recipe.gradient_accumulation < 2:
        raise TrainingError(
            f"kto computes {recipe.batch_size} answers in {recipe.gradient_accumulation} parts of one, and needs two"
            " or more in a part, which it compares.",
            fix="lower gradient_accumulation or raise batch_size",
        )


def _as_dataset(compared: Compared, order: Iterable[int], recipe: Recipe) -> Dataset | None:
    """Return the rows in this order; KTO's with the answer to another question of its micro-batch beside each.

    From such mismatched pairs KTO estimates how far the model is from its reference, as TRL's own preparation does.
    """
    if not compared.rows:
        return None
    dataset = Dataset.from_list(compared.rows).select(list(order))
    if recipe.objective == "dpo":
        return dataset
    together = recipe.batch_size // recipe.gradient_accumulation

    def mismatch(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        answers = batch["completion_ids"]
        return {"KL_completion_ids": answers[-1:] + answers[:-1]}

    return dataset.map(mismatch, batched=True, batch_size=together)


def _shared(supervised: TrainingArguments) -> dict[str, Any]:
    """Return the arguments that supervised training shares with every other trainer."""
    names = [each.name for each in fields(TrainingArguments) if each.init]
    return {name: getattr(supervised, name) for name in names if name != "load_best_model_at_end"}


def _own(recipe: Recipe, learned: Compared) -> dict[str, Any]:
    """Return the arguments of the objective."""
    own: dict[str, Any] = {
        "beta": recipe.preference_beta,
        "max_length": None,  # longer ones were left out or cut, and counted
        "precompute_ref_log_probs": recipe.method == "full",
    }
    if recipe.objective == "kto":
        liked = sum(row["label"] for row in learned.rows)
        others = len(learned.rows) - liked
        # Both kinds weigh alike in sum: the lower end of what equation 8 of the KTO paper allows.
        own |= {"desirable_weight": max(others / liked, 1.0), "undesirable_weight": max(liked / others, 1.0)}
    return own
