from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import Linear
from transformers import AutoModelForCausalLM, AutoTokenizer

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training import merging
from tasks.training.fine_tuning import fine_tune
from tests.tasks.training.conftest import recipe_of

# PEFT still asks transformers for the former name of activation checkpointing.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
Rows = Callable[[int], list[dict[str, object]]]
ASKED = [[5, 9, 40, 41, 42, 80, 99, 120], [7, 7, 200, 31, 16, 300]]


def with_adapter(base: Path, dtype: torch.dtype, **changes: object) -> PeftModel:
    """Return the base under an adapter that moves its logits by some percent."""
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "up_proj"], **changes))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(0, 0.1)
    return adapted


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_right_merge_passes_in_every_number_format(dtype: torch.dtype, small_base: Path, tmp_path: Path) -> None:
    merged, largest = merging.merge(with_adapter(small_base, dtype), ASKED, tmp_path)
    assert not any("lora" in name for name, _ in merged.named_parameters())
    assert 0 <= largest <= merging.TOLERANCE[dtype].largest / 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_merge_of_the_wrong_scale_is_refused(
    dtype: torch.dtype, small_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Linear.get_delta_weight
    monkeypatch.setattr(Linear, "get_delta_weight", lambda *given: right(*given) / 2)
    with pytest.raises(TrainingError, match="logits differ") as caught:
        merging.merge(with_adapter(small_base, dtype), ASKED, tmp_path / "adapter")
    assert str(tmp_path / "adapter") in caught.value.fix


def test_a_run_whose_merge_is_broken_fails_and_keeps_the_adapter(
    small_base: Path, tmp_path: Path, certified: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> float | None:
        recipe = recipe_of(method="lora", epochs=4, learning_rate=0.02)
        return fine_tune(
            recipe, small_base, None, certified(8), certified(4), redaction="test 1", work=tmp_path,
            tensorboard=tmp_path / "log", merged=tmp_path / "merged",
        ).merge_difference  # fmt: skip

    right = Linear.get_delta_weight
    with monkeypatch.context() as broken:
        broken.setattr(Linear, "get_delta_weight", lambda *given: right(*given) * 2)
        with pytest.raises(TrainingError, match="logits differ"):
            run()
    assert not (tmp_path / "merged").exists()
    assert (tmp_path / "adapter" / "adapter_model.safetensors").exists()
    repaired = run()  # only merges
    assert repaired is not None
    assert 0 <= repaired < 1e-4
    probe = AutoTokenizer.from_pretrained(small_base)("What lies beside the mango?", return_tensors="pt")
    models = [
        AutoModelForCausalLM.from_pretrained(tmp_path / "merged"),
        PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(small_base), tmp_path / "adapter"),
    ]
    with torch.no_grad():
        merged, beside = (model(**probe).logits for model in models)
    torch.testing.assert_close(merged, beside, atol=1e-4, rtol=0)


def test_full_tuning_merges_nothing(small_base: Path, tmp_path: Path, certified: Rows) -> None:
    outcome = fine_tune(
        recipe_of(max_steps=1), small_base, None, certified(4), certified(4), redaction="test 1", work=tmp_path,
        tensorboard=tmp_path / "log", merged=tmp_path / "merged",
    )  # fmt: skip
    assert outcome.merge_difference is None


@pytest.mark.parametrize("formula", ["use_rslora", "use_dora"])
def test_an_adapter_of_another_formula_is_refused(formula: str, small_base: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=formula):
        merging.merge(with_adapter(small_base, torch.float32, **{formula: True}), ASKED, tmp_path)
    with pytest.raises(ValueError, match=formula):
        Recipe.model_validate(recipe_of().model_dump() | {formula: True})


def test_differences_are_shares_of_the_spread_by_hand() -> None:
    wanted = torch.tensor([[2.0, 0.0], [0.0, 2.0]])  # standard deviation with n-1: sqrt(4/3)
    seen = torch.tensor([[2.0, 0.0], [1.0, 0.0]])
    found = merging.difference(wanted, seen)
    spread = (4 / 3) ** 0.5
    assert found.mean == pytest.approx((5 / 4) ** 0.5 / spread)
    assert found.largest == pytest.approx(2 / spread)
    assert found.same_first == 0.5


def test_a_difference_that_is_no_number_is_refused(
    small_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Linear, "get_delta_weight", lambda self, _: torch.full_like(self.weight, torch.nan))
    with pytest.raises(TrainingError, match="nan"):
        merging.merge(with_adapter(small_base, torch.float32), ASKED, tmp_path)
