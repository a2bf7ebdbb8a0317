from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from tasks.errors import PrivacyError, TrainingError
from tasks.records import Recipe
from tasks.training.base_loading import open_model
from tasks.training.fine_tuning import fine_tune
from tasks.training.outcomes import Outcome

Rows = Callable[[int], list[dict[str, object]]]
MakeRecipe = Callable[..., Recipe]
# PEFT still asks transformers for the former name of activation checkpointing.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")


def train(folder: Path, base: Path, recipe: Recipe, rows: list[dict[str, object]], **changes: object) -> Outcome:
    return fine_tune(
        recipe, base, None, rows, rows[:4], work=folder / "work", tensorboard=folder / "log", merged=folder / "merged",
        **({"redaction": "test 1"} | changes),  # type: ignore[arg-type]
    )  # fmt: skip


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return base_weights(folder / "merged")


@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_training_lowers_the_loss_and_leaves_a_whole_model(
    method: str, tmp_path: Path, small_base: Path, recipe: MakeRecipe, certified: Rows
) -> None:
    seen: list[tuple[int, int]] = []
    outcome = train(
        tmp_path, small_base, recipe(method=method, epochs=2, learning_rate=5e-3), certified(20),
        on_progress=lambda step, total, _: seen.append((step, total)),
    )  # fmt: skip
    assert outcome.steps == 10
    assert outcome.last_loss < outcome.first_loss
    assert outcome.eval_loss is not None
    assert seen[-1] == (10, 10)
    assert {"step", "loss", "learning_rate", "tokens_per_second"} <= outcome.curve[-2].keys() | outcome.curve[-1].keys()
    assert any((tmp_path / "log").iterdir())
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    assert not any("lora" in name for name, _ in model.named_parameters())
    assert model.dtype == torch.float32
    merged, given = (AutoTokenizer.from_pretrained(folder) for folder in (tmp_path / "merged", small_base))
    assert merged.chat_template == given.chat_template
    assert merged.get_vocab() == given.get_vocab()
    assert not all(torch.equal(weights(tmp_path)[name], tensor) for name, tensor in base_weights(small_base).items())


def base_weights(folder: Path) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = load_file(folder / "model.safetensors")
    return tensors


def test_an_adapter_is_merged_into_the_published_weights_not_the_4_bit_ones(
    tmp_path: Path, small_base: Path, recipe: MakeRecipe, certified: Rows
) -> None:
    train(tmp_path, small_base, recipe(method="qlora", max_steps=1, learning_rate=1e-9), certified(8))
    for name, tensor in base_weights(small_base).items():
        torch.testing.assert_close(weights(tmp_path)[name], tensor, atol=1e-6, rtol=0)


def test_qlora_computes_from_nf4_weights(small_base: Path, recipe: MakeRecipe) -> None:
    layer = open_model(small_base, None, recipe(method="qlora"), "cpu").model.layers[0].mlp.up_proj
    assert layer.weight.dtype == torch.uint8
    assert layer.weight.quant_state.quant_type == "nf4"
    assert layer.weight.quant_state.nested


def test_an_evaluation_does_not_change_the_gradients_of_4_bit_training(small_base: Path, recipe: MakeRecipe) -> None:
    model = get_peft_model(
        open_model(small_base, None, recipe(method="qlora"), "cpu"),
        LoraConfig(r=4, target_modules=["q_proj", "up_proj"]),
    )
    ids = torch.arange(10, 42).view(1, -1)

    def gradients() -> list[torch.Tensor]:
        model.train()
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            model(input_ids=ids, labels=ids).loss.backward()
        return [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]

    before = gradients()
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        model(input_ids=ids)
    after = gradients()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_run_killed_after_its_last_step_only_merges(
    tmp_path: Path, small_base: Path, recipe: MakeRecipe, certified: Rows
) -> None:
    first = train(tmp_path, small_base, recipe(method="lora"), certified(8))
    before = weights(tmp_path)
    again = train(tmp_path, small_base, recipe(method="lora"), certified(8))
    assert again.steps == first.steps == 2
    assert again.last_loss == first.last_loss
    assert all(torch.equal(before[name], tensor) for name, tensor in weights(tmp_path).items())


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (lambda row: row["certificate"].update(second_pass=1), "the second pass saw something"),
        (lambda row: row["certificate"].update(row_sha256="0" * 64), "another row's certificate"),
        (lambda row: row["row"]["messages"][1].update(content="changed afterwards"), "edited after redaction"),
        (lambda row: row["certificate"].update(canaries=0), "a certificate that proves nothing"),
        (lambda row: row["certificate"].pop("engine"), "a certificate that cannot be read"),
        (lambda row: row.pop("certificate"), "no certificate"),
        (lambda row: row["certificate"].update(policy="test 0"), "an older policy's certificate"),
        (lambda row: row["certificate"].update(policy=""), "no policy's certificate"),
    ],
)
def test_a_row_whose_certificate_does_not_hold_is_refused(
    fault: Callable[[dict[str, object]], None], why: str,
    tmp_path: Path, small_base: Path, recipe: MakeRecipe, certified: Rows,
) -> None:  # fmt: skip
    rows = certified(8)
    fault(rows[5])
    with pytest.raises(PrivacyError) as caught:
        train(tmp_path, small_base, recipe(), rows)
    assert "changed" not in str(caught.value).replace("was changed after", ""), why
    assert not (tmp_path / "merged").exists()


def test_examples_that_are_all_too_long_are_one_clear_error(
    tmp_path: Path, small_base: Path, recipe: MakeRecipe, certified: Rows
) -> None:
    with pytest.raises(TrainingError, match="None of 8 training examples fits into 32 tokens"):
        train(tmp_path, small_base, recipe(max_tokens=32), certified(8))


def test_a_loss_that_is_no_number_stops_the_run(
    tmp_path: Path, small_base: Path, recipe: MakeRecipe, certified: Rows
) -> None:
    with pytest.raises(TrainingError, match="learning_rate"):
        diverging = recipe(epochs=4).model_copy(update={"learning_rate": 1e30})  # a recipe's own is refused
        train(tmp_path, small_base, diverging, certified(8))
    assert not (tmp_path / "merged").exists()
