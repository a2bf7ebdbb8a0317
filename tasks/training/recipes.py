"""Recipes: the hyper-parameters of one fine-tuning run, one YAML file each, checked on load.

`flows/recipes/<name>.yaml` holds the recipes that come with Rounds; any path to a file of the same form works too.
"""

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tasks.errors import TrainingError
from tasks.records import Recipe, row_sha256

RECIPES = Path(__file__).parents[2] / "flows" / "recipes"


def load_recipe(name_or_path: str, *, base: str | None = None, folder: Path = RECIPES) -> Recipe:
    """Return the recipe called `name_or_path` in `folder`, or the one in that file, on another `base` if one is named.

    Raises:
        TrainingError: no such recipe, not YAML, an unknown key (the nearest known one is named), or a refused value.
    """
    file = Path(name_or_path) if name_or_path.endswith((".yaml", ".yml")) else folder / f"{name_or_path}.yaml"
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        known = ", ".join(sorted(path.stem for path in folder.glob("*.yaml"))) or "none"
        raise TrainingError(
            f"Recipe {name_or_path} cannot be read.", fix=f"take one of: {known}; or give the path of a .yaml file"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(f"Recipe {file.name} is not YAML.", fix="write one `key: value` a line") from error
    if not isinstance(content, dict):
        raise TrainingError(f"Recipe {file.name} holds no keys.", fix="write one `key: value` a line")
    _refuse_unknown(file.name, content)
    return _validated(file, content | ({"base": base} if base else {}))


def digest(recipe: Recipe) -> str:
    """Return the SHA-256 of the recipe's values; its name does not change what it trains."""
    return row_sha256(recipe.model_dump(mode="json", exclude={"name"}))


def _refuse_unknown(file: str, content: dict[str, Any]) -> None:
    known = sorted(set(Recipe.model_fields) - {"name"})
    for key in map(str, content):
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            fix = f"write {near[0]}" if near else f"known keys: {', '.join(known)}"
            raise TrainingError(f"Recipe {file} has an unknown key {key}.", fix=fix)


def _validated(file: Path, content: dict[str, Any]) -> Recipe:
    try:
        recipe = Recipe(name=file.stem, **content)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors())
        raise TrainingError(f"Recipe {file.name} is refused: {faults}.", fix="correct these values") from None
    if recipe.batch_size % recipe.gradient_accumulation:
        raise TrainingError(
            f"Recipe {file.name}: batch_size {recipe.batch_size} cannot be accumulated in"
            f" {recipe.gradient_accumulation} equal parts.",
            fix="make batch_size a multiple of gradient_accumulation",
        )
    return recipe
