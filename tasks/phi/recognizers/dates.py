"""Dates that say more than the year (45 CFR 164.514(b)(2)(i)(C)).

Covers written months in either order, ISO dates and timestamps, day/month/year in digits, month/year, and month/day
after a word that asks for a date. Dates of birth have a file of their own. It does not cover relative
dates ("last Friday"), weekdays, holidays, or a year that stands alone, which Safe Harbor lets stay.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer

_MONTHS = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_LONG = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_SHORT = r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
_CAPITALS = (
    r"(?:JANUARY|FEBRUARY|MARCH|APRIL|JUNE|JULY|AUGUST|SEPTEMBER|OCTOBER|NOVEMBER|DECEMBER"
    r"|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEPT?|OCT|NOV|DEC)"
)
_MONTH = rf"(?:{_LONG}|{_SHORT}\.?)"
_ANY_MONTH = rf"(?:{_LONG}|{_SHORT}\.?|{_CAPITALS}\.?)"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_ORDINAL = rf"{_DAY}(?:st|nd|rd|th)?"
_YEAR = r"(?:(?:18|19|20)\d\d)"
_SHORT_YEAR = r"'\d\d"
_NUMERIC_MONTH = r"(?:1[0-2]|0?[1-9])"
_TIME = r"(?:(?:T|\s+)\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?\s*(?:Z|[+-]\d\d:?\d\d|[AaPp]\.?[Mm]\b\.?)?)?"


class DateRecognizer(RuleRecognizer):
    """Dates, and month with year."""

    category = "DATE"
    rules = (
        # April 12, 2023 · Feb 5th 2022 · Sept 15 of 2022 · Aug 11th '23
        Rule(
            re.compile(
                rf"\b{_ANY_MONTH}(?:\s+|(?<=\.)){_ORDINAL}\b(?:\s*(?:,|of)?\s*(?:{_YEAR}|{_SHORT_YEAR})\b)?{_TIME}"
                r"(?!\s*(?:mg|mcg|g|ml|mL|%|units?)\b)"
            ),
            0.9,
            _MONTHS,
            lambda phi: not phi.isupper() or bool(re.search(r"\d{4}|[A-Z]{4}", phi)),  # SEPT9 and MARCH1 are genes
        ),
        # the same in lower case, only with its year: "may 10" is a verb and a dose as often
        Rule(
            re.compile(
                rf"\b(?:{_LONG}|{_SHORT}\.?)\s+{_ORDINAL}\s*,?\s*(?:of\s+)?(?:{_YEAR}|{_SHORT_YEAR})\b", re.IGNORECASE
            ),
            0.9,
            _MONTHS,
        ),
        # 12 April 2023 · 3rd of May, 2022 · 12-Apr-2023
        Rule(
            re.compile(
                rf"(?<![\d.])\b{_ORDINAL}(?:\s*[-/. ]\s*|\s+of\s+|\s*){_ANY_MONTH}(?![A-Za-z])"
                rf"(?:\s*[-/., ]\s*(?:{_YEAR}|\d\d(?!\d|\.\d)|{_SHORT_YEAR}))?{_TIME}"
            ),
            0.9,
            _MONTHS,
            lambda phi: (
                bool(re.search(r"\d{4}|'\d\d|of|[-/]", phi)) or bool(re.fullmatch(r"\d+\w* [A-Z][a-z]{2,}", phi))
            ),
        ),
        # April 2023 · Apr. 2023 · April '23 · early march 2023
        Rule(
            re.compile(rf"\b(?:{_LONG}|{_SHORT}\.?)\s*(?:of\s+|,\s*)?(?:{_YEAR}|{_SHORT_YEAR})\b", re.IGNORECASE),
            0.85,
            _MONTHS,
            lambda phi: not phi.isupper() or " " in phi,
        ),
        # March 3rd-5th: the second half of a range
        Rule(
            re.compile(rf"\b{_MONTH}\s+{_ORDINAL}\s*(?:-|to|and|through)\s*{_ORDINAL}\b(?:,?\s*{_YEAR})?"),
            0.85,
            _MONTHS,
        ),
        # 2023-04-12 · 2023/04/12 · 2023-04-12T10:15:00Z
        Rule(re.compile(rf"(?<![\w.-]){_YEAR}([-/.])(?:1[0-2]|0?[1-9])\1{_DAY}(?!\d){_TIME}"), 0.9),
        Rule(re.compile(rf"(?<![\w.-]){_YEAR}-(?:1[0-2]|0[1-9])(?![\w-])"), 0.7),
        # 12/15/2023 · 15.12.2023 · 4-12-23
        Rule(
            re.compile(
                rf"(?<![\w./-])(?:{_NUMERIC_MONTH}([-/.]){_DAY}|{_DAY}([-/.]){_NUMERIC_MONTH})(?:\1|\2)"
                rf"{_YEAR}(?![\w-]){_TIME}"
            ),
            0.95,
        ),
        Rule(
            re.compile(
                rf"(?<![\w./-])(?:{_NUMERIC_MONTH}([-/]){_DAY}|{_DAY}([-/]){_NUMERIC_MONTH})(?:\1"
                rf"|\2)'?\d\d(?![\w/-]|\.\d)"
                rf"{_TIME}"
            ),
            0.8,
        ),
        # 04/2023
        Rule(re.compile(rf"(?<![\w./-]){_NUMERIC_MONTH}[/-]{_YEAR}(?![\w/-])"), 0.8),
        # on 4/12 · since 3/5: month and day after a word that asks for a date
        Rule(
            re.compile(
                rf"\b(?:on|since|until|dated?|by|before|after|from|visit|seen|admitted|discharged)\s+(?:on\s+)?"
                rf"(?P<phi>{_NUMERIC_MONTH}/{_DAY})(?![\w/]|\.\d|\s*(?:scale|pain|points?|mg|mm|strength"
                rf"|power|cells|patients|of))",
                re.IGNORECASE,
            ),
            0.6,
        ),
    )
