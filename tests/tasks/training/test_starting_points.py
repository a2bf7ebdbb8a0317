"""Going on from an earlier run: the same weights at the start, other shapes refused, the base named in what is kept."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from infra.artifacts import open_store
from tasks.errors import TrainingError
from tasks.records import Base, Recipe, TrainingRun
from tasks.training import steps
from tasks.training.starting_points import start_folder
from tests.tasks.training.test_steps import dataset_of

Rows = Callable[[int], list[dict[str, object]]]
MakeRecipe = Callable[..., Recipe]
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
STILL = 1e-12  # a learning rate that changes nothing


@pytest.fixture
def base(small_base: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Base:
    monkeypatch.setenv("ROUNDS_THREADS", "1")
    return Base(name=str(small_base), revision="the-base")


@pytest.fixture
def rows(certified: Rows) -> list[dict[str, object]]:
    return certified(8)


def tensors(run: TrainingRun) -> dict[str, torch.Tensor]:
    loaded: dict[str, torch.Tensor] = load_file(open_store().path(run.weights) / "model.safetensors")
    return loaded


def largest_difference(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    return max(float((one[name] - other[name]).abs().max()) for name in one)


@pytest.mark.parametrize("method", ["lora", "qlora", "full"])
def test_a_run_goes_on_where_the_earlier_one_stopped(
    method: str, base: Base, rows: list[dict[str, object]], recipe: MakeRecipe
) -> None:
    dataset = dataset_of(rows)
    first = steps.finetune.fn(dataset, recipe(method=method, learning_rate=5e-3), base)
    still = recipe(method=method, learning_rate=STILL, max_steps=1)
    goes_on = steps.finetune.fn(dataset, still, base, None, first)
    assert (first.continued_from, goes_on.continued_from) == (None, first.id)
    assert goes_on.id != steps.run_identity(dataset, still, base)
    assert largest_difference(tensors(goes_on), tensors(first)) < 1e-6
    assert largest_difference(tensors(first), load_file(Path(base.name) / "model.safetensors")) > 1e-3
    assert (first.adapter is None) == (method == "full")


def test_going_on_learns_more(base: Base, rows: list[dict[str, object]], recipe: MakeRecipe) -> None:
    dataset, chosen = dataset_of(rows), recipe(method="lora", learning_rate=5e-3, lora_dropout=0.1)
    first = steps.finetune.fn(dataset, chosen, base)
    second = steps.finetune.fn(dataset, chosen, base, None, first)
    assert first.eval_loss is not None
    assert second.eval_loss is not None
    assert second.eval_loss < first.eval_loss
    assert second.adapter != first.adapter


def test_the_adapter_over_its_base_is_the_merged_model_and_names_that_base(
    base: Base, rows: list[dict[str, object]], recipe: MakeRecipe
) -> None:
    run = steps.finetune.fn(dataset_of(rows), recipe(method="lora", learning_rate=5e-3), base)
    assert run.adapter is not None
    folder = open_store().path(run.adapter)
    over = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base.name), folder)
    merged = AutoModelForCausalLM.from_pretrained(open_store().path(run.weights))
    tokens = torch.arange(12)[None]
    with torch.no_grad():
        torch.testing.assert_close(over(tokens).logits, merged(tokens).logits, atol=1e-4, rtol=1e-4)
    config = json.loads((folder / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == (base.name, "the-base")


# ── what cannot be gone on from ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def earlier(base: Base, tmp_path: Path, small_base: Path) -> TrainingRun:
    """Keep a run whose adapter holds a config and one tensor."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    config = {"r": 4, "lora_alpha": 8, "target_modules": ["v_proj", "q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    save_file({"a": torch.zeros(1)}, folder / "adapter_model.safetensors")
    store = open_store()
    weights, adapter = store.save_folder("weights", small_base), store.save_folder("adapter", folder)
    return TrainingRun(
        id="run-earlier", dataset_id="ds-1", recipe="r", recipe_sha256="", base=base, weights=weights, adapter=adapter,
        curve=weights, first_loss=1, last_loss=1, eval_loss=None, steps=1, seconds=1, tokens=1, peak_memory_gib=1,
        git_sha="",
    )  # fmt: skip


LIKE = {"method": "lora", "target_modules": ("q_proj", "v_proj")}


def test_the_same_rank_alpha_and_modules_go_on_under_either_adapter_method(
    earlier: TrainingRun, base: Base, recipe: MakeRecipe
) -> None:
    assert earlier.adapter is not None
    for method in ("lora", "qlora"):
        found = start_folder(recipe(**LIKE | {"method": method}), base, earlier, open_store())
        assert found == open_store().path(earlier.adapter)
    assert start_folder(recipe(), base, earlier, open_store()) == open_store().path(earlier.weights)
    assert start_folder(recipe(**LIKE), base, None, open_store()) is None


@pytest.mark.parametrize(
    ("changes", "said", "fix"),
    [
        ({"lora_r": 8}, "lora_r 4, not 8", "--set 'lora_r=4'"),
        ({"lora_alpha": 32}, "lora_alpha 8, not 32", "--set 'lora_alpha=8'"),
        ({"target_modules": ("q_proj",)}, r"target_modules \[q_proj, v_proj\], not \[q_proj\]", "[q_proj, v_proj]"),
    ],
)
def test_another_shape_of_adapter_is_refused_with_the_difference_and_the_fix(
    changes: dict[str, object], said: str, fix: str, earlier: TrainingRun, base: Base, recipe: MakeRecipe
) -> None:
    with pytest.raises(TrainingError, match=said) as refused:
        start_folder(recipe(**LIKE | changes), base, earlier, open_store())
    assert fix in refused.value.fix
    assert "start_from=base" in refused.value.fix


@pytest.mark.parametrize("method", ["lora", "full"])
def test_another_revision_of_the_base_is_refused(
    method: str, earlier: TrainingRun, base: Base, recipe: MakeRecipe
) -> None:
    newer = base.model_copy(update={"revision": "another"})
    with pytest.raises(TrainingError, match=r"the-base.*another"):
        start_folder(recipe(**LIKE | {"method": method}), newer, earlier, open_store())


def test_an_adapter_recipe_after_full_tuning_is_refused(earlier: TrainingRun, base: Base, recipe: MakeRecipe) -> None:
    with pytest.raises(TrainingError, match="left no adapter"):
        start_folder(recipe(**LIKE), base, earlier.model_copy(update={"adapter": None}), open_store())
