"""Social security numbers (45 CFR 164.514(b)(2)(i)(G)), whole, masked, or their last four digits.

The shape 3-2-4 counts whatever its area number is: sample and mistyped numbers are as identifying to a reader of the
record. It does not cover nine bare digits without a keyword.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, has_digits


class SsnRecognizer(RuleRecognizer):
    """Social security and individual taxpayer numbers."""

    category = "SSN"
    rules = (
        Rule(re.compile(r"(?<![\w./-])\d{3}([- .])\d{2}\1\d{4}(?![\w-]|\.\d)"), 0.85),
        Rule(re.compile(r"(?<![\w-])[Xx*#•]{3}[- ]?[Xx*#•]{2}[- ]?\d{4}(?!\w)"), 0.9),
        Rule(
            re.compile(
                r"(?<![A-Za-z])(?:ssn?|s\.s\.n\.?|soc(?:ial)?\.?(?:\s+sec(?:urity)?\.?)?|itin"
                r"|tin)\b(?:\s*(?:(?:no|num|number|id)\b|\#)\.?)*"
                r"\s*(?:\(?last\s+(?:four|4)(?:\s+digits)?\)?)?\s*(?:ending(?:\s+in)?|is|was"
                r"|of)?\s*[:=#-]?\s*(?:is\s+)?"
                r"(?P<phi>[Xx*#•\d](?:[- ]?[Xx*#•\d]){3,10})(?!\w)",
                re.IGNORECASE,
            ),
            0.98,
            ("ss", "s.s", "soc", "tin"),
            lambda phi: has_digits(phi, at_least=4) and len(re.sub(r"[- ]", "", phi)) in {4, 9},
        ),
        Rule(
            re.compile(
                r"\blast\s+(?:four|4)\s+(?:digits\s+)?(?:of\s+(?:the\s+)?(?:ssn|social)\s*)?(?:is|are"
                r"|:)?\s*(?P<phi>\d{4})\b",
                re.I,
            ),
            0.7,
            ("last",),
        ),
    )
