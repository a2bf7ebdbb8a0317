"""Rules: patterns with a name, a score and a reason to look, as recognizers of Presidio's analyzer.

Presidio's own `PatternRecognizer` compiles with IGNORECASE, under which `[A-Z]` also means lower case, and runs every
pattern over every text. A `Rule` states its flags itself and looks only where one of its literals occurs.
"""

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from tasks.phi.presidio import EntityRecognizer, RecognizerResult


class Hit(NamedTuple):
    """Where a rule matched (characters, half-open) and how sure it is (0-1)."""

    start: int
    end: int
    score: float


class Rule(NamedTuple):
    """A pattern; the group `phi`, if there is one, is what it identifies, otherwise the whole match.

    `gate` holds lower-case literals of which one must occur in the text; empty: always look. `accept` may refuse.
    """

    pattern: re.Pattern[str]
    score: float
    gate: tuple[str, ...] = ()
    accept: Callable[[str], bool] | None = None

    def hits(self, text: str) -> Iterator[Hit]:
        """Yield the accepted matches in order."""
        if self.gate and not any(literal in lowered(text) for literal in self.gate):
            return
        group = "phi" if "phi" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            start, end = match.span(group)
            if start < end and (self.accept is None or self.accept(text[start:end])):
                yield Hit(start, end, self.score)


@functools.lru_cache(maxsize=2)
def lowered(text: str) -> str:
    """Return the lower-case text, computed once for all the rules that look at it."""
    return text.lower()


def keyed(
    keywords: str,
    *,
    gate: tuple[str, ...],
    value: str = r"#?[A-Za-z0-9]+(?:[-./][A-Za-z0-9]+|(?<=\d)[ ]\d{3,})*",
    digits: int = 4,
    score: float = 0.95,
) -> Rule:
    """Return the rule "keyword, perhaps No/ID/#, perhaps is/:/=, then a value with at least `digits` digits"."""
    link = r"(?:\s*(?:\b(?:id(?:entifier|entification)?|no|num(?:ber)?|code)\b\.?|\#|№))*"
    pattern = re.compile(
        rf"(?<![A-Za-z])(?:{keywords})s?(?![A-Za-z]){link}(?:\s*(?:[:=\-]|\bis\b|\bwas\b|\bof\b"
        rf"|\bending(?:\s+in)?\b))?\s*"
        rf"(?P<phi>{value})(?![A-Za-z0-9])",
        re.IGNORECASE,
    )
    return Rule(pattern, score, gate, functools.partial(has_digits, at_least=digits))


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
