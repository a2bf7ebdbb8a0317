"""Canaries: invented identifiers drawn anew from a seed, equally many of every category, and what survives of one.

A canary survives if a letter or digit of it that carries information is left in its place. What stands in its place is
found by comparing the words of the text before and after redaction, not by asking the detector. It does not see a
letter that a policy leaves in another place, or, where a policy writes realistic replacements, a rest of fewer than
four digits or letters.
"""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import NamedTuple

from tasks.phi.canary_shapes import CONSTANT, LABELLED, SHAPES, Shape
from tasks.phi.canary_values import MONTHS
from tasks.phi.categories import CATEGORIES
from tasks.placeholders import AGGREGATED, PLACEHOLDER

PER_CATEGORY = 16
"""320 in all: 8 survivors leave the 95 % bound below 5 %, 9 do not."""

_RUN = re.compile(rf"{PLACEHOLDER.pattern}|{re.escape(AGGREGATED)}|[^\W\d_]+|\d+")
_MONTHS = frozenset(month[:length].lower() for month in MONTHS for length in (3, 20))
_CASES: Mapping[str, Callable[[str], str]] = MappingProxyType({"a": str, "u": str.upper, "l": str.lower})
_YOUNG = 1940  # born later, nobody is over 89 yet: safe_harbor may leave the year


class Canary(NamedTuple):
    """A value and the words before and behind it; `strict`: it may in no case survive."""

    category: str
    value: str
    before: str
    after: str
    strict: bool

    @property
    def text(self) -> str:
        """The value among its words."""
        return f"{self.before}{self.value}{self.after}"

    def survives(self, rest: Iterable[str], policy: str) -> bool:
        """Say whether what stands in the value's place tells some of it; `policy` is a policy's name.

        Every letter and digit tells, but for words that everybody's value has (street, hospital, www). `safe_harbor`
        may leave a year and the first three digits of a ZIP code. A policy of realistic replacements may hit upon a
        few of the same digits: there, four digits or letters in a row tell, and so does the whole value.
        """
        told = [run for run in runs(self.value) if run not in CONSTANT]
        left = [run for run in rest if run not in CONSTANT and any(run in own for own in told)]
        if policy == "safe_harbor":
            left = [run for run in left if not self._may_stay(run)]
        if policy == "surrogate":
            return any(len(run) > 3 and run not in _MONTHS for run in left) or (
                bool(told) and not Counter(told) - Counter(left)
            )
        return bool(left)

    def _may_stay(self, run: str) -> bool:
        if self.category in {"DATE", "DOB"}:
            return len(run) == 4 and run.isdecimal() and int(run) > _YOUNG
        return self.category == "GEO" and len(run) == 3 and run.isdecimal()


def runs(text: str) -> list[str]:
    """Return the runs of letters and of digits, in lower case, without placeholders and "90+"."""
    return [run.lower() for run in _RUN.findall(text) if not run.startswith("[") and run != AGGREGATED]


def draw(seed: str) -> list[Canary]:
    """Return `PER_CATEGORY` canaries of every category, neighbours of different categories, the same for a seed."""
    rng = Random(seed)
    return [
        _drawn(category, SHAPES[category][turn % len(SHAPES[category])], rng)
        for turn in range(PER_CATEGORY)
        for category in CATEGORIES
    ]


def _drawn(category: str, shape: Shape, rng: Random) -> Canary:
    value = rng.choice(shape.draws)(rng)
    if shape.labels and (not shape.prose or rng.random() < 0.5):
        before, after = rng.choice(LABELLED).replace("{label}", rng.choice(shape.labels)).split("{}")
    else:
        before, after = rng.choice(shape.prose).split("{}")
    case = rng.choice(shape.cases)
    value, before, after = (_CASES[case](part) for part in (value, before, after))
    return Canary(category, value, before, after, shape.strict)


def survivors(pieces: Sequence[str | Canary], redacted: str, policy: str) -> list[Canary]:
    """Return the canaries that survive in the redacted text which was made of the pieces, joined."""
    words: list[str | int] = []  # an int is the place of a canary's value
    for index, piece in enumerate(pieces):
        words += runs(piece) if isinstance(piece, str) else [*runs(piece.before), index, *runs(piece.after)]
    left = runs(redacted)
    found: list[Canary] = []
    for tag, start, end, first, last in difflib.SequenceMatcher(None, words, left, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        rest = Counter(left[first:last])
        rest.subtract(word for word in words[start:end] if isinstance(word, str))  # of the surroundings
        for word in words[start:end]:
            canary = pieces[word] if isinstance(word, int) else None
            if isinstance(canary, Canary) and canary.survives((+rest).elements(), policy):
                found.append(canary)
    return found
