"""Rules: patterns with a name, a score and a reason to look, as recognizers of Presidio's analyzer.

Presidio's own `PatternRecognizer` compiles with IGNORECASE, under which `[A-Z]` also means lower case, and runs every
pattern over every text. A `Rule` states its flags itself and looks only where one of its literals occurs.
"""

import functools
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from tasks.phi.presidio import EntityRecognizer, RecognizerResult


class Hit(NamedTuple):
    """Where a rule matched (characters, half-open) and how sure it is (0-1)."""

    start: int
    end: int
    score: float


class Rule(NamedTuple):
    r"""A pattern; the group `phi`, if there is one, is what it identifies, otherwise the whole match.

    `gate` holds lower-case literals of which one must occur in the text; empty: always look. `accept` may refuse a
    value. With `lower` the pattern reads the text in lower case and is written in it, which is far quicker than
    IGNORECASE; `accept` still sees the text as it is. A pattern that begins with a literal or a set of characters,
    its boundary behind them (`[0-9](?<!\w[0-9])`), is searched many times quicker than one that begins with its
    boundary, because the search then jumps to where it may begin.
    """

    pattern: re.Pattern[str]
    score: float
    gate: tuple[str, ...] = ()
    accept: Callable[[str], bool] | None = None
    lower: bool = False

    def hits(self, text: str) -> list[Hit]:
        """Return the accepted matches in order."""
        if self.gate and not _occurs(self.gate, text):
            return []
        read = lowered(text) if self.lower else text
        group = "phi" if "phi" in self.pattern.groupindex else 0
        hits = []
        for match in self.pattern.finditer(read):
            start, end = match.span(group)
            if start < end and (self.accept is None or self.accept(text[start:end])):
                hits.append(Hit(start, end, self.score))
        return hits


def _occurs(literals: tuple[str, ...], text: str) -> bool:
    read = lowered(text)
    for literal in literals:  # noqa: SIM110  # a generator in any() takes three times as long, and this runs per rule
        if literal in read:
            return True
    return False


@functools.lru_cache(maxsize=2)
def lowered(text: str) -> str:
    """Return the lower-case text, of the same length, computed once for all the rules that look at it."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


_LINK = r"(?:\s*(?:\b(?:id(?:entifier|entification)?|no|num(?:ber)?|code)\b\.?|\#|№))*"
_IS = r"(?:\s*(?:[:=\-]|\bis\b|\bwas\b|\bof\b|\bending(?:\s+in)?\b))?\s*"
_KEYED_VALUE = r"#?[a-z0-9]+(?:[-./][a-z0-9]+|(?<=\d)[ ]\d{3,})*"


def keyed(
    keywords: str, *, gate: tuple[str, ...], value: str = _KEYED_VALUE, digits: int = 4, score: float = 0.95
) -> Rule:
    """Return the rule "keyword, perhaps No/ID/#, perhaps is/:/=, then a value with at least `digits` digits".

    Keywords and value are written in lower case.
    """
    pattern = re.compile(rf"(?<![a-z])(?:{keywords})s?(?![a-z]){_LINK}{_IS}(?P<phi>{value})(?![a-z0-9])")
    return Rule(pattern, score, gate, functools.partial(has_digits, at_least=digits), lower=True)


def has_digits(text: str, *, at_least: int) -> bool:
    """Say whether enough digits, or masks in their place, make the text an identifier rather than a word or a dose."""
    return sum(c.isdigit() or c in "*•" for c in text) >= at_least and any(c.isdigit() for c in text)


class RuleRecognizer(EntityRecognizer):  # type: ignore[misc]  # Presidio carries no types here
    """A recognizer of one category by rules; a subclass may override `find` for what a pattern cannot say."""

    category = ""
    rules: tuple[Rule, ...] = ()

    def __init__(self) -> None:
        super().__init__(supported_entities=[self.category])

    def load(self) -> None:
        """Do nothing: rules need no assets."""

    def find(self, text: str) -> Iterable[Hit]:
        """Yield where the category occurs in the text; hits may overlap."""
        for rule in self.rules:
            yield from rule.hits(text)

    def analyze(self, text: str, entities: list[str], nlp_artifacts: object) -> list[RecognizerResult]:
        """Return the hits as Presidio's results, when the category is asked for."""
        if self.category not in entities:
            return []
        metadata = {
            RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
        }
        return [
            RecognizerResult(self.category, hit.start, hit.end, hit.score, recognition_metadata=metadata)
            for hit in self.find(text)
        ]
