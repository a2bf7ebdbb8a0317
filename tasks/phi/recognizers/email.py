"""E-mail addresses (45 CFR 164.514(b)(2)(i)(F)), also written with spaced or bracketed "at" and "dot".

Unlike Presidio's own recognizer it asks no list of top-level domains, so it never goes online. It does not cover
addresses spelt out in plain words.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer


class EmailRecognizer(RuleRecognizer):
    """E-mail addresses."""

    category = "EMAIL"
    rules = (
        # bounded parts: 64 and 255 characters are the limits of RFC 5321, and keep hostile input linear
        Rule(
            re.compile(r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,254}[A-Za-z0-9]"),
            0.95,
            ("@",),
        ),
        Rule(re.compile(r"(?<![\w.+-])[\w.+-]{1,64}\s@\s[A-Za-z0-9][A-Za-z0-9-]{0,62}\.[A-Za-z]{2,24}\b"), 0.8, ("@",)),
        Rule(
            re.compile(
                r"(?<![\w.+-])[\w.+-]{1,64}\s?[\[({]\s?at\s?[\])}]\s?[A-Za-z0-9-]{1,63}"
                r"\s?(?:\.|[\[({]\s?dot\s?[\])}])\s?[A-Za-z]{2,24}\b",
                re.IGNORECASE,
            ),
            0.8,
            ("at]", "at)", "at}", "at ]", "at )"),
        ),
    )
