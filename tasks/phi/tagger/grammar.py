"""A small grammar that writes texts with marks: `<a|b>` chooses, `{symbol}` expands, `{NAME:full}` makes an identifier.

Rules come from YAML files, one block a symbol, one alternative a line, ¶ for a line break, ¦ for a bar. `{int:1-9}` is
a number and `{Disease}` is `{disease}` with a capital, unless a symbol of that very name exists. It does not cover
weights: an alternative that should come more often is written more often.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml


class Piece(NamedTuple):
    """A stretch of text; `label` is the category that it identifies, or empty."""

    text: str
    label: str = ""


Node = str | list["Node"] | tuple[list["Node"], ...] | dict[str, str]
"""Literal text, a sequence, a choice among sequences, or a slot {name: argument}."""

_WRITTEN_AS = {"¶": "\n", "¦": "|"}
_DEEPEST = 40  # a rule that names itself ends here instead of in a RecursionError


class Grammar:
    """Rules, and the makers of values behind upper-case slots such as `{DATE:any}`."""

    def __init__(
        self, files: Iterable[Path], makers: Mapping[str, Callable[[random.Random, str], Iterable[Piece]]]
    ) -> None:
        """Read the files; a symbol may be written in one of them only."""
        self._makers = makers
        self._rules: dict[str, list[Node]] = {}
        for file in files:
            for symbol, block in yaml.safe_load(file.read_text(encoding="utf-8")).items():
                self._rules[symbol] = [parse(line.strip()) for line in block.splitlines() if line.strip()]

    def write(self, symbol: str, rng: random.Random) -> list[Piece]:
        """Expand a symbol once."""
        pieces: list[Piece] = []
        self._expand({symbol: ""}, rng, pieces, 0)
        return pieces

    def _expand(self, node: Node, rng: random.Random, into: list[Piece], depth: int) -> None:
        if isinstance(node, str):
            into.append(Piece(node))
        elif isinstance(node, list):
            for part in node:
                self._expand(part, rng, into, depth)
        elif isinstance(node, tuple):
            self._expand(rng.choice(node), rng, into, depth)
        else:
            self._fill(*next(iter(node.items())), rng, into, depth)

    def _fill(self, name: str, argument: str, rng: random.Random, into: list[Piece], depth: int) -> None:
        if depth > _DEEPEST:
            return
        if name == "int":
            low, high = argument.split("-")
            into.append(Piece(str(rng.randint(int(low), int(high)))))
        elif name in self._makers:
            into.extend(self._makers[name](rng, argument))
        elif name in self._rules:
            self._expand(rng.choice(self._rules[name]), rng, into, depth + 1)
        else:
            start = len(into)
            self._expand(rng.choice(self._rules[name[0].lower() + name[1:]]), rng, into, depth + 1)
            first = next((i for i in range(start, len(into)) if into[i].text), None)
            if first is not None:
                into[first] = into[first]._replace(text=into[first].text[0].upper() + into[first].text[1:])


def parse(line: str) -> Node:
    """Read one alternative.

    Raises:
        ValueError: a bracket that does not close.
    """
    node, end = _sequence(line, 0)
    if end != len(line):
        raise ValueError(f"Stray {line[end]!r} at {end} in a rule: {line!r}")
    return node


def _sequence(line: str, at: int) -> tuple[list[Node], int]:
    parts: list[Node] = []
    literal = ""
    while at < len(line) and line[at] not in "|>":
        if line[at] == "<":
            parts += [literal] if literal else []
            literal = ""
            choice, at = _choice(line, at)
            parts.append(choice)
        elif line[at] == "{":
            parts += [literal] if literal else []
            literal = ""
            name, _, argument = line[at + 1 : (close := line.index("}", at))].partition(":")
            parts.append({name: argument})
            at = close + 1
        else:
            literal += _WRITTEN_AS.get(line[at], line[at])
            at += 1
    return parts + ([literal] if literal else []), at


def _choice(line: str, at: int) -> tuple[Node, int]:
    alternatives: list[list[Node]] = []
    while True:
        alternative, at = _sequence(line, at + 1)
        alternatives.append(alternative)
        if at >= len(line):
            raise ValueError(f"A bracket does not close in a rule: {line!r}")
        if line[at] == ">":
            return tuple(alternatives), at + 1
