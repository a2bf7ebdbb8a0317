"""Dates of birth, and years of birth that reveal an age over 89 (45 CFR 164.514(b)(2)(i)(C)).

Covers dates in digits after DOB, born and the like, also without separators, and years of birth up to 1939. It does
not cover a date of birth without such a word, which is a date like any other.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer


class BirthDateRecognizer(RuleRecognizer):
    """Dates of birth."""

    category = "DOB"
    rules = (
        # DOB: 03151948 · born 1948-3-15 · DOB 3.15.48 · birth year
        Rule(
            re.compile(
                r"(?:\bd\.?o\.?b\.?|\bdate\s+of\s+birth|\bbirth\s*date|\bborn(?:\s+on)?|\bbirthday"
                r")\s*[:=]?\s*(?:is\s+)?"
                r"(?P<phi>\d{8}|\d{1,4}[-/. ]\d{1,2}[-/. ]\d{2,4})(?!\d)",
                re.IGNORECASE,
            ),
            0.97,
            ("b",),
        ),
        Rule(
            re.compile(
                r"(?:\bborn\s+in|\bd\.?o\.?b\.?:?|\byear\s+of\s+birth:?"
                r"|\bbirth\s+year:?)\s*(?P<phi>(?:18\d\d|19[0-3]\d))\b",
                re.I,
            ),
            0.8,
            ("b",),
        ),
    )
