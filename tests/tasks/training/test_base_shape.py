from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import AutoConfig

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training.base_shape import refuse_adapter_that_does_not_fit, shape_from, shape_of
from tasks.training.recipes import load_recipe
from tests.tasks.training.real_configs import CONFIGS, PUBLISHED_BILLIONS, config_of

SEVEN = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


@pytest.mark.parametrize("name", CONFIGS)
def test_parameters_are_counted_as_published(name: str) -> None:
    assert round(shape_from(config_of(name)).parameters / 1e9, 2) == PUBLISHED_BILLIONS[name]


@pytest.mark.parametrize("name", CONFIGS)
def test_the_recipes_of_a_base_sit_on_its_seven_projections(name: str) -> None:
    shape = shape_from(config_of(name))
    for method in ("qlora", "lora"):
        recipe = load_recipe(f"{method}-{name}")
        refuse_adapter_that_does_not_fit(recipe, shape)
        assert {linear.name for linear in shape.targeted(recipe)} == SEVEN
        assert all(linear.count == shape.layers for linear in shape.targeted(recipe))


def test_qwen3_8b_by_hand() -> None:
    shape = shape_from(config_of("qwen3-8b"))
    layer = 2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 12_288
    assert shape.in_layers == shape.quantised == 36 * layer
    assert shape.parameters == 36 * (layer + 2 * 4096 + 2 * 128) + 2 * 151_936 * 4096 + 4096
    assert shape.norms == 2 * 4096 + 4096 + 1024  # of queries and keys: on every head
    assert shape.published_bytes == 2


def test_a_vision_tower_is_weight_but_no_place_for_an_adapter() -> None:
    shape = shape_from(config_of("medgemma-4b"))
    assert shape.quantised > shape.in_layers
    assert {linear.name for linear in shape.linears} == SEVEN


@pytest.mark.parametrize(
    ("changes", "what", "fix", "why"),
    [
        ({"target_modules": ("q_proj", "qkv_proj")}, "no module qkv_proj", "gate_proj", "another architecture's name"),
        ({"lora_r": 33}, "k_proj of builtin:tiny is 64 by 32", "lora_r=32", "two heads of 16"),
        ({"lora_r": 65, "target_modules": ("q_proj",)}, "q_proj", "lora_r=64", "the width"),
    ],
)
def test_an_adapter_that_the_base_has_no_place_for_is_refused(
    changes: dict[str, object], what: str, fix: str, why: str, small_base: Path, recipe: Callable[..., Recipe]
) -> None:
    with pytest.raises(TrainingError) as caught:
        refuse_adapter_that_does_not_fit(recipe(method="lora", **changes), shape_of(small_base))
    assert what in caught.value.what, why
    assert fix in caught.value.fix, why


def test_an_adapter_as_large_as_the_smallest_dimension_is_taken(
    small_base: Path, recipe: Callable[..., Recipe]
) -> None:
    refuse_adapter_that_does_not_fit(recipe(method="lora", lora_r=32), shape_of(small_base))
    refuse_adapter_that_does_not_fit(recipe(method="full", lora_r=999), shape_of(small_base))


def test_fused_projections_are_named_in_the_refusal(recipe: Callable[..., Recipe]) -> None:
    config = AutoConfig.for_model(
        "phi3", hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, vocab_size=128,
        pad_token_id=0,
    )  # fmt: skip
    with pytest.raises(TrainingError, match=r"qkv_proj, .*gate_up_proj"):
        refuse_adapter_that_does_not_fit(recipe(method="lora"), shape_from(config))


def test_a_folder_without_a_config_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"config\.json"):
        shape_of(tmp_path)
