"""How much memory a fine-tuning run needs at its peak, told before it starts, and how much the machine has.

Counted are the tensors of fine-tuning as fine_tuning.py and preference_tuning.py do it, of which the latter holds no
second model and DPO computes two answers at once: the base's weights, the adapter's, gradients, optimizer states, what
the layers keep for the backward pass (or compute again, under activation checkpointing), and the tiles in which TRL
computes the loss (it never holds whole logits). The sums follow the tensors that autograd was seen to save under
PyTorch 2.13, transformers 5.23, PEFT 0.21, TRL 1.16 and bitsandbytes 0.50; benchmarks/training.py holds them to
measured peaks. Not covered: evaluation in larger batches than training's, several GPUs, experts of which only some are
computed, and the merge, which happens on the CPU.
"""

import sys
from dataclasses import dataclass, fields
from pathlib import Path

import psutil
import torch

from tasks.records import Recipe
from tasks.training.base_shape import BaseShape
from tasks.training.precision import computes_fast_in_bf16

GIB = 2**30
NF4 = 0.5 + 1 / 64 + 4 / (64 * 256)  # bytes a weight: 4 bits, a byte for 64 of them, a float for 256 of those
INT8_STATE = 2 + 2 * 4 / 256  # bytes a trained weight: two moments, each with a float for 256 of them
TILE_TOKENS, TILE_VOCABULARY = 4096, 32_768  # TRL's tiles of logits
TORCH_BACKWARD_TILE, TORCH_FORWARD_TILE = 29, 13  # bytes a logit where torch, not Triton, folds a tile
FRAGMENTED = 0.05  # share of the tensors that the allocator rounds up or cannot use again
GROUP = Path("/sys/fs/cgroup")  # the control group of a container, as it is seen inside
CUDA_CONTEXT = 0.6 * GIB  # kernels and cuBLAS's workspace, in no tensor


