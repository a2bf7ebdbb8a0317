"""Write the finished model: the adapter merged into the base as it was published, and the merge proved by its logits.

A merged model must answer as base and adapter do side by side. Rounding of the merged weights and of the computation
itself leaves a difference, which depends on the base's number format; more than that fails the run. A QLoRA adapter
has learned over 4-bit weights and is merged into the published ones; what the finer base changes is no error of the
merge and is logged apart. Not covered: adapters of another formula than LoRA's, which no recipe asks for.
"""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import PeftModel
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel
from trl import SFTTrainer

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training import base_loading, processes

log = logging.getLogger(__name__)

PROBES, PROBE_TOKENS = 4, 128  # an 8B on a CPU computes them in a minute or two
OTHER_FORMULAS = ("use_rslora", "use_dora", "alora_invocation_tokens")


@dataclass(frozen=True)
class Difference:
    """How far two models' logits lie apart, as shares of the first one's standard deviation over all logits."""

    mean: float  # root of the mean square
    largest: float
    same_first: float  # share of positions, 0-1, at which both hold the same token the likeliest


# What a right merge may differ by. Measured over random Llama and Qwen3 shapes of 2 to 32 layers, adapters that move
# the logits by 0.2 to 54 %: mean and largest up to 8e-7 and 5e-6 in float32, 0.002 and 0.012 in float16, 0.017 and 0.10
# in bfloat16. Half the scale, of an adapter that moves the logits by 5 %, is 0.027 and 0.13 in the mean and the largest
# in float32: seen in every format. What an adapter moves by less than this cannot be told from rounding.
TOLERANCE = {
    torch.float32: Difference(mean=1e-5, largest=1e-4, same_first=0.99),
    torch.float16: Difference(mean=4e-3, largest=0.05, same_first=0.95),
    torch.bfloat16: Difference(mean=0.025, largest=0.4, same_first=0.9),
}


def save_finished(
    trainer: SFTTrainer,
    recipe: Recipe,
    source: str | Path,
    revision: str | None,
    merged: Path,
    probes: Sequence[Sequence[int]],
) -> float | None:
    """Write the trained model with its tokenizer into `merged`; return the merge's largest difference of a logit.

    `probes` are token ids of chats that both models are asked; the difference is a share of the logits' standard
    deviation, None where nothing is merged. Every process of a launch calls it, the first one writes.

    Raises:
        TrainingError: the merged model does not answer as base and adapter do; the adapter is kept beside `merged`.
    """
    model: PreTrainedModel = trainer.accelerator.unwrap_model(trainer.model)
    asked = [list(ids[:PROBE_TOKENS]) for ids in probes[:PROBES]]
    trained = logits(model, asked) if recipe.method == "qlora" else None  # sharded, it takes every process
    weights = _trained_weights(model)
    if not processes.is_first():
        return None
    largest = None
    if recipe.method == "full":
        finished = _in_own_dtype(model, weights, source, revision)
    else:
        adapter = Path(trainer.args.output_dir) / "adapter"
        model.save_pretrained(adapter, state_dict=weights, selected_adapters=["default"])  # not TRL's reference
        beside = PeftModel.from_pretrained(base_loading.reopen_base(source, revision), adapter)
        finished, largest = merge(beside, asked, adapter, trained)
    finished.config.use_cache = True
    shutil.rmtree(merged, ignore_errors=True)  # a killed run may have written a part
    finished.save_pretrained(merged)
    trainer.processing_class.save_pretrained(merged)
    return largest


