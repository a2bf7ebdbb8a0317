"""Recipes: the hyper-parameters of one fine-tuning run, put together from layers, each value with where it came from.

`flows/recipes/<name>.yaml` holds the recipes that come with Rounds, `flows/recipes/presets/<name>.yaml` how strongly an
adapter learns; any path to a file of a recipe's form works too. A later layer wins: defaults, the file's preset, the
file, the environment, the preset chosen for the run, what else is chosen for the run. docs/recipes.md has the table.
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from tasks.errors import TrainingError
from tasks.records import Recipe, row_sha256
from tasks.training.overrides import ADAPTERS, KEYS, assignments, from_environment, refuse_unknown
from tasks.training.recipe_values import faults, refuse_unknown_in_mix, refuse_unused, unused

RECIPES = Path(__file__).parents[2] / "flows" / "recipes"
RUN = "this run"
DECIDING = ("method", "objective")  # which other keys are used


class Setting(NamedTuple):
    """One value of a recipe and the layer that it came from."""

    name: str
    value: Any
    origin: str


def load_recipe(name_or_path: str, *, base: str | None = None, folder: Path = RECIPES) -> Recipe:
    """Return a recipe as its file and preset have it, on another `base` if one is named.

    Raises:
        TrainingError: as `resolved` does.
    """
    return recipe_of(name_or_path, resolved(name_or_path, base=base, folder=folder))


def recipe_of(name_or_path: str, settings: Sequence[Setting]) -> Recipe:
    """Return the recipe that these settings make; it has the name of its file."""
    name = _file(name_or_path, RECIPES).stem
    return Recipe(name=name, **{setting.name: setting.value for setting in settings})


def resolved(
    name_or_path: str,
    *,
    base: str | None = None,
    preset: str | None = None,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    folder: Path = RECIPES,
) -> list[Setting]:
    """Return every value of the recipe called `name_or_path` in `folder`, or of the one in that file, with its origin.

    `overrides` are words such as `lora_r=8`; `environment` holds the older guides' variables.

    Raises:
        TrainingError: no such recipe or preset, not YAML, an unknown key (the nearest known one is named), a refused
            value (what is allowed is named), or a key that the file or the run sets and its method does not use.
    """
    file = _file(name_or_path, folder)
    own = _content(file, "Recipe", (*KEYS, "preset"), folder)
    named = own.pop("preset", None)
    chosen = assignments(overrides)
    if base and chosen.setdefault("base", base) != base:
        raise TrainingError(f"base is set to {chosen['base']} and to {base}.", fix="keep one of them")
    method = str(chosen.get("method", own.get("method")))

    layers = {name: Setting(name, Recipe.model_fields[name].default, "default") for name in KEYS}
    for origin, values in (
        (f"preset {named}", _preset(named, str(own.get("method")), folder)),
        (f"recipe {file.stem}", own),
        *((variable, {key: value}) for key, (value, variable) in from_environment(environment or {}, method).items()),
        (f"preset {preset}, {RUN}", _preset(preset, method, folder)),
        (RUN, chosen),
    ):
        refuse_unknown_in_mix(origin, values.get("mix"))
        layers |= {key: Setting(key, value, origin) for key, value in values.items()}
    _refuse_rate_of_other_method(layers, own.get("method"))
    _fit_accumulation(layers)
    settings = _validated(file, layers)
    made = {setting.name: setting.value for setting in settings}
    refuse_unused(f"recipe {file.stem}", own, made | {key: own[key] for key in DECIDING if key in own})
    refuse_unused(RUN, chosen, made)
    return [_as_used(setting, made) for setting in settings]


def digest(recipe: Recipe) -> str:
    """Return the SHA-256 of the recipe's values; its name does not change what it trains."""
    return row_sha256(recipe.model_dump(mode="json", exclude={"name"}))


def presets(folder: Path = RECIPES) -> list[str]:
    """Return the names of the presets."""
    return sorted(path.stem for path in (folder / "presets").glob("*.yaml"))


def _file(name_or_path: str, folder: Path) -> Path:
    return Path(name_or_path) if name_or_path.endswith((".yaml", ".yml")) else folder / f"{name_or_path}.yaml"


