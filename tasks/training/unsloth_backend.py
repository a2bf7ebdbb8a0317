"""Open a base with Unsloth instead of transformers and PEFT, behind the same recipe.

It follows Unsloth's documented calls, `FastLanguageModel.from_pretrained` and `.get_peft_model`. Unsloth is not among
the dependencies: it pins PyTorch, transformers and TRL by itself. Not covered: its own trainer and its exports; the
batches, the loss, checkpoints and the merge stay ours. Its patches are widest where `unsloth` is imported before
transformers.
"""

from pathlib import Path

from transformers import PreTrainedModel

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training.precision import compute_dtype


def open_model(source: str | Path, revision: str | None, recipe: Recipe, device: str) -> PreTrainedModel:
    """Return the base as the recipe trains it; under qlora and lora with its adapter.

    Raises:
        TrainingError: there is no GPU, Unsloth is not installed, or it does not know the base.
    """
    if device != "cuda":
        raise TrainingError("backend unsloth needs a GPU.", fix="--set backend=transformers")
    try:
        from unsloth import FastLanguageModel  # type: ignore[import-not-found,unused-ignore]  # most machines lack it
    except ImportError as error:
        fix = "install it beside a PyTorch that it names (pip install unsloth), or --set backend=transformers"
        raise TrainingError("backend unsloth is not installed, or not for this PyTorch.", fix=fix) from error
    checkpointing = "unsloth" if recipe.activation_checkpointing in (None, True) else False
    try:
        model, _ = FastLanguageModel.from_pretrained(
            model_name=str(source),
            revision=revision,
            max_seq_length=recipe.max_tokens,
            dtype=compute_dtype(recipe.precision, device),
            load_in_4bit=recipe.method == "qlora",
            load_in_8bit=recipe.method == "lora" and recipe.base_bits == 8,
            load_in_16bit=recipe.method == "lora" and recipe.base_bits == 16,
            full_finetuning=recipe.method == "full",
            use_gradient_checkpointing=checkpointing,
            use_exact_model_name=True,  # else it takes a quantised copy of its own, without this revision
            random_state=recipe.seed,
        )
    except (OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise TrainingError(f"Unsloth cannot load {source}.", fix="--set backend=transformers") from error
    if recipe.method == "full":
        return model
    return FastLanguageModel.get_peft_model(
        model,
        r=recipe.lora_r,
        lora_alpha=recipe.lora_alpha,
        lora_dropout=recipe.lora_dropout,
        target_modules=list(recipe.target_modules),
        bias="none",
        use_gradient_checkpointing=checkpointing,
        random_state=recipe.seed,
    )
