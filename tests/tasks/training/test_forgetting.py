"""Forgetting: which items are asked, what their loss is, and when a difference is more than chance."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from tasks.errors import PrivacyError
from tasks.records import Recipe
from tasks.training.base_loading import open_tokenizer
from tasks.training.forgetting import MARGIN, compared, earlier_items, item_losses, measure_forgetting

Rows = Callable[[int], list[dict[str, object]]]
MakeRecipe = Callable[..., Recipe]


def test_items_are_those_of_this_validation_split_that_were_held_out_before(
    small_base: Path, certified: Rows, recipe: MakeRecipe
) -> None:
    tokenizer, rows = open_tokenizer(small_base), certified(12)
    found = earlier_items(tokenizer, recipe(), rows[4:], rows[:8], redaction="test 1")
    assert found == earlier_items(tokenizer, recipe(), rows[4:8], rows[4:8], redaction="test 1")
    assert len(found) == 4  # rows 0-3 were withdrawn since, rows 8-11 are new
    with pytest.raises(PrivacyError, match="policy"):
        earlier_items(tokenizer, recipe(), rows, rows, redaction="test 2")


def test_an_items_loss_is_the_mean_over_its_answers_tokens(
    small_base: Path, certified: Rows, recipe: MakeRecipe
) -> None:
    items = earlier_items(open_tokenizer(small_base), recipe(), certified(3), certified(3), redaction="test 1")
    model = AutoModelForCausalLM.from_pretrained(small_base).eval()
    by_hand = []
    for ids, labels in items:
        with torch.no_grad():
            logarithms = torch.log_softmax(model(torch.tensor([ids])).logits[0], dim=-1)
        terms = [-float(logarithms[i - 1, label]) for i, label in enumerate(labels) if label != -100]
        by_hand.append(sum(terms) / len(terms))
    assert item_losses(recipe(precision="fp32"), (small_base, None), items) == pytest.approx(by_hand, abs=1e-4)


@pytest.mark.parametrize("method", ["full", "qlora"])
def test_a_model_that_did_not_change_forgot_nothing(
    method: str, small_base: Path, certified: Rows, recipe: MakeRecipe
) -> None:
    found = measure_forgetting(
        recipe(method=method), (small_base, None), small_base, certified(6), certified(6), redaction="test 1"
    )
    assert found["before"] == found["after"] > 0
    assert (found["items"], found["low"], found["high"]) == (6, 0, 0)


def test_nothing_held_out_before_is_nothing_measured(small_base: Path, certified: Rows, recipe: MakeRecipe) -> None:
    assert measure_forgetting(recipe(), (small_base, None), small_base, certified(4), (), redaction="test 1") == {}


def test_too_little_memory_for_the_measurement_does_not_fail_the_run(
    small_base: Path, certified: Rows, recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(error: Exception) -> dict[str, float]:
        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr("tasks.training.base_loading.open_model", fail)
        return measure_forgetting(
            recipe(), (small_base, None), small_base, certified(4), certified(4), redaction="test 1"
        )

    assert measured(torch.OutOfMemoryError("CUDA out of memory.")) == measured(MemoryError()) == {}
    with pytest.raises(RuntimeError, match="another"):
        measured(RuntimeError("another fault"))


def test_the_interval_is_that_of_paired_differences() -> None:
    """Of 100 differences with mean 0.1 and standard deviation 0.1, the normal interval is 0.1 ± 1.96 × 0.01."""
    differences = torch.distributions.Normal(0, 1).icdf((torch.arange(100) + 0.5) / 100)
    differences = 0.1 + 0.1 * (differences - differences.mean()) / differences.std()
    before = torch.linspace(1, 9, 100)  # unpaired, its spread would drown the difference
    found = compared(before.tolist(), (before + differences).tolist())
    assert found["after"] - found["before"] == pytest.approx(0.1, abs=1e-5)
    assert found["low"] == pytest.approx(0.1 - 0.0196, abs=0.002)
    assert found["high"] == pytest.approx(0.1 + 0.0196, abs=0.002)


@pytest.mark.parametrize(
    ("rise", "spread", "level", "why"),
    [
        (0.2, 0.05, logging.WARNING, "a clear rise"),
        (0.2, 3.0, logging.INFO, "a rise that may be chance"),
        (MARGIN / 2, 0.001, logging.INFO, "certain, but less than the margin"),
        (-0.2, 0.05, logging.INFO, "better than before"),
    ],
)
def test_forgetting_is_warned_of_beyond_chance_and_margin(
    rise: float, spread: float, level: int, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wave = [spread if index % 2 else -spread for index in range(40)]
    compared([5.0] * 40, [5.0 + rise + part for part in wave])
    assert [record.levelno for record in caplog.records] == [level], why


def test_one_item_has_no_interval() -> None:
    found = compared([1.0], [1.5])
    assert (found["low"], found["high"], found["items"]) == (0.5, 0.5, 1)
