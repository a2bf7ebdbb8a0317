"""The estimate beside hand sums, and beside measured peaks of bases that run here."""

from pathlib import Path

import pytest
import torch

from benchmarks.training import against_peak, write_base
from tasks.training import memory
from tasks.training.base_shape import BaseShape, shape_from
from tasks.training.fitting import refuse_what_does_not_fit
from tasks.training.memory import GIB, Machine, estimate
from tasks.training.recipes import load_recipe
from tasks.training.tiny_base import TinyRecipe
from tests.tasks.training.conftest import recipe_of
from tests.tasks.training.real_configs import config_of

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
H200 = Machine("cuda", 139.0, bf16=True)
# Layers so wide, and a vocabulary so small, that not the loss but a layer decides on some of the peaks.
WIDE = TinyRecipe(vocab_size=512, hidden_size=256, feed_forward_size=2048, layers=2, key_value_heads=1)


@pytest.fixture(scope="module")
def wide_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return write_base(tmp_path_factory.mktemp("wide") / "base", WIDE)


@pytest.fixture(scope="module")
def qwen3_8b() -> BaseShape:
    return shape_from(config_of("qwen3-8b"))


@pytest.mark.filterwarnings("ignore:MatMul8bitLt:UserWarning")
@pytest.mark.parametrize(
    "values",
    [
        {"method": "full"},
        {"method": "full", "activation_checkpointing": True},
        {"method": "full", "gradient_accumulation": 4, "optimizer": "adamw-8bit"},
        {"method": "lora"},
        {"method": "lora", "activation_checkpointing": True},
        {"method": "lora", "base_bits": 8},
        {"method": "lora", "precision": "fp32"},
        {"method": "qlora", "lora_dropout": 0.1},
        {"method": "qlora", "activation_checkpointing": True},
    ],
    ids=lambda values: "-".join(map(str, values.values())),
)
def test_the_estimate_is_within_15_percent_of_the_measured_peak(
    values: dict[str, object], wide_base: Path, tmp_path: Path
) -> None:
    recipe = recipe_of(base=str(wide_base), max_tokens=128, max_steps=3, **({"lora_r": 16} | values))
    assert 0.85 <= against_peak("x", recipe, tmp_path).ratio <= 1.15


@pytest.mark.parametrize(
    ("method", "weights", "trained_gib"),
    [
        ("qlora", (0.516 * 6.946e9 + 2 * 1.245e9) / GIB, 43.6e6 * 4 / GIB),
        ("lora", 2 * 8.191e9 / GIB, 43.6e6 * 4 / GIB),
        ("full", 4 * 8.191e9 / GIB, 8.191e9 * 4 / GIB),
    ],
)
def test_weights_gradients_and_adam_of_qwen3_8b_by_hand(
    method: str, weights: float, trained_gib: float, qwen3_8b: BaseShape
) -> None:
    recipe = load_recipe(f"{method}-qwen3-8b").model_copy(update={"optimizer": "adamw"})
    needed = estimate(recipe, qwen3_8b, H200)
    adapter = 0 if method == "full" else trained_gib
    assert needed.weights / GIB == pytest.approx(weights + adapter, rel=0.01)
    assert needed.gradients / GIB == pytest.approx(trained_gib, rel=0.01)
    assert needed.optimizer / GIB == pytest.approx(2 * trained_gib, rel=0.01)


def test_an_8b_qlora_of_2048_tokens_fits_into_12_gib(qwen3_8b: BaseShape) -> None:
    one_by_one = load_recipe("qlora-qwen3-8b").model_copy(update={"gradient_accumulation": 8})
    assert 8 < refuse_what_does_not_fit(one_by_one, qwen3_8b, Machine("cuda", 12.0, bf16=True)).gib < 12


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"gradient_accumulation": 8}, "a smaller micro-batch"),
        ({"max_tokens": 1024}, "shorter examples"),
        ({"lora_r": 8}, "a smaller adapter"),
        ({"optimizer": "adamw-8bit"}, "smaller moments"),
        ({"base_bits": 8}, "a smaller base"),
        ({"method": "qlora"}, "a smaller base still"),
        ({"target_modules": ("q_proj",)}, "fewer adapters"),
        ({"lora_dropout": 0.0}, "no masks"),
    ],
)
def test_less_needs_less(changes: dict[str, object], why: str, qwen3_8b: BaseShape) -> None:
    recipe = load_recipe("lora-qwen3-8b")
    assert estimate(recipe.model_copy(update=changes), qwen3_8b, H200).gib < estimate(recipe, qwen3_8b, H200).gib, why


def test_checkpointing_saves_what_the_layers_would_keep(qwen3_8b: BaseShape) -> None:
    recipe = load_recipe("lora-qwen3-8b")
    kept = estimate(recipe.model_copy(update={"activation_checkpointing": False}), qwen3_8b, H200)
    again = estimate(recipe, qwen3_8b, H200)  # the default on a GPU
    assert kept.activations > 5 * again.activations
    assert kept.weights == again.weights


def test_a_containers_limit_counts_before_the_machines_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("memory.max", 3 * GIB), ("memory.current", GIB)):
        (tmp_path / name).write_text(f"{value}\n")
    assert memory._left_to_container(tmp_path) == 2 * GIB
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._left_to_container(tmp_path) > 2**60
    monkeypatch.setattr(memory, "_left_to_container", lambda: GIB)
    monkeypatch.setattr(memory, "_containers_limit", lambda: 3 * GIB)
    assert memory.this_machine("cpu").gib == 1.0
    assert memory.this_machine("cpu", whole=True).gib == 3.0
