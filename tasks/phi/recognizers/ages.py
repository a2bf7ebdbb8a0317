"""Ages over 89, which Safe Harbor aggregates to "90+" (45 CFR 164.514(b)(2)(i)(C)).

Covers digits beside "year-old", "yo", "y/o", "years of age", "aged", "age:", a sex letter ("93F") and the nineties and
hundreds in words. It does not cover ages that follow from arithmetic ("turned 80 eleven years ago"); a year of birth
is for the date recognizer. The finding is the number alone, so that "93-year-old" becomes "90+-year-old".
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer

_AGE = r"(?P<phi>9\d|1[0-2]\d)"
_UNITS = ("nine", "one", "two", "three", "four", "five", "six", "seven", "eight")
_WORDS = rf"(?P<phi>ninety(?:[- ](?:{'|'.join(_UNITS)}))?|(?:one|a)[- ]hundred(?:[- ](?:and[- ])?[a-z]+)?)"
_OLD = r"[\s-]*(?:(?:years?|yrs?\.?)[\s-]*(?:old|of\s+age|young)\b|y\.?\s?/?o\.?(?![a-z])|y/o\b|yo\b|yr\b\s*old)"


class AgeRecognizer(RuleRecognizer):
    """Ages of 90 years and more."""

    category = "AGE_OVER_89"
    rules = (
        Rule(re.compile(rf"(?<![\w.,/+-]){_AGE}(?!\+){_OLD}", re.IGNORECASE), 0.9, ("y",)),
        Rule(
            re.compile(
                rf"\b(?:aged?|age\s+of|age\s+is|turned|turning)\s*[:=]?\s*{_AGE}(?![\d+%]|\.\d|\s*(?:%"
                rf"|days?|weeks?|months?|hours?|mg|kg))",
                re.IGNORECASE,
            ),
            0.85,
            ("age", "turn"),
        ),
        Rule(
            re.compile(
                rf"(?<![\w.,/+-]){_AGE}\s?(?:M|F|male|female)\b(?=\s*(?:[.,;:)]|$|with\b|w/|who\b|presents?"
                rf"|presented|presenting|admitted|here\b|c/o|s/p|p/w|pt\b|patient\b))"
            ),
            0.7,
        ),
        Rule(re.compile(rf"\b(?:he|she|patient)\s+is\s+{_AGE}(?=\s*[.,;]|\s+and\b|\s+years\b)", re.IGNORECASE), 0.7),
        Rule(re.compile(rf"\b{_WORDS}{_OLD}", re.IGNORECASE), 0.9, ("ninety", "hundred")),
    )
