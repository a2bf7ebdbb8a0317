"""Fine-tuning at the size of a real base: tokens a second, peak memory, and which share of the device's arithmetic.

    python -m benchmarks.training_at_scale [--quick] [--json]

The base has the shape of Qwen3 8B and random weights, every example has 2,048 tokens, and `qlora-qwen3-8b` runs at
micro-batch 1 and `lora-qwen3-8b` as it is. Without a GPU, or with `--quick`, the same code runs on a base of the same
architecture that is a thousand times smaller, and only shows that it runs: its figures say nothing of a GPU.

Model FLOP utilisation (MFU; Chowdhery et al. 2022, appendix B): a token costs 2 operations a weight forward and 2
backward through frozen weights, 4 N in all, and 12 L h d T of attention, over the device's dense bf16 peak. Recomputed
activations are not counted, and neither is that a causal mask halves attention, as is usual.
"""

import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from benchmarks.figures import Figure, main
from benchmarks.training import long_rows
from infra.libraries import prepare_libraries
from tasks.records import Recipe
from tasks.training import tiny_base
from tasks.training.fine_tuning import fine_tune
from tasks.training.precision import best_device
from tasks.training.recipes import recipe_of, resolved

log = logging.getLogger(__name__)

PEAK_TFLOPS = {"H200": 989, "H100": 989, "A100": 312, "L40S": 362, "L4": 121, "4090": 165}  # NVIDIA's data sheets
MEMORY_GOAL_GIB = 12
STEPS = 8
QWEN3_8B = {
    "vocab_size": 151_936,
    "hidden_size": 4096,
    "intermediate_size": 12_288,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "max_position_embeddings": 40_960,
    "tie_word_embeddings": False,
}
SMALL = {
    "vocab_size": 4096,
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
}
RUNS = {"qlora-qwen3-8b": ("batch_size=1", "gradient_accumulation=1"), "lora-qwen3-8b": ()}


def measure(quick: bool) -> list[Figure]:
    """Return the figures of both recipes."""
    prepare_libraries()
    small = quick or best_device() == "cpu"
    if small:
        log.warning("No GPU, or --quick: a small base runs instead; tokens/s, memory and MFU of 8B are not measured.")
    config = Qwen3Config(**(QWEN3_8B | (SMALL if small else {})))
    with tempfile.TemporaryDirectory() as folder:
        base = write_base(Path(folder) / "base", config)
        return [figure for name in RUNS for figure in run(name, base, config, Path(folder) / name, small)]


def write_base(folder: Path, config: Qwen3Config) -> Path:
    """Write random weights in bfloat16, drawn on the device, and a small tokenizer beside them."""
    texts = [f"The lantern {number:x} lies beside the river {number * 7919:x}" for number in range(4000)]
    tokenizer: PreTrainedTokenizerFast = tiny_base.train_tokenizer(texts, min(config.vocab_size, 4096), 4096)
    torch.manual_seed(1)
    with torch.device(best_device()):
        previous = torch.get_default_dtype()
        torch.set_default_dtype(torch.bfloat16)
        model = Qwen3ForCausalLM(config)
        torch.set_default_dtype(previous)
    model.config.dtype = torch.bfloat16
    model.config.eos_token_id, model.config.pad_token_id = tokenizer.eos_token_id, tokenizer.pad_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    del model
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return folder


def run(name: str, base: Path, config: Qwen3Config, folder: Path, small: bool) -> Iterator[Figure]:
    """Yield tokens a second beside those of the full peak, and peak memory beside its goal."""
    tokens = 256 if small else 2048
    changes = (*RUNS[name], f"base={base}", f"max_tokens={tokens}", f"max_steps={STEPS}", "warmup_steps=0")
    recipe: Recipe = recipe_of(name, resolved(name, overrides=changes))
    rows, longest = long_rows(base, tokens, STEPS * recipe.batch_size)
    seen: list[tuple[float, int]] = []
    outcome = fine_tune(
        recipe, base, None, rows, rows[:1], redaction="benchmark",
        work=folder / "work", tensorboard=folder / "log", merged=folder / "merged",
        on_progress=lambda done, total, loss: seen.append((time.perf_counter(), done)),
    )  # fmt: skip
    # The first step warms kernels up and is left out.
    speed = (seen[-1][1] - seen[0][1]) * recipe.batch_size * longest / (seen[-1][0] - seen[0][0])
    weights = sum(_linear_weights(config))
    operations = 4 * weights + 12 * config.num_hidden_layers * config.num_attention_heads * config.head_dim * longest
    peak = _peak_flops()
    yield Figure(f"training.at_scale.{name}.tokens", speed, peak / operations, "tokens/s", STEPS)
    yield Figure(f"training.at_scale.{name}.memory", outcome.peak_memory_gib, MEMORY_GOAL_GIB, "GiB", STEPS)


def _linear_weights(config: Qwen3Config) -> Sequence[int]:
    heads = config.head_dim * (2 * config.num_attention_heads + 2 * config.num_key_value_heads)
    layer = config.hidden_size * (heads + 3 * config.intermediate_size)
    return config.num_hidden_layers * layer, config.hidden_size * config.vocab_size


def _peak_flops() -> float:
    """Return the device's dense bf16 operations a second; not a number for one that the table lacks."""
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    known = [peak for card, peak in PEAK_TFLOPS.items() if card in name]
    return known[0] * 1e12 if known else float("nan")


if __name__ == "__main__":
    main(__doc__ or "", measure)
