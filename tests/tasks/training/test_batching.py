"""A step and an evaluation have the loss of their label tokens, however their examples are laid into batches."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import (
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForCausalLM,
    TrainerCallback,
)

from tasks.errors import TrainingError
from tasks.training.arguments import arguments_of
from tasks.training.chat_format import IGNORED
from tasks.training.fine_tuning import fine_tune
from tasks.training.kernels import FLASH, packs, packs_apart, uses_flash_attention, uses_liger
from tasks.training.token_mean import TokenMeanTrainer
from tests.tasks.training.conftest import recipe_of

SHAPE = {
    "vocab_size": 320, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 128, "initializer_range": 0.2,
}  # fmt: skip
LENGTHS = (7, 31, 12, 24, 9, 18, 40, 5)


def llama(**changes: object) -> PreTrainedModel:
    torch.manual_seed(3)
    return LlamaForCausalLM(LlamaConfig(**SHAPE, **changes))


def qwen3(**changes: object) -> PreTrainedModel:
    torch.manual_seed(3)
    return Qwen3ForCausalLM(Qwen3Config(**SHAPE, **changes))


def examples() -> list[dict[str, list[int]]]:
    """Return rows of unlike length, of which an unlike share is learned."""
    rows = []
    for number, length in enumerate(LENGTHS):
        ids = [(31 * number + 7 * place) % 300 + 10 for place in range(length)]
        asked = 2 + number % 3
        rows.append({"input_ids": ids, "labels": [IGNORED] * asked + ids[asked:]})
    return rows


def loss_by_hand(model: PreTrainedModel, rows: Sequence[dict[str, list[int]]]) -> torch.Tensor:
    """Return the mean over all label tokens of rows that are computed one by one."""
    total, tokens = torch.zeros(()), 0
    for row in rows:
        logits = model(input_ids=torch.tensor([row["input_ids"]]), use_cache=False).logits[0, :-1]
        total = total + torch.nn.functional.cross_entropy(logits, torch.tensor(row["labels"][1:]), reduction="sum")
        tokens += sum(label != IGNORED for label in row["labels"][1:])
    return total / tokens


class Gradients(TrainerCallback):  # type: ignore[misc]
    """Keeps the gradients of the first step as the optimizer gets them."""

    def __init__(self) -> None:
        self.seen: dict[str, torch.Tensor] = {}

    def on_pre_optimizer_step(self, *_: Any, model: torch.nn.Module, **__: Any) -> None:
        self.seen = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


def trainer(folder: Path, base: Path, model: PreTrainedModel, *, packed: bool, **changes: object) -> TokenMeanTrainer:
    recipe = recipe_of(batch_size=8, max_steps=1, precision="fp32", **changes)
    arguments = arguments_of(recipe, len(LENGTHS), folder, "cpu", packed=packed, evaluated=True)
    arguments.max_grad_norm = 0.0  # gradients as they are
    rows = Dataset.from_list(examples())
    return TokenMeanTrainer(
        model=model, args=arguments, train_dataset=rows, eval_dataset=rows,
        processing_class=AutoTokenizer.from_pretrained(base),
    )  # fmt: skip


@pytest.mark.parametrize("shape", [llama, qwen3])
def test_packed_rows_are_answered_as_the_rows_alone(shape: Any) -> None:
    model = shape().eval()
    rows = [torch.tensor(row["input_ids"]) for row in examples()]
    places = torch.cat([torch.arange(len(row)) for row in rows])[None]
    with torch.no_grad():
        packed = model(input_ids=torch.cat(rows)[None], position_ids=places, use_cache=False).logits[0]
        alone = torch.cat([model(input_ids=row[None], use_cache=False).logits[0] for row in rows])
    torch.testing.assert_close(packed, alone, atol=2e-5, rtol=1e-4)
    assert packs_apart(model, [row.tolist() for row in rows], torch.float32)


def test_a_model_that_lets_packed_examples_see_each_other_is_found_out() -> None:
    model = llama()
    forward = model.forward
    model.forward = lambda position_ids, **rest: forward(**rest)  # an architecture that does not look at positions
    ids = [row["input_ids"] for row in examples()]
    assert not packs_apart(model, ids, torch.float32)
    with pytest.raises(TrainingError, match="see each other") as caught:
        packs(recipe_of(batching="packed"), model, ids)
    assert "by-length" in caught.value.fix
    assert model.training


def test_without_flash_attention_rows_are_packed_only_on_request() -> None:
    model, ids = llama(), [row["input_ids"] for row in examples()]
    wanted = {batching: packs(recipe_of(batching=batching), model, ids) for batching in ("auto", "by-length", "packed")}
    assert wanted == {"auto": False, "by-length": False, "packed": True}
    assert not packs(recipe_of(batching="packed", gradient_accumulation=4), model, ids)  # one example each


def test_a_model_that_is_to_be_sharded_is_not_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.training.processes.are_sharded", lambda: True)
    model, ids = llama(), [row["input_ids"] for row in examples()]
    model.config._attn_implementation = FLASH
    assert not packs(recipe_of(), model, ids)
    with pytest.raises(TrainingError, match="FSDP") as caught:
        packs(recipe_of(batching="packed"), model, ids)
    assert "batching=auto" in caught.value.fix


def test_the_special_kernels_are_for_gpus() -> None:
    assert not uses_flash_attention(recipe_of(), "cpu")
    assert not uses_liger(recipe_of(), "cpu")
    for device in ("cpu", "cuda"):
        assert not uses_flash_attention(recipe_of(kernels="plain"), device)
        assert not uses_liger(recipe_of(kernels="plain"), device)
    assert not uses_flash_attention(recipe_of(precision="fp32"), "cuda")


@pytest.mark.parametrize("keyword_taking", [True, False], ids=["any keyword", "named keywords"])
def test_a_step_has_the_gradient_of_its_label_tokens_in_any_layout(
    keyword_taking: bool, tmp_path: Path, small_base: Path
) -> None:
    by_hand = llama()
    expected = loss_by_hand(by_hand, examples())
    expected.backward()
    for packed, parts in ((False, 1), (False, 4), (True, 1), (True, 4)):
        model = llama()
        model.accepts_loss_kwargs = keyword_taking  # some architectures say no
        run, seen = trainer(tmp_path, small_base, model, packed=packed, gradient_accumulation=parts), Gradients()
        run.add_callback(seen)
        shapes = [tuple(batch["input_ids"].shape) for batch in run.get_train_dataloader()]
        micro = [LENGTHS[at : at + 8 // parts] for at in range(0, 8, 8 // parts)]
        assert shapes == [(1, sum(part)) if packed else (len(part), max(part)) for part in micro]
        run.train()
        logged = next(row["loss"] for row in run.state.log_history if "loss" in row)
        assert logged == pytest.approx(expected.item(), rel=1e-5), (packed, parts)
        for name, parameter in by_hand.named_parameters():
            torch.testing.assert_close(seen.seen[name], parameter.grad, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("packed", [False, True], ids=["by length", "packed"])
@pytest.mark.parametrize("parts", [1, 2, 8])
def test_an_evaluation_is_the_mean_over_label_tokens(
    packed: bool, parts: int, tmp_path: Path, small_base: Path
) -> None:
    model = llama()
    with torch.no_grad():
        expected = loss_by_hand(model, examples()).item()
    run = trainer(tmp_path, small_base, model, packed=packed, gradient_accumulation=parts)
    assert run.evaluate()["eval_loss"] == pytest.approx(expected, rel=1e-5)
    assert run.evaluate()["eval_loss"] == pytest.approx(expected, rel=1e-5)  # not added to the one before


def test_a_run_learns_the_same_packed_or_by_length(
    tmp_path: Path, small_base: Path, certified: Callable[[int], list[dict[str, object]]]
) -> None:
    rows = certified(16)
    packed, by_length = (
        fine_tune(
            recipe_of(batching=batching, precision="fp32"), small_base, None, rows, rows[:5], redaction="test 1",
            work=tmp_path / batching, tensorboard=tmp_path / "log", merged=tmp_path / "merged",
        )
        for batching in ("packed", "by-length")
    )  # fmt: skip
    for one, other in zip(packed.curve, by_length.curve, strict=True):
        assert one.keys() == other.keys()
        name = "loss" if "loss" in one else "eval_loss"
        assert (one["step"], one[name]) == pytest.approx((other["step"], other[name]), rel=1e-3)
