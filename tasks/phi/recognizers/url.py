"""Web addresses (45 CFR 164.514(b)(2)(i)(N)): with a scheme, with www, or a bare host with a path or a common ending.

It does not cover hosts of other endings without scheme, www or path. A DOI is a citation and stays, also as a doi.org
address.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer

_ENDINGS = (
    "com|org|net|edu|gov|mil|info|health|care|clinic|hospital|med|doctor|io|co|us|uk|de|fr|ca|au|eu|example"
    "|test|invalid"
)


class UrlRecognizer(RuleRecognizer):
    """Web addresses."""

    category = "URL"
    rules = (
        Rule(
            re.compile(r"\b(?:https?|ftp|sftp|file)://[^\s<>\"'\])}]{2,2000}", re.IGNORECASE),
            0.95,
            ("://",),
            lambda phi: not re.match(r"https?://(?:dx\.)?doi\.org/10\.", phi),
        ),
        Rule(
            re.compile(r"(?<![\w@/.])www\.[A-Za-z0-9-]{1,63}\.[^\s<>\"'\])}]{2,2000}", re.IGNORECASE), 0.95, ("www.",)
        ),
        Rule(
            re.compile(
                rf"(?<![\w@/.-])(?:[A-Za-z0-9-]{{1,63}}\.){{1,6}}(?:{_ENDINGS})"
                rf"(?:/[^\s<>\"'\])}}]{{0,2000}})?(?![\w@-])",
                re.IGNORECASE,
            ),
            0.7,
            tuple("." + ending for ending in _ENDINGS.split("|")),
            lambda phi: not re.match(r"(?:dx\.)?doi\.org/10\.", phi) and bool(re.search(r"[A-Za-z]{2}[^.]*\.", phi)),
        ),
    )
