"""Fax numbers (45 CFR 164.514(b)(2)(i)(E)): any number of 7 to 15 digits after the word fax or facsimile.

A fax number without that word is found as a telephone number.
"""

import re

from tasks.phi.recognizers.phone import LOOSE
from tasks.phi.recognizers.rules import Rule, RuleRecognizer, has_digits


class FaxRecognizer(RuleRecognizer):
    """Fax numbers."""

    category = "FAX"
    rules = (
        Rule(
            re.compile(
                r"(?<![A-Za-z])(?:fax(?:ed)?|facsimile)\b(?:\s*(?:no|number|num|line|at|on|is|to|it)\b\.?"
                r"|\s*\#)*\s*[:=]?\s*"
                rf"(?P<phi>{LOOSE})(?!\w)",
                re.IGNORECASE,
            ),
            0.95,
            ("fax", "facsimile"),
            lambda phi: has_digits(phi, at_least=7),
        ),
    )
