"""What a run starts from: the base, or the weights of an earlier run, and how both are kept for the next one.

LoRA and QLoRA go on with the earlier run's adapter over the very same base; full tuning goes on with its merged
weights, whatever method made them. The optimiser starts anew with its warm-up. Which run may be gone on from at all (a
champion that learned from withdrawn rows may not) is decided in the registry.
"""

import json
from pathlib import Path
from typing import Any

from peft import LoraConfig, PeftModel, set_peft_model_state_dict
from peft.utils import load_peft_weights
from transformers import PreTrainedModel

from infra.artifacts import ArtifactStore
from tasks.errors import TrainingError
from tasks.records import Base, Recipe, TrainingRun

CONFIG = "adapter_config.json"
FROM_BASE = "--set start_from=base trains from the base again"


def start_folder(recipe: Recipe, base: Base, earlier: TrainingRun | None, store: ArtifactStore) -> Path | None:
    """Return the adapter (lora, qlora) or the merged weights (full) to go on with, or None: start from the base.

    Raises:
        TrainingError: the earlier run had another base or revision, or its adapter another rank, alpha or modules.
        StorageError: its weights are no longer in the store.
    """
    if earlier is None:
        return None
    if earlier.base.revision != base.revision:
        raise TrainingError(
            f"{earlier.id} trained {earlier.base.name} at {earlier.base.revision[:12]}, this run trains {base.name}"
            f" at {base.revision[:12]}: weights go on over their own base alone.",
            fix=FROM_BASE,
        )
    if recipe.method == "full":
        return store.path(earlier.weights)
    if earlier.adapter is None:
        raise TrainingError(
            f"{earlier.id} left no adapter: it was tuned in full, or before adapters were kept.", fix=FROM_BASE
        )
    folder = store.path(earlier.adapter)
    _refuse_other_shape(recipe, earlier.id, folder)
    return folder


def _refuse_other_shape(recipe: Recipe, run_id: str, adapter: Path) -> None:
    kept = json.loads((adapter / CONFIG).read_text(encoding="utf-8"))
    asked: dict[str, Any] = {
        "lora_r": (kept["r"], recipe.lora_r),
        "lora_alpha": (kept["lora_alpha"], recipe.lora_alpha),
        "target_modules": (sorted(kept["target_modules"]), sorted(recipe.target_modules)),
    }
    other = {key: pair for key, pair in asked.items() if pair[0] != pair[1]}
    if other:
        seen = "; ".join(f"{key} {_words(has)}, not {_words(wants)}" for key, (has, wants) in other.items())
        same = " ".join(f"--set '{key}={_words(has)}'" for key, (has, _) in other.items())
        raise TrainingError(f"The adapter of {run_id} has {seen}.", fix=f"{same}, or {FROM_BASE}")


def _words(value: object) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)


def with_adapter(model: PreTrainedModel, recipe: Recipe, folder: Path) -> PeftModel:
    """Return the model under an earlier run's adapter, ready to be trained on with the recipe's own dropout."""
    config = LoraConfig.from_pretrained(str(folder))
    config.lora_dropout = recipe.lora_dropout
    config.inference_mode = False
    return PeftModel.from_pretrained(model, str(folder), is_trainable=True, config=config)


def restore_adapter(model: PeftModel, folder: Path) -> None:
    """Load the adapter's weights once more: TRL (1.16) rounds those over a 4-bit base to bfloat16."""
    set_peft_model_state_dict(model, load_peft_weights(str(folder), device="cpu"))


def name_base(adapter: Path, base: Base) -> None:
    """Write into an adapter's config the name and revision of its base, in the place of where that lay in the store."""
    file = adapter / CONFIG
    config = json.loads(file.read_text(encoding="utf-8"))
    config |= {"base_model_name_or_path": base.name, "revision": base.revision}
    config["target_modules"] = sorted(config["target_modules"])  # PEFT writes a set: another order in each process
    file.write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")
