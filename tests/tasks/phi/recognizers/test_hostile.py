"""Every pattern of every recognizer against 100 kB of repetition made from what the pattern itself may eat."""

import re
from collections import deque

import pytest

from tasks.phi.recognizers import RECOGNIZERS
from tasks.phi.recognizers.rules import Rule, RuleRecognizer
from tests.tasks.phi.hostile import SIZE, assert_linear

_LITERALS = re.compile(r"[a-z][a-z ]{2,}|[A-Z][A-Za-z]+")
_ATOMS = ("1", "a", " ", "A1", "1-", "a.", "1 ", "a ", "Ab ", "1a-")
_PIECES = (
    "1-",
    "a.",
    "1 ",
    "A1",
    "a@",
    "@a",
    "a.b",
    "(1",
    "::",
    "A. ",
    "Ab ",
    "Ab-",
    "1/",
    "id: 1 ",
    "# 1",
    " at a dot ",
    "123-",
    "x1 ",
)

RULES = [
    pytest.param(rule, id=f"{kind.__name__}-{index}") for kind in RECOGNIZERS for index, rule in enumerate(kind.rules)
]


def baits(pattern: re.Pattern[str]) -> list[str]:
    """Return repetitions of atoms and pieces, bare and behind each of the pattern's own words."""
    words = sorted({word.lower() for word in _LITERALS.findall(pattern.pattern)}, key=len)[-3:]
    lines = [*_ATOMS, *[word + " " for word in words], *[word + " 1" for word in words]]
    bare = [(line * SIZE)[:SIZE] for line in lines]
    led = [word + " " + (piece * SIZE)[: SIZE - 20] for word in words[-1:] for piece in ("1", " ", "a", "1-", "1 ")]
    # one that nearly matches to its end, and then does not
    return bare + led + [bait[:-1] + "!" for bait in bare[:3]]


@pytest.mark.parametrize("rule", RULES)
def test_pattern_stands_hostile_repetition(rule: Rule) -> None:
    for bait in baits(rule.pattern):
        assert_linear(lambda text: deque(rule.pattern.finditer(text), 0), bait)


@pytest.mark.parametrize("kind", RECOGNIZERS, ids=lambda kind: kind.__name__)
def test_recognizer_stands_hostile_repetition(kind: type[RuleRecognizer]) -> None:
    for piece in _PIECES:
        assert_linear(lambda text: deque(kind().find(text), 0), (piece * SIZE)[:SIZE])
