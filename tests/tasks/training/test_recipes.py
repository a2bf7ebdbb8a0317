from pathlib import Path

import pytest

from tasks.errors import TrainingError
from tasks.training.recipes import RECIPES, digest, load_recipe

GOOD = "method: lora\nbase: builtin:tiny\nlearning_rate: 1.0e-3\nepochs: 1\nbatch_size: 8\nmax_tokens: 128\n"


@pytest.mark.parametrize("name", sorted(path.stem for path in RECIPES.glob("*.yaml")))
def test_every_recipe_that_comes_with_rounds_loads(name: str) -> None:
    assert load_recipe(name).name == name


def test_the_recipes_of_the_issue_are_there() -> None:
    assert {"qlora-tiny", "lora-tiny", "full-tiny", "qlora-qwen3-4b", "full-qwen3-0.6b"} <= {
        path.stem for path in RECIPES.glob("*.yaml")
    }


@pytest.mark.parametrize(
    ("content", "what", "fix", "why"),
    [
        (GOOD + "learning_rte: 1\n", "learning_rte", "learning_rate", "a slip names its neighbour"),
        (GOOD + "lora_rank: 8\n", "lora_rank", "lora_r", "another library's word"),
        (GOOD + "zzz: 8\n", "zzz", "known keys", "nothing is near"),
        (GOOD + "name: x\n", "name", "known keys", "the name is the file's"),
        (GOOD.replace("lora", "dora"), "method", "correct", "unknown method"),
        (GOOD.replace("1.0e-3", "-1"), "learning_rate", "correct", "negative rate"),
        ("method: lora\n", "base", "correct", "missing values are named"),
        (GOOD + "gradient_accumulation: 3\n", "accumulated", "multiple", "8 is no multiple of 3"),
        ("just words", "no keys", "key: value", "not a mapping"),
        ("a: [", "not YAML", "key: value", "broken YAML"),
    ],
)
def test_a_bad_recipe_is_refused_with_its_fix(tmp_path: Path, content: str, what: str, fix: str, why: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(TrainingError) as caught:
        load_recipe(str(file))
    assert what in caught.value.what, why
    assert fix in caught.value.fix, why


def test_a_missing_recipe_lists_the_available_ones() -> None:
    with pytest.raises(TrainingError) as caught:
        load_recipe("qlora-tyny")
    assert "qlora-tiny" in caught.value.fix


def test_a_path_loads_like_a_name_and_only_values_change_the_digest(tmp_path: Path) -> None:
    for name, content in (("a", GOOD), ("b", GOOD), ("c", GOOD.replace("epochs: 1", "epochs: 2"))):
        (tmp_path / f"{name}.yaml").write_text(content, encoding="utf-8")
    a, b, c = (digest(load_recipe(str(tmp_path / f"{name}.yaml"))) for name in "abc")
    assert a == b
    assert a != c
    assert load_recipe("a", folder=tmp_path).name == "a"
