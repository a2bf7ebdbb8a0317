"""What a redaction policy is: a version, replacements for what was found, and a way to know its own again."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol


class Found(NamedTuple):
    """An identifier as it stood in the text, with its category, and what stands around it.

    The surroundings let a policy know its own replacement again when a recognizer finds no more than a part of it.
    """

    category: str
    value: str
    before: str = ""
    after: str = ""


class Policy(Protocol):
    """Replaces identifiers. It keeps no state: the same value of the same subject always becomes the same."""

    version: str
    """Name and number, as certificates carry it; the number grows when replacements change."""

    def replacements(self, found: Sequence[Found], subject: str) -> list[str]:
        """Return what stands in each place, in order; `subject` is a pseudonym of the patient, or of the document.

        `found` is everything that one reading of the document found, so that one date may help to read another.
        """
        ...

    def wrote(self, found: Found) -> bool:
        """Say whether the value is a replacement of this policy, whoever's: it stays, so that redaction settles."""
        ...


def uncovered(found: Found, own: Iterable[tuple[int, int]]) -> str | None:
    """Return the value with blanks where spans cover it, or None if none does.

    Spans are half-open, at characters of before + value + after.
    """
    start, end = len(found.before), len(found.before) + len(found.value)
    rest = list(found.value)
    touched = False
    for a, b in own:
        for position in range(max(a, start), min(b, end)):
            rest[position - start] = " "
            touched = True
    return "".join(rest) if touched else None
