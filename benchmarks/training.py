"""Measure what fine-tuning costs beside what was foretold.

    python -m benchmarks.training [--quick] [--json]

Memory: the estimate that a run is refused by, beside the peak of the tensors of a real run of three steps, every
example as long as the recipe allows. On a CPU the peak is what the base holds when it is opened plus the highest
balance of the allocator from there on, as PyTorch's profiler records each allocation; resident memory would count
libraries and what malloc keeps. On a GPU it is `torch.cuda.max_memory_allocated`. The base has the tiny base's shape
and random weights.
"""

import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from unittest.mock import patch

import torch
from torch.profiler import ProfilerActivity, profile
from transformers import LlamaForCausalLM, PreTrainedModel

from benchmarks import training_speed
from benchmarks.figures import Figure, main
from infra.libraries import prepare_libraries
from tasks.records import CertifiedRow, Example, Message, PhiCertificate, Recipe, row_sha256
from tasks.training import base_loading, tiny_base
from tasks.training.base_shape import shape_of
from tasks.training.chat_format import encode
from tasks.training.fine_tuning import fine_tune
from tasks.training.memory import GIB, estimate, this_machine
from tasks.training.precision import best_device
from tasks.training.recipes import recipe_of, resolved

STEPS = 3
WORDS = "The lantern lies beside the river and the copper thimble lies beside the saddle"
# What is run: a recipe that comes with Rounds, and what is changed in it.
RUNS: dict[str, tuple[str, ...]] = {
    "full-tiny": (),
    "lora-tiny": (),
    "qlora-tiny": (),
    "lora-tiny_int8": ("base_bits=8",),
    "full-tiny_again": ("activation_checkpointing=true",),
    "qlora-tiny_again": ("activation_checkpointing=true",),
    "full-tiny_adam8": ("gradient_accumulation=8", "optimizer=adamw-8bit"),
    "lora-tiny_fp32": ("precision=fp32", "max_tokens=128"),
}


def measure(quick: bool) -> list[Figure]:
    """Return all figures."""
    prepare_libraries()
    with tempfile.TemporaryDirectory() as folder:
        base = write_base(Path(folder) / "base")
        names = list(RUNS)[:1] if quick else list(RUNS)
        foretold = [memory(name, base, Path(folder) / str(number)) for number, name in enumerate(names)]
        return [*training_speed.measure(Path(folder) / "speed", quick), *foretold]


def write_base(folder: Path, shape: tiny_base.TinyRecipe | None = None) -> Path:
    """Write a base of the tiny base's shape with random weights and a tokenizer of its full vocabulary."""
    shape = shape or tiny_base.TinyRecipe()
    texts = [f"{WORDS} {number:x} {number * 7919:x}" for number in range(4000)]
    tokenizer = tiny_base.train_tokenizer(texts, shape.vocab_size, shape.context)
    model: LlamaForCausalLM = tiny_base.build_model(tokenizer, shape)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def memory(name: str, base: Path, folder: Path) -> Figure:
    """Compare the estimate with the measured peak."""
    changes = (*RUNS[name], f"base={base}", f"max_steps={STEPS}", "warmup_steps=0")
    file = name.partition("_")[0]
    recipe = recipe_of(file, resolved(file, overrides=changes))
    return against_peak(f"training.memory_estimate.{name}", recipe, folder)


def against_peak(figure: str, recipe: Recipe, folder: Path) -> Figure:
    """Run a recipe for a few steps and compare the peak of its tensors with the estimate."""
    device = best_device()
    rows, longest = long_rows(Path(recipe.base), recipe.max_tokens, STEPS * recipe.batch_size)
    recipe = recipe.model_copy(update={"max_tokens": longest})
    foretold = estimate(recipe, shape_of(recipe.base), this_machine(device))
    with peak_memory(device) as peak:
        fine_tune(
            recipe, recipe.base, None, rows, rows[:1], redaction="benchmark",
            work=folder / "work", tensorboard=folder / "log", merged=folder / "merged",
        )  # fmt: skip
    return Figure(figure, foretold.tensors_gib * 1024, peak() / GIB * 1024, "MiB", STEPS)


def long_rows(base: Path, max_tokens: int, count: int) -> tuple[list[dict[str, object]], int]:
    """Return certified rows of one made-up chat, as long as `max_tokens` lets it be, and its length in tokens."""
    tokenizer = base_loading.open_tokenizer(base)
    for words in range(max_tokens, 0, -1):
        told = " ".join((WORDS.split() * max_tokens)[:words])
        messages = (Message(role="user", content="What lies where?"), Message(role="assistant", content=told))
        encoded = encode(tokenizer, messages, max_tokens)
        if encoded is not None:
            break
    assert encoded is not None
    row = Example(messages=messages, source="made-up", source_id="1", group_id="1").model_dump(mode="json")
    certificate = PhiCertificate(
        row_sha256=row_sha256(row),
        engine="benchmark",
        policy="benchmark",
        findings={},
        second_pass=0,
        canaries=320,
        canary_bound=0.02,
    )
    line = CertifiedRow(row=row, certificate=certificate).model_dump(mode="json")
    return [line] * count, len(encoded[0])


@contextmanager
def peak_memory(device: str) -> Iterator[Callable[[], float]]:
    """Measure the tensors of the run inside the block; the call that is yielded returns its peak in bytes after it."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        yield lambda: float(torch.cuda.max_memory_allocated())
        return
    recorder = profile(activities=[ProfilerActivity.CPU], profile_memory=True)
    held: list[int] = []
    opened = base_loading.open_model

    def open_and_record(*args: object) -> PreTrainedModel:
        model = opened(*args)  # type: ignore[arg-type]
        held.append(held_by(model))
        gc.collect()  # what an earlier run left would be recorded as freed in this one
        recorder.start()
        return model

    with patch.object(base_loading, "open_model", open_and_record):
        yield lambda: held[0] + max(accumulate(allocations(recorder)))
        recorder.stop()


def held_by(model: torch.nn.Module) -> int:
    """Return the bytes of a model's weights and buffers; files mapped into memory are counted, shared ones once."""
    storages = (tensor.untyped_storage() for tensor in (*model.parameters(), *model.buffers()))
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def allocations(recorder: profile) -> Iterator[int]:
    """Yield what was allocated and, negative, what was freed, in the order of time."""
    events = []
    nodes = list(recorder.profiler.kineto_results.experimental_event_tree())
    while nodes:
        node = nodes.pop()
        nodes += node.children
        if node.name == "[memory]":
            events.append((node.start_time_ns, node.extra_fields.alloc_size))
    yield from (size for _, size in sorted(events, key=lambda event: event[0]))


if __name__ == "__main__":
    main(__doc__ or "", measure)
