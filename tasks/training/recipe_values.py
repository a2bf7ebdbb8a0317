"""What a recipe's values may be, in words; and which of them its method and its objective use at all."""

from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from tasks.errors import TrainingError
from tasks.records import Mix, Recipe
from tasks.training.overrides import ADAPTERS, refuse_unknown

BOUNDS = ((Gt, "gt", "above"), (Ge, "ge", "at least"), (Lt, "lt", "below"), (Le, "le", "at most"))
# key → the key that decides whether it is used, and the values of that one under which it is
USED_UNDER: Mapping[str, tuple[str, frozenset[str]]] = {
    **dict.fromkeys(("lora_r", "lora_alpha", "lora_dropout", "target_modules"), ("method", ADAPTERS)),
    "base_bits": ("method", frozenset({"lora"})),
    "preference_beta": ("objective", frozenset({"dpo", "kto"})),
}


def unused(key: str, values: Mapping[str, Any]) -> str | None:
    """Return what makes a key idle among a recipe's values, such as `method full`, or None where it is used."""
    decided_by, users = USED_UNDER.get(key, ("", frozenset[str]()))
    if not decided_by or values[decided_by] in users:
        return None
    return f"{decided_by} {values[decided_by]}"


def refuse_unused(origin: str, keys: Iterable[str], values: Mapping[str, Any]) -> None:
    """Refuse a key that would change nothing: whoever wrote it expects that it does.

    Raises:
        TrainingError: with the choice under which it counts.
    """
    for key in keys:
        if idle := unused(key, values):
            decided_by, users = USED_UNDER[key]
            raise TrainingError(
                f"{key} ({origin}) changes nothing under {idle}.",
                fix=f"leave {key} out, or choose {decided_by}={' or '.join(sorted(users))}",
            )


def refuse_unknown_in_mix(origin: str, mix: object) -> None:
    """Refuse a key inside `mix` that is none.

    Raises:
        TrainingError: with the nearest known one.
    """
    if isinstance(mix, Mapping):
        refuse_unknown(f"mix ({origin})", mix, tuple(Mix.model_fields))


def faults(error: ValidationError, values: Mapping[str, Any], origins: Mapping[str, str]) -> Iterator[str]:
    """Yield in words what is wrong with each refused value, where it came from, and what is allowed there."""
    for path in dict.fromkeys(_reported(part["loc"]) for part in error.errors()):
        key, origin = path[0], origins[path[0]]
        value, (kind, metadata) = values.get(key), _form(Recipe.model_fields[key])
        for name in path[1:]:
            value = value.get(name) if isinstance(value, Mapping) else value
            kind, metadata = _form(kind.model_fields[name]) if kind is Mix else (get_args(kind)[1], [])
        told = allowed(kind, metadata)
        missing = origin == "default"
        yield f"{key} is missing ({told})" if missing else f"{'.'.join(path)} is {value!r} ({origin}), allowed: {told}"


def _reported(loc: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the path of names that a person has written: a list's items are told as the list."""
    return tuple(str(part) for part in loc if part != "[key]") if loc[0] == "mix" else (str(loc[0]),)


def _form(field: FieldInfo) -> tuple[Any, list[Any]]:
    return field.annotation, field.metadata


def allowed(kind: Any, metadata: Iterable[Any]) -> str:  # noqa: PLR0911  # one line a kind
    """Return in words what a value of a type, with these bounds, may be."""
    if get_origin(kind) is Annotated:
        return allowed(get_args(kind)[0], _bounds(get_args(kind)[1:]))
    if get_origin(kind) in (Union, UnionType):
        (inner,) = (part for part in get_args(kind) if part is not type(None))
        return f"{allowed(inner, metadata)}, or null"
    if get_origin(kind) is Literal:
        return ", ".join(map(str, get_args(kind)))
    if get_origin(kind) is tuple:
        return "a list of one name or more"
    if kind is Mix:
        return f"keys and values of {', '.join(Mix.model_fields)}"
    if get_origin(kind) is not None:
        return f"names, each with {allowed(get_args(kind)[1], [])}"
    bounds = " and ".join(
        f"{word} {getattr(rule, name):g}" for rule in metadata for of, name, word in BOUNDS if isinstance(rule, of)
    )
    if kind in (int, float):
        return f"a {'whole ' if kind is int else ''}number {bounds}".strip()
    return "true or false" if kind is bool else "a name"


def _bounds(annotations: Iterable[Any]) -> list[Any]:
    """Return the bounds among annotations; pydantic's `Field` holds its own within itself."""
    return [rule for one in annotations for rule in (one.metadata if isinstance(one, FieldInfo) else [one])]
