"""The model as a recipe trains it, for every objective: opened, under an adapter or not, and put into a trainer."""

from pathlib import Path

import torch
from peft import LoraConfig, PeftModel
from transformers import PreTrainedModel, Trainer
from transformers.trainer_callback import PrinterCallback

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training import base_loading, processes, unsloth_backend
from tasks.training.base_shape import VISION
from tasks.training.starting_points import restore_adapter, with_adapter


def open_trainable(
    recipe: Recipe, source: str | Path, revision: str | None, start: Path | None, device: str
) -> tuple[PreTrainedModel | PeftModel, LoraConfig | None]:
    """Return the model to train, and the adapter that the trainer has to put on it, if it needs one.

    `start` is the folder of an earlier run's adapter, or of its merged weights under full tuning, to go on with.

    Raises:
        TrainingError: base or backend cannot be used.
    """
    if recipe.method == "full" and start:
        source, revision = start, None
    if recipe.backend == "unsloth":
        if start and recipe.method != "full":
            raise TrainingError(
                "Unsloth cannot go on with an adapter of an earlier run.", fix="--set backend=transformers"
            )
        return unsloth_backend.open_model(source, revision, recipe, device), None
    model = base_loading.open_model(source, revision, recipe, device)
    if recipe.method == "full":
        return model, None
    return (with_adapter(model, recipe, start), None) if start else (model, _adapter(recipe, model))


def make_ready(trainer: Trainer, recipe: Recipe, start: Path | None) -> None:
    """Undo what TRL does to adapters, and settle what several processes need."""
    trainer.remove_callback(PrinterCallback)
    _adapters_in_float32(trainer.model)
    if start and recipe.method != "full":
        restore_adapter(trainer.model, start)
    processes.keep_sums_in_float32(trainer)


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
