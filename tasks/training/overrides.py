"""What a person or a machine's environment changes in a recipe: `key=value` words, and the older guides' variables."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import yaml

from tasks.errors import TrainingError
from tasks.records import Recipe

KEYS = tuple(name for name in Recipe.model_fields if name != "name")
ADAPTERS, FULL = frozenset({"qlora", "lora"}), frozenset({"full"})
# The guides' variables, the key that each means, and the methods that it is meant for.
ENVIRONMENT = {
    "MODEL_NAME": ("base", ADAPTERS | FULL),
    "QLORA_EPOCHS": ("epochs", ADAPTERS),
    "QLORA_BATCH_SIZE": ("batch_size", ADAPTERS),
    "QLORA_LR": ("learning_rate", ADAPTERS),
    "FULL_EPOCHS": ("epochs", FULL),
    "FULL_BATCH_SIZE": ("batch_size", FULL),
    "FULL_LR": ("learning_rate", FULL),
    "MAX_SEQ_LENGTH": ("max_tokens", ADAPTERS | FULL),
}


def assignments(words: Iterable[str]) -> dict[str, Any]:
    """Return the values that words such as `lora_r=8` or `target_modules=[q_proj, v_proj]` set; values are YAML.

    Raises:
        TrainingError: a word without `=`, an unknown key, two values for one key, or a value that is no YAML.
    """
    values: dict[str, Any] = {}
    for word in words:
        key, equals, text = (part.strip() for part in word.partition("="))
        if not equals:
            raise TrainingError(f"{word!r} sets nothing.", fix="write --set key=value")
        refuse_unknown("The run", [key], KEYS)
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise TrainingError(f"The value of {key} is not YAML.", fix=f"quote it: --set '{key}=value'") from error
        if key in values and values[key] != value:
            raise TrainingError(f"{key} is set to {values[key]} and to {value}.", fix="keep one of them")
        values[key] = value
    return values


def from_environment(variables: Mapping[str, str], method: str) -> dict[str, tuple[str, str]]:
    """Return key → (value, variable) of those of the guides' variables that are set and are meant for the method."""
    return {
        key: (variables[name], name)
        for name, (key, methods) in ENVIRONMENT.items()
        if method in methods and variables.get(name)
    }


def refuse_unknown(where: str, keys: Iterable[object], known: Collection[str]) -> None:
    """Refuse a key that is not one of the known ones.

    Raises:
        TrainingError: with the known key that is nearest, or all of them where none is near.
    """
    for key in map(str, keys):
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            fix = f"write {near[0]}" if near else f"known keys: {', '.join(sorted(known))}"
            raise TrainingError(f"{where} has an unknown key {key}.", fix=fix)
