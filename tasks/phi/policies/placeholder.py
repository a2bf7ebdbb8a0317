"""Placeholders for everything, "90+" for ages over 89: stricter than Safe Harbor, which lets years and ZIP areas stay.

It does not tell two people of one text apart.
"""

from collections.abc import Sequence

from tasks.phi.policies.policy import Found
from tasks.placeholders import placeholder


class Placeholder:
    """Puts the category in the place of each identifier: `[REDACTED-NAME]`."""

    version = "placeholder/4"

    def replacements(self, found: Sequence[Found], subject: str) -> list[str]:
        """Return the placeholder of each category."""
        return [placeholder(each.category) for each in found]

    def wrote(self, found: Found) -> bool:
        """Return False: a detector does not find placeholders."""
        return False