def merge(
    model: PeftModel, asked: Sequence[Sequence[int]], adapter: Path, trained: torch.Tensor | None = None
) -> tuple[PreTrainedModel, float]:
    """Merge the adapter into the base in place, and return the model and its largest difference of a logit.

    Only one copy of the weights is held. `trained` are the logits over the base as it was trained on, to be logged.

    Raises:
        TrainingError: the adapter is none of LoRA's plain formula, or the merged model answers otherwise.
    """
    refuse_other_formulas(model)
    with model.disable_adapter():
        base = logits(model, asked)
    beside = logits(model, asked)
    merged: PreTrainedModel = model.merge_and_unload()
    allowed = TOLERANCE.get(merged.dtype, TOLERANCE[torch.bfloat16])
    seen, moved = difference(beside, logits(merged, asked)), difference(beside, base)
    log.info(
        "merged mean=%.2g largest=%.2g same_first=%.3f adapter_moves=%.2g four_bit_base_moves=%s",
        seen.mean, seen.largest, seen.same_first, moved.mean,
        "none" if trained is None else f"{difference(beside, trained).mean:.2g}",
    )  # fmt: skip
    if moved.mean < allowed.mean:
        log.warning("the adapter moves the logits by less than %s resolves: %.2g", merged.dtype, moved.mean)
    # Written so that a difference that is no number fails.
    if not (seen.mean <= allowed.mean and seen.largest <= allowed.largest and seen.same_first >= allowed.same_first):
        raise TrainingError(
            f"The merged model's logits differ from those of base and adapter by {seen.mean:.2g} of their standard"
            f" deviation, {seen.largest:.2g} at most, and name another token at {1 - seen.same_first:.1%} of places;"
            f" {allowed.mean:g}, {allowed.largest:g} and {1 - allowed.same_first:.0%} are allowed in {merged.dtype}.",
            fix=f"the adapter is kept in {adapter}: serve it over its base unmerged, or lower lora_alpha or"
            " learning_rate and train again",
        )
    return merged, seen.largest


@torch.no_grad()  # type: ignore[untyped-decorator]
def logits(model: torch.nn.Module, asked: Sequence[Sequence[int]]) -> torch.Tensor:
    """Return the model's float32 logits on the CPU, `(tokens of all chats, vocabulary)`; it is left in eval mode."""
    model.eval()
    device = next(model.parameters()).device
    found = [model(input_ids=torch.tensor([ids], device=device), use_cache=False).logits[0] for ids in asked]
    return torch.cat(found).float().cpu()


def difference(wanted: torch.Tensor, seen: torch.Tensor) -> Difference:
    """Return how far the logits `seen` lie from those `wanted`."""
    apart, spread = (seen - wanted).abs(), wanted.std()
    same = (seen.argmax(-1) == wanted.argmax(-1)).float().mean()
    return Difference(
        mean=float(apart.square().mean().sqrt() / spread), largest=float(apart.max() / spread), same_first=float(same)
    )


def refuse_other_formulas(model: PeftModel) -> None:
    """Check that every adapter adds `lora_alpha / r · B · A` and nothing else: memory and export count on it.

    Raises:
        TrainingError: one is of another kind, such as rsLoRA or DoRA.
    """
    for config in model.peft_config.values():
        kind = str(getattr(config.peft_type, "value", config.peft_type))
        other = [name for name in OTHER_FORMULAS if getattr(config, name, None)]
        if kind != "LORA" or other:
            what = ", ".join(other) or kind
            raise TrainingError(
                f"The adapter is no plain LoRA: {what}.", fix="train an adapter with a recipe of Rounds"
            )


def _trained_weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return the weights that training changed, whole, on the CPU where they were sharded. Every process calls it."""
    found = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            whole = parameter.full_tensor().cpu() if isinstance(parameter, DTensor) else parameter
            found[name] = whole.detach()
    return found


def _in_own_dtype(
    model: PreTrainedModel, weights: dict[str, torch.Tensor], source: str | Path, revision: str | None
) -> PreTrainedModel:
    if not processes.are_sharded():
        return model.to(base_loading.own_dtype(source, revision))
    finished = base_loading.reopen_base(source, revision)
    finished.load_state_dict(weights, strict=False)  # a tied weight is named once
    return finished
