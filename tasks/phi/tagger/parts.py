"""The parts of made-up identifiers, read once from parts.yaml and the lists of names and words beside it."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parent
LISTS = _FOLDER.parent / "recognizers" / "lists"
_PARTS: dict[str, str] = yaml.safe_load((_FOLDER / "parts.yaml").read_text(encoding="utf-8"))

Maker = Callable[[random.Random], str]


def weighted(*forms: tuple[int, Maker]) -> Maker:
    """Return a maker that takes one of the others, as often as their weights say."""
    drawn = [maker for weight, maker in forms for _ in range(weight)]
    return lambda rng: rng.choice(drawn)(rng)


def words(file: str) -> list[str]:
    """Return the words of a file of this folder, without marks and without lines that are comments."""
    return re.findall(r"[^\s<>{}|]{2,}", _without_comments(_FOLDER / file))


def listed(name: str) -> list[str]:
    """Return the words of one of the recognizers' lists, or its phrases where they are separated by bars."""
    text = _without_comments(LISTS / f"{name}.txt")
    return text.replace("\n", "|").strip("|").split("|") if "|" in text else text.split()


def _without_comments(file: Path) -> str:
    return "\n".join(line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))


def parts(name: str) -> list[str]:
    """Return a block's words, or its phrases where they are separated by bars."""
    block = _PARTS[name]
    if " | " not in block:
        return block.split()
    return [phrase.strip() for line in block.splitlines() for phrase in line.split("|") if phrase.strip()]
