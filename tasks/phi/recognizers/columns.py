"""Columns of a table: what stands under "MRN" is a record number, whatever its shape.

Covers tables with bars, tabs, two blanks, commas or semicolons between their cells, whose header has two labels or more
(`lists/columns.yaml`), in the rows below it that have as many cells. An identifier needs four digits, an age has to be
over 89, a place begins with a letter or a house number. It does not cover tables without a header, columns of names,
cells that go on in the next line, nor the three letters and fewer of an empty cell ("n/a").
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

_LABELS: dict[str, str] = {
    label: category
    for category, labels in yaml.safe_load(
        (Path(__file__).parent / "lists" / "columns.yaml").read_text(encoding="utf-8")
    ).items()
    for label in labels
}
_CELL = {
    "|": re.compile(r"[^|\n]+"),
    "\t": re.compile(r"[^\t\n]+"),
    "  ": re.compile(r"[^\s](?:[^\s]|[ ](?=[^\s]))*"),
    ",": re.compile(r"[^,\n]+"),
    ";": re.compile(r"[^;\n]+"),
}
_RULE = re.compile(r"[\s|:+=_-]*\Z")
_WIDEST = 400  # characters of a header
_AGE = re.compile(r"(?:9[0-9]|1[0-2][0-9])(?![0-9+])")

Cell = tuple[int, int, str]


@functools.lru_cache(maxsize=2)
def cells_by_category(text: str) -> dict[str, list[tuple[int, int]]]:
    """Return by category where the cells of labelled columns lie (characters, half-open)."""
    found: dict[str, list[tuple[int, int]]] = {}
    if "\n" not in text:
        return found
    separator = ""
    header: list[str] = []
    for start, line in _lines(text):
        columns = _header(line)
        if columns:
            separator, header = columns
        elif header and not _RULE.match(line):
            cells = _cells(line, separator)
            if len(cells) != len(header):
                header = []
                continue
            for label, (at, end, value) in zip(header, cells, strict=True):
                category = _LABELS.get(label, "")
                if category and _is_of(category, value):
                    # "92F" is a sex as well
                    number = _AGE.match(value) if category == "AGE_OVER_89" else None
                    width = number.end() if number else end - at
                    found.setdefault(category, []).append((start + at, start + at + width))
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for line in text.split("\n"):
        yield at, line
        at += len(line) + 1


def _header(line: str) -> tuple[str, list[str]] | None:
    """Return what separates the columns and their labels, if two or more cells of the line are labels."""
    if len(line) > _WIDEST:
        return None
    for separator in _CELL:
        if separator in line:
            labels = [value.lower().strip(" *_#.:\"'") for _, _, value in _cells(line, separator)]
            known = [_LABELS[label] for label in labels if label in _LABELS]
            if len(known) > 1:
                return separator, labels
    return None


def _cells(line: str, separator: str) -> list[Cell]:
    cells = []
    for match in _CELL[separator].finditer(line):
        value = match[0].strip()
        start = match.start() + match[0].find(value)
        cells.append((start, start + len(value), value))
    while cells and separator == "|" and not cells[-1][2]:
        cells.pop()  # after the last bar
    return cells[1:] if separator == "|" and cells and not cells[0][2] else cells


def _is_of(category: str, value: str) -> bool:
    """Say whether a cell may hold what its column's label promises."""
    if not value or len(value) > 60 or category == "":
        return False
    if category == "GEO":
        return len(value) > 3 and (value[0].isalpha() or (value[0].isdigit() and " " in value))
    if category == "AGE_OVER_89":
        return _AGE.match(value) is not None
    digits = sum(character.isdigit() for character in value)
    return digits >= (3 if category == "DOB" else 4) and len(value) < 2 * digits + 12
