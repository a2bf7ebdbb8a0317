"""What a redaction policy is: a version, replacements for what was found, and a way to know its own again."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Found(NamedTuple):
    """An identifier as it stood in the text, with its category."""

    category: str
    value: str


class Policy(Protocol):
    """Replaces identifiers. It keeps no state: the same value of the same subject always becomes the same."""

    version: str
    """Name and number, as certificates carry it; the number grows when replacements change."""

    def replacements(self, found: Sequence[Found], subject: str) -> list[str]:
        """Return what stands in each place, in order; `subject` is a pseudonym of the patient, or of the document."""
        ...

    def wrote(self, found: Found) -> bool:
        """Say whether the value is a replacement of this policy, whoever's: it stays, so that redaction settles."""
        ...