@dataclass(frozen=True)
class Machine:
    """What a run is computed on."""

    device: str
    gib: float
    bf16: bool  # whether its hardware computes bfloat16
    whole: bool = False  # whether `gib` is all that it has, not what is free now

    @property
    def words(self) -> str:
        """What it is called."""
        return "GPU" if self.device == "cuda" else "machine"

    @property
    def has(self) -> str:
        """What it has, in words."""
        this = f"this {self.words}"
        return f"{this} has {self.gib:.1f} GiB" if self.whole else f"{self.gib:.1f} GiB are free on {this}"

    def computes_in(self, recipe: Recipe) -> str:
        """Return `bf16`, `fp16` or `fp32`."""
        return recipe.precision if recipe.precision != "auto" else "bf16" if self.bf16 else "fp32"

    def checkpoints(self, recipe: Recipe) -> bool:
        """Say whether activations are computed again instead of kept."""
        chosen = recipe.activation_checkpointing
        return self.device == "cuda" if chosen is None else chosen


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes at the peak; gradients and activations are largest at different times, so they do not simply add up."""

    weights: float
    optimizer: float
    gradients: float
    activations: float
    at_once: float  # the most of gradients and activations that is held at one time
    reserve: float

    @property
    def tensors_gib(self) -> float:
        """What tensors hold at the peak, as a profiler sees it."""
        return (self.weights + self.optimizer + self.at_once) / GIB

    @property
    def gib(self) -> float:
        """What must be free."""
        return self.tensors_gib + self.reserve / GIB

    def __str__(self) -> str:
        parts = ", ".join(f"{field.name} {getattr(self, field.name) / GIB:.2f}" for field in fields(self)[:4])
        return f"{self.gib:.2f} GiB ({parts}, reserve {self.reserve / GIB:.2f})"


def this_machine(device: str, *, whole: bool = False) -> Machine:
    """Return the device with the memory that is free on it now, or with all that it has."""
    if device == "cuda":
        gpu = torch.cuda.mem_get_info()[1 if whole else 0]
        return Machine(device, gpu / GIB, computes_fast_in_bf16(device), whole)
    ram = psutil.virtual_memory()
    size = min(ram.total, _containers_limit()) if whole else min(ram.available, _left_to_container())
    return Machine(device, size / GIB, computes_fast_in_bf16(device), whole)


def _containers_limit(group: Path = GROUP) -> int:
    """Return the bytes that a container may use, because psutil sees the whole machine."""
    try:
        return int((group / "memory.max").read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such limit
        return sys.maxsize


def _left_to_container(group: Path = GROUP) -> int:
    """Return the bytes of a container's limit that are not used."""
    try:
        used = int((group / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):  # the root group counts nothing
        return sys.maxsize
    return _containers_limit(group) - used + _reclaimable(group)


def _reclaimable(group: Path) -> int:
    """Return the bytes of files that the kernel keeps as long as nobody needs the memory."""
    try:
        told = dict(line.split() for line in (group / "memory.stat").read_text(encoding="ascii").splitlines())
        return int(told["inactive_file"])
    except (OSError, ValueError, KeyError):
        return 0


def estimate(recipe: Recipe, shape: BaseShape, machine: Machine) -> MemoryEstimate:
    """Return what the run needs if every example is as long as the recipe allows."""
    of = _Sizes(recipe, shape, machine)
    gradients = 4.0 * of.trained
    earlier = gradients if recipe.gradient_accumulation > 1 else 0.0  # of the micro-batches before this one
    activations = max(of.loss(), of.forward(), of.layer())
    at_once = max(gradients, earlier + activations)
    weights, optimizer = of.weights(), of.optimizer()
    reserve = FRAGMENTED * (weights + optimizer + at_once) + (CUDA_CONTEXT if machine.device == "cuda" else 0)
    return MemoryEstimate(weights, optimizer, gradients, activations, at_once, reserve)


def micro_batch(recipe: Recipe) -> int:
    """Return how many examples are computed at once."""
    return recipe.batch_size // recipe.gradient_accumulation


class _Sizes:
    """Bytes of the parts of one run."""

    def __init__(self, recipe: Recipe, shape: BaseShape, machine: Machine) -> None:
        self.recipe, self.shape, self.machine = recipe, shape, machine
        self.full = recipe.method == "full"
        self.targeted = shape.targeted(recipe)
        self.stored = 4 if self.full else shape.published_bytes  # one weight, and one number between the layers
        self.autocast = machine.computes_in(recipe) != "fp32"
        self.computed = 2 if self.autocast else self.stored
        self.int8 = recipe.method == "lora" and recipe.base_bits == 8
        self.quantised = recipe.method == "qlora" or self.int8
        self.checkpoints = machine.checkpoints(recipe)
        both = 2 if recipe.objective == "dpo" else 1  # the chosen and the rejected answer are computed together
        self.tokens = both * micro_batch(recipe) * recipe.max_tokens
        adapter = sum(recipe.lora_r * (one.inputs + one.outputs) * one.count for one in self.targeted)
        self.trained = shape.parameters if self.full else adapter

    def weights(self) -> float:
        """Count the base as it is held, and the adapter in 32 bits."""
        shape = self.shape
        bits = {"qlora": NF4, "lora": 1 if self.int8 else self.stored, "full": 4}[self.recipe.method]
        base = bits * shape.quantised + self.stored * (shape.parameters - shape.quantised)
        return base + (0 if self.full else 4 * self.trained)

    def optimizer(self) -> float:
        """Count Adam's two moments; paged ones move to the CPU's memory when the GPU's is short."""
        return {"adamw": 8, "adamw-8bit": INT8_STATE, "paged-adamw-8bit": 0}[self.recipe.optimizer] * self.trained

    def loss(self) -> float:
        """Count what is held when the loss goes backward: everything kept, and the logits of one tile."""
        head = (
            4.0 * self.shape.vocabulary * self.shape.hidden if self.full else 0.0
        )  # its gradient is made in one piece
        casts = 0.0 if self.checkpoints else self._casts()
        return self._kept() + casts + self._head(TORCH_BACKWARD_TILE) + head

    def forward(self) -> float:
        """Count what is held when the loss is computed: under autocast, still the casts of all trained weights."""
        casts = self._casts() if self.full or not self.checkpoints else 0.0
        return self._kept() + casts + self._head(TORCH_FORWARD_TILE)

    def layer(self) -> float:
        """Count what is held when the last layer goes backward: everything kept, its gradients, one weight unpacked."""
        shape = self.shape
        wide = 2 * shape.feed_forward * self._between() + 3 * shape.hidden * 4
        again = self._layer() * self.tokens if self.checkpoints else 0.0
        largest = max(one.inputs * one.outputs for one in shape.linears) if self.quantised else 0
        casts = self._casts() / (shape.layers if self.checkpoints else 1)
        return self._kept() + casts + again + wide * self.tokens + self.computed * largest

    def _kept(self) -> float:
        """Count what all layers keep: under checkpointing their inputs, else all that their backward pass needs."""
        one_layer = self.shape.hidden * self.stored if self.checkpoints else self._layer()
        last_norm = self.shape.hidden * (8 if self.full else 4)
        return float(self.tokens * (self.shape.layers * one_layer + last_norm))

    def _layer(self) -> float:
        """Count what one layer keeps of one token."""
        shape, computed = self.shape, self.computed
        per_layer = [(one.inputs, one.count / shape.layers) for one in (shape.linears if self.full else self.targeted)]
        inputs = sum(width * count for width, count in per_layer)
        modules = sum(count for _, count in per_layer)
        keys = shape.key_value if self.machine.device == "cpu" else shape.query  # repeated where a mask is given
        attention = computed * 2 * (shape.query + keys) + 4 * shape.heads
        norms = shape.norms * (8 if self.full else 4)  # in 32 bits, whatever the weights are
        gated = 3 * shape.feed_forward * self._between()
        shared = 2 * shape.hidden + shape.feed_forward  # what is not copied: the norms' results, the gated product
        if not self.autocast and self.stored == 4:
            copies = float(computed * shared)
        elif self.full:
            copies = computed * (inputs - shape.query)  # attention's result is in 16 bits already
        else:
            copies = inputs * (computed if self.autocast else 4)  # PEFT copies into the adapter's 32 bits
        adapter = 0.0 if self.full else modules * self.recipe.lora_r * (computed if self.autocast else 4)
        if self.int8:  # bitsandbytes keeps the input itself
            adapter += computed * (shared if self.stored == computed else inputs - shape.query)
        noise = 4 if self.machine.device == "cpu" else 1
        dropped = inputs * noise if self.recipe.lora_dropout and not self.full else 0
        return attention + norms + gated + copies + adapter + dropped

    def _between(self) -> int:
        """Return the bytes of a number between two linear modules: 4-bit ones answer in their input's format."""
        return self.stored if self.recipe.method == "qlora" else self.computed

    def _casts(self) -> float:
        """Count the 16-bit copies that autocast makes of 32-bit weights."""
        if not self.autocast:
            return 0.0
        base = self.shape.in_layers if self.stored == 4 and not self.quantised else 0
        return float(self.computed * (base + (0 if self.full else self.trained)))

    def _head(self, folding: int) -> float:
        """Count the head's tile of logits, `folding` bytes a logit beside it, and hidden states with their gradient."""
        shape, computed = self.shape, self.computed
        tokens, columns = min(self.tokens, TILE_TOKENS), min(shape.vocabulary, TILE_VOCABULARY)
        cast = computed * columns * shape.hidden if self.autocast and self.stored == 4 else 0
        hidden = shape.hidden * (self.tokens * (4 + self.stored) + tokens * computed)
        logits = tokens * columns * (folding if self.machine.device == "cpu" else 0)  # Triton folds in place
        return float(tokens * TILE_VOCABULARY * computed + logits + cast + hidden)
