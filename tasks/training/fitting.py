"""Whether a machine can compute a recipe, and if it cannot, the nearest recipe that it can, as options to type.

Nearest is what differs least in what is learned. A recipe for full tuning is brought down to its adapter sibling, whose
rate, batch and optimizer are its own, so that options of the one are not laid over the other.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training.base_shape import BaseShape
from tasks.training.memory import Machine, MemoryEstimate, estimate, micro_batch
from tasks.training.recipes import RECIPES, load_recipe

SMALLEST_R, SHORTEST = 8, 512  # what a smaller recipe is not proposed below
ADAPTERS_RATE = 10  # times full tuning's is what an adapter wants (Schulman et al., LoRA Without Regret, 2025)


def refuse_what_does_not_fit(recipe: Recipe, shape: BaseShape, machine: Machine) -> MemoryEstimate:
    """Return the estimate of a run that fits.

    Raises:
        TrainingError: the device cannot compute the recipe, or has too little memory for it.
    """
    refuse_what_the_device_lacks(recipe, machine)
    needed = estimate(recipe, shape, machine)
    if needed.gib <= machine.gib:
        return needed
    what = f"{recipe.name} on {recipe.base} needs {needed}; {machine.has}."
    found = _nearest_with_flags(recipe, shape, machine)
    if found is None:
        raise TrainingError(what, fix="take a smaller base, or a machine with more memory")
    nearest, flags = found
    told = f"{in_words(nearest, machine)} needs {estimate(nearest, shape, machine).gib:.1f} GiB of {machine.gib:.1f}"
    raise TrainingError(what, fix=f"{told}: {flags}")


def refuse_what_the_device_lacks(recipe: Recipe, machine: Machine) -> None:
    """Check number format, quantisation and optimizer against the device.

    Raises:
        TrainingError: fp16 or a paged optimizer on a CPU, or bf16 where the hardware has none.
    """
    if machine.device == "cpu" and recipe.precision == "fp16":
        raise TrainingError("precision fp16 needs a GPU.", fix="--set precision=auto (bf16 or fp32 on a CPU)")
    if machine.device == "cpu" and recipe.optimizer.startswith("paged"):
        raise TrainingError(f"optimizer {recipe.optimizer} needs a GPU.", fix="--set optimizer=adamw-8bit")
    if recipe.precision == "bf16" and not machine.bf16:
        fix = f"--set precision={'fp16' if machine.device == 'cuda' else 'fp32'}"
        raise TrainingError(f"This {machine.words} does not compute bf16.", fix=fix)


def nearest_that_fits(recipe: Recipe, shape: BaseShape, machine: Machine) -> Recipe | None:
    """Return the recipe that fits and differs least in what is learned, or None; full tuning stays full tuning.

    Least matter checkpointing and smaller micro-batches, which change nothing; then an 8-bit optimizer, a base in fewer
    bits, a smaller rank, and shorter examples.
    """
    found = sorted(_smaller(recipe), key=lambda pair: pair[0])
    return next((other for _, other in found if estimate(other, shape, machine).gib <= machine.gib), None)


def in_words(recipe: Recipe, machine: Machine) -> str:
    """Return what of a recipe decides on its memory, in a few words."""
    method = {"full": "full", "qlora": "QLoRA", "lora": f"LoRA over {recipe.base_bits} bits"}[recipe.method]
    words = [method, f"{recipe.max_tokens} tokens", f"micro-batch {micro_batch(recipe)}"]
    if recipe.method != "full":
        words.insert(1, f"r {recipe.lora_r}")
    if recipe.optimizer != "adamw":
        words.append("8-bit Adam")
    if machine.checkpoints(recipe):
        words.append("activation checkpointing")
    return ", ".join(words)


def _nearest_with_flags(recipe: Recipe, shape: BaseShape, machine: Machine) -> tuple[Recipe, str] | None:
    """Return the nearest recipe that fits with the options that lead to it: for full tuning an adapter before cuts."""
    nearest = nearest_that_fits(recipe, shape, machine)
    if recipe.method == "full" and (nearest is None or nearest.max_tokens < recipe.max_tokens):
        for method in ("lora", "qlora"):
            written, words = _adapter_of(recipe, method)
            wanted = written.model_copy(update={"base": recipe.base, "max_tokens": recipe.max_tokens})
            adapter = nearest_that_fits(wanted, shape, machine)
            if adapter is not None and adapter.method == method:  # else its sibling of that method says so itself
                return adapter, " ".join((*words, *_flags(written, adapter)))
    return None if nearest is None else (nearest, " ".join(_flags(recipe, nearest)))


def _adapter_of(recipe: Recipe, method: str) -> tuple[Recipe, list[str]]:
    """Return the adapter recipe beside one for full tuning, and the options that choose it."""
    sibling = f"{method}-{recipe.name.removeprefix('full-')}"
    if recipe.name.startswith("full-") and (RECIPES / f"{sibling}.yaml").exists():
        return load_recipe(sibling), [f"--recipe {sibling}"]
    rate = float(f"{min(ADAPTERS_RATE * recipe.learning_rate, 0.1):.2g}")
    changes = {"method": method, "learning_rate": rate}
    return recipe.model_copy(update=changes), [f"--set {name}={value}" for name, value in changes.items()]


def _smaller(recipe: Recipe) -> Iterator[tuple[int, Recipe]]:
    """Yield recipes that need less, each with how much it changes what is learned."""
    fewest = 2 if recipe.objective == "kto" else 1  # KTO compares the answers of a micro-batch
    finer = range(recipe.gradient_accumulation + 1, recipe.batch_size // fewest + 1)
    parts = [recipe.gradient_accumulation, *(n for n in finer if recipe.batch_size % n == 0)]
    eight_bit = "adamw-8bit" if recipe.optimizer == "adamw" else recipe.optimizer
    bases: list[Mapping[str, Any]] = [{}]
    if recipe.method == "lora":
        bases += [] if recipe.base_bits == 8 else [{"base_bits": 8}]
        bases.append({"method": "qlora", "base_bits": 16})  # qlora knows no other value than the default
    ladders: Sequence[Sequence[Mapping[str, Any]]] = (
        [{}, {"activation_checkpointing": True}],
        [{"gradient_accumulation": n} for n in parts],
        [{"optimizer": name} for name in dict.fromkeys((recipe.optimizer, eight_bit))],
        bases,
        [{"lora_r": r} for r in ([recipe.lora_r] if recipe.method == "full" else _halved(recipe.lora_r, SMALLEST_R))],
        [{"max_tokens": n} for n in _halved(recipe.max_tokens, SHORTEST)],
    )
    for rungs in product(*(list(enumerate(ladder)) for ladder in ladders)):
        harm = sum(place * weight for (place, _), weight in zip(rungs, (1, 2, 40, 100, 150, 1000), strict=True))
        yield harm, recipe.model_copy(update={key: value for _, change in rungs for key, value in change.items()})


def _halved(value: int, smallest: int) -> list[int]:
    return [value] + [value >> n for n in range(1, value.bit_length()) if value >> n >= smallest]


def _flags(recipe: Recipe, other: Recipe) -> list[str]:
    """Return the options that make `other` of `recipe`; under qlora `base_bits` has no say, and none is given."""
    changed = {name: value for name, value in other if value != getattr(recipe, name)}
    if other.method != "lora":
        changed.pop("base_bits", None)
    words = (f"{name}={'true' if value is True else value}" for name, value in changed.items())
    return [f"--set {shlex.quote(word)}" for word in words]
