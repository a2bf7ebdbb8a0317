"""The shape of a base model from its config.json alone: which modules it has, how large, how many parameters.

The model is built on torch's meta device, where weights have shapes and no numbers: exact for every architecture that
transformers knows, and nothing is downloaded but the config. Vision towers are counted as weights, not as places for an
adapter. Mixtures of experts are counted as if every expert were computed.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig

from tasks.errors import TrainingError
from tasks.records import Recipe

VISION = ("vision", "multi_modal_projector", "audio")


@dataclass(frozen=True)
class Linear:
    """Linear modules of one name and size in the layers of the language model."""

    name: str
    inputs: int
    outputs: int
    count: int


@dataclass(frozen=True)
class BaseShape:
    """Sizes of a base model; parameters are counted once where they are shared."""

    parameters: int
    quantised: int  # parameters of the linear modules that a 4-bit or 8-bit base holds in so many bits
    linears: tuple[Linear, ...]
    layers: int
    hidden: int
    feed_forward: int
    query: int  # width of all query heads together
    key_value: int
    heads: int
    norms: int  # width of all norms of one layer together, as activations
    vocabulary: int
    published_bytes: int  # of one weight as it is published

    @property
    def in_layers(self) -> int:
        """Parameters of the linear modules in the layers of the language model."""
        return sum(linear.inputs * linear.outputs * linear.count for linear in self.linears)

    def targeted(self, recipe: Recipe) -> tuple[Linear, ...]:
        """Return the modules that the recipe's adapter sits on."""
        return tuple(linear for linear in self.linears if linear.name in recipe.target_modules)


def shape_of(source: str | Path, revision: str | None = None) -> BaseShape:
    """Return the shape of a folder or a Hugging Face id.

    Raises:
        TrainingError: its config.json cannot be read, or is of no causal language model that transformers knows.
    """
    try:
        return shape_from(AutoConfig.from_pretrained(str(source), revision=revision))
    except (OSError, ValueError, KeyError) as error:
        fix = "check that it is a causal language model that this transformers knows, with its config.json"
        raise TrainingError(f"The config of {source} cannot be read.", fix=fix) from error


def shape_from(config: PretrainedConfig) -> BaseShape:
    """Return the shape of the causal language model that a config describes."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    text = config.get_text_config()
    head = model.get_output_embeddings()
    linears = {name: module for name, module in model.named_modules() if type(module) is torch.nn.Linear}
    sizes = Counter(
        (name.rpartition(".")[2], module.in_features, module.out_features)
        for name, module in linears.items()
        if module is not head and not any(word in name for word in VISION)
    )
    head_width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    query, key_value = (
        count * head_width
        for count in (text.num_attention_heads, getattr(text, "num_key_value_heads", None) or text.num_attention_heads)
    )
    return BaseShape(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        quantised=sum(module.weight.numel() for module in linears.values() if module is not head),
        linears=tuple(Linear(*size, count) for size, count in sizes.items()),
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        feed_forward=text.intermediate_size,
        query=query,
        key_value=key_value,
        heads=text.num_attention_heads,
        norms=_norms(model, {"q_norm": query, "k_norm": key_value}),
        vocabulary=text.vocab_size,
        published_bytes=(config.dtype or text.dtype or torch.float32).itemsize,
    )


def _norms(model: torch.nn.Module, of_heads: dict[str, int]) -> int:
    """Return the width of a layer's norms; those of queries and keys have the width of one head, used on each."""
    first = [name for name, _ in model.named_modules() if name.endswith("layers.0") and "vision" not in name]
    return sum(
        of_heads.get(name, module.weight.numel())
        for name, module in model.get_submodule(first[0]).named_modules()
        if name.rpartition(".")[2].endswith("norm")
        for name in [name.rpartition(".")[2]]
    )


def refuse_adapter_that_does_not_fit(recipe: Recipe, shape: BaseShape) -> None:
    """Check the recipe's adapter against the base.

    Raises:
        TrainingError: the base has no module of a name, or one with fewer rows or columns than the adapter's rank.
    """
    if recipe.method == "full":
        return
    known = list(dict.fromkeys(linear.name for linear in shape.linears))
    if absent := [name for name in recipe.target_modules if name not in known]:
        raise TrainingError(
            f"Base model {recipe.base} has no module {', '.join(absent)}.",
            fix=f"--set 'target_modules=[{', '.join(known)}]', or those of them that you want",
        )
    narrowest = min(shape.targeted(recipe), key=lambda linear: min(linear.inputs, linear.outputs))
    rank = min(narrowest.inputs, narrowest.outputs)
    if recipe.lora_r > rank:
        raise TrainingError(
            f"lora_r is {recipe.lora_r}, but {narrowest.name} of {recipe.base} is"
            f" {narrowest.inputs} by {narrowest.outputs}.",
            fix=f"--set lora_r={rank} or less, or leave {narrowest.name} out of target_modules",
        )
