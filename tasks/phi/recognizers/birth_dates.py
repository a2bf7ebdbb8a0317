"""Dates of birth, and years of birth that reveal an age over 89 (45 CFR 164.514(b)(2)(i)(C)).

Covers a date in any form that the date recognizer reads, and eight or six digits, dots and spaces between short
numbers, after DOB, D.O.B., born, birthday and the like, and in "(b. 3/4/31)"; of years that stand alone, those up to
1940. It does not cover a date of birth without such a word, which is a date like any other, nor a name or a place
between the word and the date ("born in Dorling on 3/4/31").
"""

import re
from collections.abc import Iterable

from tasks.phi.recognizers.numeric_dates import numeric_dates
from tasks.phi.recognizers.rules import Hit, RuleRecognizer, lowered
from tasks.phi.recognizers.written_dates import written_dates

_GATE = ("birth", "born", "dob", "d0b", "o.b", "o/b", "bday", "b-day", "yob", "(b.", ", b.", "(b ")
_BORN = re.compile(
    r"(?:d[o0]b|d\. ?o\. ?b|d/o/b|date of birth|birth ?-?date|birth ?day|born|b-?day|yob|year of birth|birth year"
    r"|[(,] ?b(?=\.? ?['0-9]|\. ?[a-z]))(?<![a-z]born)(?![a-z])"
    r"\.?'?s?(?: ?\([dmy/ -]{2,12}\))?(?: ?[/|&] ?(?:sex|age|gender|name)\b)?[\s:=|.,#-]{0,12}"
    r"(?:(?:is|was|of|on|in|the|about|around|circa)\s{1,3}){0,3}"
)
_DIGITS = re.compile(r"[0-9]{8}(?![0-9])|[0-9]{6}(?![0-9])|[0-9]{1,4} ?[-/. ] ?[0-9]{1,2} ?[-/. ] ?[0-9]{2,4}(?![0-9])")
# who was born in 1940 turns 90 in 2030; until then this hides the years of a few who are younger
_YEAR = re.compile(r"(?:18[0-9]{2}|19[0-3][0-9]|1940)(?![0-9]|[-/.][0-9])")
_LONGEST = 40  # characters: "the 15th day of September, 1948 at 10:15" and some


class BirthDateRecognizer(RuleRecognizer):
    """Dates of birth."""

    category = "DOB"

    def find(self, text: str) -> Iterable[Hit]:
        """Yield the date behind each word that asks for a date of birth."""
        low = lowered(text)
        for literal in _GATE:
            if literal in low:
                return [hit for word in _BORN.finditer(low) if (hit := _date_at(text, low, word.end()))]
        return []


def _date_at(text: str, low: str, at: int) -> Hit | None:
    """Return the date that begins there, if one does."""
    for pattern in (_DIGITS, _YEAR):
        if match := pattern.match(low, at):
            return Hit(*match.span(), 0.97)
    # "on" before it, so that the readers take a month and day for a date
    value, low_value = f"on {text[at : at + _LONGEST]}", f"on {low[at : at + _LONGEST]}"
    for read in (numeric_dates, written_dates):
        for hit in read(value, low_value):
            if hit.start == len("on "):
                return Hit(at, at + hit.end - hit.start, 0.97)
    return None
