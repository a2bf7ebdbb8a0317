"""How much a text's findings say together about who it is about: none, low, medium or high.

The level orders texts for a reader; it decides nothing about redaction. It does not weigh how rare a place, a date or
a disease is, and it sees only what was found.
"""

from collections.abc import Iterable
from typing import Literal

from tasks.records import PhiFinding

RiskLevel = Literal["none", "low", "medium", "high"]

_QUASI = frozenset({"GEO", "DATE", "DOB", "AGE_OVER_89"})
"""Shared by many people: letters B and C of the rule. Every other category points at one person, or at one relative."""
_ALONE_ENOUGH = frozenset({"SSN", "MRN"})
"""One number, one person, in a register that many can look into."""
_KIND = {"DOB": "DATE", "AGE_OVER_89": "DATE"}
"""Letter C is one kind, as in the rule: a birth date beside a visit's date is no further kind."""


def risk_level(findings: Iterable[PhiFinding]) -> RiskLevel:
    """Return how identifying the findings of one text are together.

    - none: no finding.
    - low: quasi-identifiers only, however many: places, dates, birth dates, ages over 89.
    - medium: a direct identifier (any other category) and nothing that makes it high: a name alone, a phone number
      alone or with a date.
    - high: an SSN or an MRN; a name with another direct identifier or with a quasi-identifier; or three or more
      kinds, a kind being a letter of the rule (dates, birth dates and ages are one).

    Counts do not matter, kinds do: ten names are one kind, and a name mentioned again is not another identifier. Two
    kinds of direct identifier without a name (a phone number and an e-mail address) are medium. Scores do not matter:
    a finding counts once it was reported. A further finding never lowers the level.
    """
    categories = {finding.category for finding in findings}
    kinds = {_KIND.get(category, category) for category in categories}
    if categories & _ALONE_ENOUGH or ("NAME" in kinds and len(kinds) > 1) or len(kinds) > 2:
        return "high"
    if categories - _QUASI:
        return "medium"
    return "low" if categories else "none"
