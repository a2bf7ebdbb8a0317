"""Telephone numbers (45 CFR 164.514(b)(2)(i)(D)).

Covers North American numbers with separators, international numbers with a plus, and any run of 7 to 15 digits after a
word such as phone, cell, pager or ext. It does not cover a bare run of ten digits without such a word, nor numbers
spelt in words. A number after "fax" is for the fax recognizer.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, has_digits

NORTH_AMERICAN = r"(?:\+?1[\s.-]?)?(?:\(\d{3}\)\s*|\d{3}[\s.-])\d{3}[\s.-]\d{4}(?:\s*(?:x|ext\.?|extension)\s*\d{1,6})?"
INTERNATIONAL = r"\+\d{1,3}[\s.-]?(?:\(\d{1,4}\)|\d{1,4})(?:[\s.-]?\d{2,4}){2,5}"
LOOSE = r"\+?[\d(][\d\s().-]{5,18}\d(?:\s*(?:x|ext\.?)\s*\d{1,6})?"


class PhoneRecognizer(RuleRecognizer):
    """Telephone, mobile and pager numbers."""

    category = "PHONE"
    rules = (
        Rule(re.compile(rf"(?<![\w.+-]){NORTH_AMERICAN}(?![\w-]|\.\d)", re.IGNORECASE), 0.75),
        Rule(re.compile(rf"(?<![\w+]){INTERNATIONAL}(?!\w)"), 0.75, ("+",), lambda phi: has_digits(phi, at_least=8)),
        Rule(
            re.compile(
                r"(?<![A-Za-z])(?:(?:tele)?phones?|tel|cell(?:ular)?|mobile|pager|beeper|call(?:ed|back)?"
                r"|contact|home|work|"
                r"text|ph|voicemail|hotline|reach(?:ed)?(?:\s+(?:him|her|them|me))?)\b\.?"
                r"(?:\s*(?:no|number|num|line|at|on|is|was|phone|cell|#)\b\.?|\s*\#)*\s*[:=]?\s*(?:at\s+|on\s+|is\s+)?"
                rf"(?P<phi>{LOOSE})(?!\w)",
                re.IGNORECASE,
            ),
            0.85,
            (
                "ph",
                "tel",
                "cell",
                "mobile",
                "pager",
                "beep",
                "call",
                "contact",
                "home",
                "work",
                "text",
                "voice",
                "hotl",
                "reach",
            ),
            lambda phi: has_digits(phi, at_least=7) and not re.fullmatch(r"[\d\s.]*\d\.\d\d?", phi),
        ),
        Rule(
            re.compile(
                r"(?<![A-Za-z])(?:ext(?:ension)?|extn|pager|beeper)\.?\s*(?:no\.?|number"
                r"|#)?\s*[:=]?\s*(?P<phi>\d{3,7})\b",
                re.I,
            ),
            0.7,
            ("ext", "pager", "beeper"),
        ),
    )
