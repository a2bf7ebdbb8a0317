"""What a machine cannot compute is refused with options that, typed in, make a recipe which it can."""

import shlex
from dataclasses import replace

import pytest

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training.base_shape import BaseShape, shape_from
from tasks.training.fitting import nearest_that_fits, refuse_what_does_not_fit
from tasks.training.memory import Machine, estimate
from tasks.training.recipes import load_recipe, recipe_of, resolved
from tests.tasks.training.real_configs import CONFIGS, config_of

H200 = Machine("cuda", 139.0, bf16=True)


@pytest.fixture(scope="module")
def qwen3_8b() -> BaseShape:
    return shape_from(config_of("qwen3-8b"))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_refusal_names_settings_that_do_fit(name: str) -> None:
    shape, recipe = shape_from(config_of(name)), load_recipe(f"lora-{name}")
    small = replace(H200, gib=estimate(recipe, shape, H200).gib * 0.7)
    with pytest.raises(TrainingError, match=r"needs .* GiB") as caught:
        refuse_what_does_not_fit(recipe, shape, small)
    nearest = nearest_that_fits(recipe, shape, small)
    assert nearest is not None
    assert estimate(nearest, shape, small).gib <= small.gib
    assert f"GiB of {small.gib:.1f}" in caught.value.fix
    for key in ("base_bits", "gradient_accumulation"):
        changed = getattr(nearest, key) != getattr(recipe, key)
        assert (f"--set {key}={getattr(nearest, key)}" in caught.value.fix) == changed


def test_what_changes_no_result_is_proposed_before_what_does(qwen3_8b: BaseShape) -> None:
    recipe = load_recipe("lora-qwen3-8b").model_copy(update={"activation_checkpointing": False})
    nearest = nearest_that_fits(recipe, qwen3_8b, Machine("cuda", 24.0, bf16=True))
    assert nearest == recipe.model_copy(update={"activation_checkpointing": True})


def typed(name: str, fix: str) -> Recipe:
    """Return the recipe that comes of a refused one and the options which the fix names."""
    words = shlex.split(fix.rpartition(": ")[2])
    chosen = dict.fromkeys(words[::2])
    assert set(chosen) <= {"--recipe", "--set"}, fix
    options = list(zip(words[::2], words[1::2], strict=True))
    name = next((value for option, value in options if option == "--recipe"), name)
    return recipe_of(name, resolved(name, overrides=[value for option, value in options if option == "--set"]))


@pytest.mark.parametrize(
    ("name", "changes", "gib", "expected"),
    [
        ("full-qwen3-8b", {"optimizer": "adamw"}, 110.0, "GiB of 110.0: --set optimizer=adamw-8bit"),
        ("full-qwen3-8b", {}, 24.0, "--recipe lora-qwen3-8b"),
        ("full-qwen3-8b", {}, 17.0, "--recipe lora-qwen3-8b --set"),
        ("full-qwen3-8b", {}, 11.0, "--recipe qlora-qwen3-8b"),
        ("full-qwen3-8b", {}, 8.8, "--recipe qlora-qwen3-8b --set gradient_accumulation=8"),
        ("full-qwen3-8b", {"max_tokens": 4096}, 24.0, "--recipe lora-qwen3-8b --set max_tokens=4096"),
        ("full-qwen3-8b", {"base": "own/a b"}, 24.0, "--recipe lora-qwen3-8b --set 'base=own/a b'"),
        ("lora-qwen3-8b", {}, 17.0, "--set"),
        ("lora-qwen3-8b", {"base_bits": 8}, 11.0, "--set method=qlora"),
        ("qlora-qwen3-8b", {}, 7.7, "--set max_tokens="),
    ],
)
def test_the_options_of_a_refusal_make_the_recipe_that_it_describes(
    name: str, changes: dict[str, object], gib: float, expected: str, qwen3_8b: BaseShape
) -> None:
    machine = Machine("cuda", gib, bf16=True)
    with pytest.raises(TrainingError) as caught:
        refuse_what_does_not_fit(load_recipe(name).model_copy(update=changes), qwen3_8b, machine)
    fix = caught.value.fix
    assert expected in fix
    assert ", --" not in fix
    made = typed(name, fix)
    needed = estimate(made, qwen3_8b, machine).gib
    assert needed <= gib
    assert f" needs {needed:.1f} GiB of {gib:.1f}: " in fix


def test_full_tuning_of_ones_own_file_is_told_a_rate_for_the_adapter(qwen3_8b: BaseShape) -> None:
    mine = load_recipe("full-qwen3-8b").model_copy(update={"name": "mine", "optimizer": "adamw"})
    with pytest.raises(TrainingError) as caught:
        refuse_what_does_not_fit(mine, qwen3_8b, Machine("cuda", 24.0, bf16=True))
    assert f"--set method=lora --set learning_rate={10 * mine.learning_rate:g}" in caught.value.fix


def test_what_the_machine_has_is_told_apart_from_what_is_free_on_it(qwen3_8b: BaseShape) -> None:
    for whole, words in ((True, "this GPU has 3.0 GiB."), (False, "3.0 GiB are free on this GPU.")):
        with pytest.raises(TrainingError) as caught:
            refuse_what_does_not_fit(load_recipe("qlora-qwen3-8b"), qwen3_8b, Machine("cuda", 3.0, True, whole))
        assert caught.value.what.endswith(words)


def test_nothing_is_proposed_where_nothing_fits(qwen3_8b: BaseShape) -> None:
    with pytest.raises(TrainingError) as caught:
        refuse_what_does_not_fit(load_recipe("qlora-qwen3-8b"), qwen3_8b, Machine("cuda", 3.0, bf16=True))
    assert "smaller base" in caught.value.fix


@pytest.mark.parametrize(
    ("changes", "machine", "fix", "why"),
    [
        ({"precision": "fp16"}, Machine("cpu", 99, bf16=True), "precision=auto", "no fp16 on a CPU"),
        ({"precision": "bf16"}, Machine("cpu", 99, bf16=False), "precision=fp32", "an older CPU"),
        ({"precision": "bf16"}, Machine("cuda", 99, bf16=False), "precision=fp16", "an older GPU"),
        ({"optimizer": "paged-adamw-8bit"}, Machine("cpu", 99, bf16=True), "adamw-8bit", "nowhere to page to"),
    ],
)
def test_what_the_device_cannot_compute_is_refused(
    changes: dict[str, object], machine: Machine, fix: str, why: str, qwen3_8b: BaseShape
) -> None:
    recipe: Recipe = load_recipe("qlora-qwen3-8b").model_copy(update=changes)
    with pytest.raises(TrainingError) as caught:
        refuse_what_does_not_fit(recipe, qwen3_8b, machine)
    assert fix in caught.value.fix, why
