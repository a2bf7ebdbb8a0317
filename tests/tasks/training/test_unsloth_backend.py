import importlib.util
from pathlib import Path

import pytest

from tasks.errors import TrainingError
from tasks.training.unsloth_backend import open_model
from tests.tasks.training.conftest import recipe_of


def test_without_a_gpu_the_backend_is_refused_with_the_way_out() -> None:
    with pytest.raises(TrainingError, match="needs a GPU") as caught:
        open_model(Path("base"), None, recipe_of(backend="unsloth"), "cpu")
    assert caught.value.fix == "--set backend=transformers"


@pytest.mark.skipif(importlib.util.find_spec("unsloth") is not None, reason="it is installed")
def test_where_it_is_not_installed_the_backend_is_refused_with_both_ways_out() -> None:
    with pytest.raises(TrainingError, match="not installed") as caught:
        open_model(Path("base"), None, recipe_of(backend="unsloth"), "cuda")
    assert "pip install unsloth" in caught.value.fix
    assert "backend=transformers" in caught.value.fix
