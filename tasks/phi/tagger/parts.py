"""The parts of made-up identifiers, read once from parts.yaml and the lists of names and words beside it."""

import random
from collections.abc import Callable
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parent
_PARTS: dict[str, str] = yaml.safe_load((_FOLDER / "parts.yaml").read_text(encoding="utf-8"))

Maker = Callable[[random.Random], str]


def weighted(*forms: tuple[int, Maker]) -> Maker:
    """Return a maker that takes one of the others, as often as their weights say."""
    drawn = [maker for weight, maker in forms for _ in range(weight)]
    return lambda rng: rng.choice(drawn)(rng)


def words(file: str) -> list[str]:
    """Return the words of a text file of this folder."""
    return (_FOLDER / file).read_text(encoding="utf-8").split()


def parts(name: str) -> list[str]:
    """Return a block's words, or its phrases where they are separated by bars."""
    block = _PARTS[name]
    if " | " not in block:
        return block.split()
    return [phrase.strip() for line in block.splitlines() for phrase in line.split("|") if phrase.strip()]
