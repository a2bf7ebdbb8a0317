"""Fax numbers (45 CFR 164.514(b)(2)(i)(E)): any number of 7 to 15 digits after fax, fx, facsimile or "F:".

A fax number without such a word is found as a telephone number.
"""

import re

from tasks.phi.recognizers.phone import LOOSE, NORTH_AMERICAN, is_loose
from tasks.phi.recognizers.rules import Rule, RuleRecognizer, heads, labelled_numbers


class FaxRecognizer(RuleRecognizer):
    """Fax numbers."""

    category = "FAX"
    rules = (
        Rule(
            re.compile(
                r"(?<![a-z])(?:(?:e-?|tele)?fax(?:ed|es|ing)?|facsimile|fx)(?![a-z])\.?"
                r"(?:\s{0,3}(?:no|number|num|line|at|on|is|to|it|them|:|=|\#|\||-)(?![a-z])\.?){0,4}"
                rf"\s{{0,9}}(?P<phi>{LOOSE})(?!\w)"
            ),
            0.95,
            accept=is_loose,
            lower=True,
            within=labelled_numbers,
            words=heads("fax efa tel fac fx e"),
        ),
        Rule(
            re.compile(rf"(?<![\w/])f\s?[:.]\s{{0,4}}(?P<phi>{NORTH_AMERICAN})(?!\w)"),
            0.9,
            lower=True,
            within=labelled_numbers,
            words=heads("f"),
        ),
    )
