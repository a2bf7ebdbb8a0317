"""Whose environment changes a recipe: that of `rounds train`, which prints it, and no unattended round's."""

import pytest

from flows.parameters import TrainRequest, WeeklyRequest
from flows.recipe_choice import chosen_recipe


def test_guides_variables_change_a_training_and_no_weekly_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_NAME", "somebody/elses-model")
    monkeypatch.setenv("MAX_SEQ_LENGTH", "64")
    trained = chosen_recipe(TrainRequest(recipe="lora-tiny"))
    weekly = chosen_recipe(WeeklyRequest(recipe="lora-tiny"))
    assert (trained.base, trained.max_tokens) == ("somebody/elses-model", 64)
    assert (weekly.base, weekly.max_tokens) == ("builtin:tiny", 512)