def _preset(name: object, method: str, folder: Path) -> dict[str, Any]:
    if name is None:
        return {}
    if method not in ADAPTERS:
        raise TrainingError(
            f"Preset {name} is for adapters; its learning rate would ruin a base that is tuned in full.",
            fix="take a qlora or lora recipe, or set the values one by one: --set epochs=3",
        )
    if name not in presets(folder):
        near = difflib.get_close_matches(str(name), presets(folder), n=1)
        raise TrainingError(
            f"There is no preset {name}.", fix=f"take {near[0] if near else ', '.join(presets(folder))}"
        )
    return _content(folder / "presets" / f"{name}.yaml", "Preset", KEYS, folder)


def _content(file: Path, kind: str, known: Sequence[str], folder: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        name = file.stem if file.is_relative_to(folder) else file
        raise TrainingError(f"{kind} {name} cannot be read.", fix=_instead_of(file, folder)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(f"{kind} {file.name} is not YAML.", fix="write one `key: value` a line") from error
    if not isinstance(content, dict):
        raise TrainingError(f"{kind} {file.name} holds no keys.", fix="write one `key: value` a line")
    refuse_unknown(f"{kind} {file.name}", content, known)
    return content


def _instead_of(file: Path, folder: Path) -> str:
    """Return what may be meant by a file that cannot be read: one beside it, or the folder's own by their names."""
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    near = difflib.get_close_matches(file.stem, known, n=3, cutoff=0.75)
    named = " or ".join(near) if near else f"one of: {', '.join(known)}"
    if file.is_relative_to(folder):
        return f"take {named}; or give the path of a .yaml file"
    beside = {path.stem: path for path in file.parent.glob("*.y*ml") if path.is_file() and path != file}
    mistyped = difflib.get_close_matches(file.stem, beside, n=1, cutoff=0.75)
    return f"{f'take {beside[mistyped[0]]}' if mistyped else 'correct the path'}, or take by its name {named}"


def _refuse_rate_of_other_method(layers: dict[str, Setting], written_for: object) -> None:
    """Refuse a learning rate that the file holds for full tuning of an adapter, or the other way round: ten times off.

    Raises:
        TrainingError: the run chose another kind of method, and no learning rate with it.
    """
    method, rate = layers["method"], layers["learning_rate"]
    changed = written_for is not None and (method.value in ADAPTERS) != (written_for in ADAPTERS)
    if changed and _of_file(rate):
        raise TrainingError(
            f"The learning rate {rate.value} was written for method {written_for}, not for {method.value}.",
            fix=f"take a {method.value}-… recipe, or set it too: --set learning_rate=…",
        )


def _fit_accumulation(layers: dict[str, Setting]) -> None:
    """Let a batch of the run's or the environment's own be computed in parts that divide it."""
    batch, parts = layers["batch_size"], layers["gradient_accumulation"]
    whole = str(batch.value).isdecimal() and str(parts.value).isdecimal() and int(parts.value) > 0
    if not whole or _of_file(batch) or parts.origin == RUN:  # refused as they are, where they do not divide
        return
    if int(batch.value) % int(parts.value):
        fitting = math.gcd(int(batch.value), int(parts.value))
        layers[parts.name] = Setting(parts.name, fitting, f"divides batch_size {batch.value}")


def _of_file(setting: Setting) -> bool:
    return setting.origin.startswith(("default", "recipe ", "preset ")) and RUN not in setting.origin


def _validated(file: Path, layers: dict[str, Setting]) -> list[Setting]:
    given = {name: setting.value for name, setting in layers.items() if setting.origin != "default"}
    try:
        recipe = Recipe(name=file.stem, **given)
    except ValidationError as error:
        told = faults(error, given, {name: setting.origin for name, setting in layers.items()})
        raise TrainingError(f"Recipe {file.name} is refused: {'; '.join(told)}.", fix="correct these values") from None
    if recipe.batch_size % recipe.gradient_accumulation:
        raise TrainingError(
            f"Recipe {file.name}: batch_size {recipe.batch_size} cannot be accumulated in"
            f" {recipe.gradient_accumulation} equal parts.",
            fix="make batch_size a multiple of gradient_accumulation",
        )
    return [Setting(name, getattr(recipe, name), layers[name].origin) for name in KEYS]


def _as_used(setting: Setting, values: Mapping[str, Any]) -> Setting:
    """Return the setting, or its default where it counts for nothing: the same training has the same digest."""
    idle = unused(setting.name, values)
    return Setting(setting.name, Recipe.model_fields[setting.name].default, f"unused: {idle}") if idle else setting
