"""Recipes: the hyper-parameters of one fine-tuning run, put together from layers, each value with where it came from.

`flows/recipes/<name>.yaml` holds the recipes that come with Rounds, `flows/recipes/presets/<name>.yaml` how strongly an
adapter learns; any path to a file of a recipe's form works too. A later layer wins: defaults, the file's preset, the
file, the environment, the preset chosen for the run, what else is chosen for the run. docs/recipes.md has the table.
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import yaml
from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from tasks.errors import TrainingError
from tasks.records import Recipe, row_sha256
from tasks.training.overrides import ADAPTERS, KEYS, assignments, from_environment, refuse_unknown

RECIPES = Path(__file__).parents[2] / "flows" / "recipes"
RUN = "this run"
BOUNDS = ((Gt, "gt", "above"), (Ge, "ge", "at least"), (Lt, "lt", "below"), (Le, "le", "at most"))


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
        TrainingError: no such recipe or preset, not YAML, an unknown key (the nearest known one is named), or a refused
            value (what is allowed is named).
    """
    file = _file(name_or_path, folder)
    own = _content(file, "Recipe", (*KEYS, "preset"))
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
        layers |= {key: Setting(key, value, origin) for key, value in values.items()}
    _refuse_rate_of_other_method(layers, own.get("method"))
    _fit_accumulation(layers)
    return _validated(file, layers)


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
    return _content(folder / "presets" / f"{name}.yaml", "Preset", KEYS)


def _content(file: Path, kind: str, known: Sequence[str]) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        others = sorted(path.stem for path in file.parent.glob("*.yaml"))
        near = difflib.get_close_matches(file.stem, others, n=1)
        those = (
            f"take {near[0]}, or another one of: {', '.join(others)}" if near else f"take one of: {', '.join(others)}"
        )
        raise TrainingError(
            f"{kind} {file.stem} cannot be read.", fix=f"{those}; or give the path of a .yaml file"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(f"{kind} {file.name} is not YAML.", fix="write one `key: value` a line") from error
    if not isinstance(content, dict):
        raise TrainingError(f"{kind} {file.name} holds no keys.", fix="write one `key: value` a line")
    refuse_unknown(f"{kind} {file.name}", content, known)
    return content


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
        names = dict.fromkeys(str(part["loc"][0]) for part in error.errors())
        faults = "; ".join(_fault(layers[name]) for name in names)
        raise TrainingError(f"Recipe {file.name} is refused: {faults}.", fix="correct these values") from None
    if recipe.batch_size % recipe.gradient_accumulation:
        raise TrainingError(
            f"Recipe {file.name}: batch_size {recipe.batch_size} cannot be accumulated in"
            f" {recipe.gradient_accumulation} equal parts.",
            fix="make batch_size a multiple of gradient_accumulation",
        )
    return [Setting(name, getattr(recipe, name), layers[name].origin) for name in KEYS]


def _fault(setting: Setting) -> str:
    field = Recipe.model_fields[setting.name]
    if setting.origin == "default":
        return f"{setting.name} is missing ({_allowed(field)})"
    return f"{setting.name} is {setting.value!r} ({setting.origin}), allowed: {_allowed(field)}"


def _allowed(field: FieldInfo) -> str:
    """Return in words what a field takes."""
    kinds = [kind for kind in (get_args(field.annotation) or (field.annotation,)) if kind is not type(None)]
    if get_origin(field.annotation) is Literal:
        return ", ".join(map(str, kinds))
    if get_origin(field.annotation) is tuple:
        return "a list of one name or more"
    bounds = [
        f"{word} {getattr(rule, name)}"
        for rule in field.metadata
        for kind, name, word in BOUNDS
        if isinstance(rule, kind)
    ]
    if kinds[0] in (int, float):
        return " ".join(("a whole number" if kinds[0] is int else "a number", " and ".join(bounds))).strip()
    return "true or false" if kinds[0] is bool else "a name"
