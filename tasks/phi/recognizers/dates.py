"""Dates that say more than the year (45 CFR 164.514(b)(2)(i)(C)).

Covers dates with a month's name (`written_dates`), dates in digits (`numeric_dates`), month and day (`month_days`), a
day of the month after a word that asks for a date ("by the 15th"), holidays that are one day of the year, and seasons
and quarters with their year. A time right behind a date goes with it. Dates of birth have a file of their own. It does
not cover relative dates ("last week", which `relative_dates.py` finds in strict mode; "last December" names a month and
goes), weekdays, a time of day on its own, or a year that stands alone, which Safe Harbor lets stay.
"""

import re
from collections.abc import Iterable

from tasks.phi.recognizers.numeric_dates import numeric_dates
from tasks.phi.recognizers.rules import Hit, Rule, RuleRecognizer, lowered
from tasks.phi.recognizers.written_dates import written_dates

_OF_YEAR = r"(?:(?: of|,)? ?(?:(?:19|20)[0-9]{2}|'[0-9]{2})(?![0-9]))"


class DateRecognizer(RuleRecognizer):
    """Dates, and month with year."""

    category = "DATE"
    rules = (
        # by the 15th: not "on the 4th toe", nor "the 5th percentile"
        Rule(
            re.compile(
                r"the (?:(?<=by the )|(?<=until the )|(?<=till the )|(?<=since the )|(?<=before the )|(?<=due the )"
                r"|(?<=mon the )|(?<=tue the )|(?<=tues the )|(?<=wed the )|(?<=thu the )|(?<=thurs the )|(?<=fri the )"
                r"|(?<=sat the )|(?<=sun the )|(?<=through the )|(?<=after the )|(?<=from the )"
                r"|(?<=on the )(?=[1-3][0-9]|[6-9]))"
                r"(?P<phi>(?:3[01]|[12][0-9]|[1-9])(?:st|nd|rd|th)(?:(?:-| to | and )[0-9]{1,2}(?:st|nd|rd|th))?)"
                r"(?=\s*(?:[.;:?!)]|,(?! ?[0-9])|\Z)|\s+(?:at|to|for|of (?:this|next|last|the) month|because|so|if)\b)"
            ),
            0.6,
            ("the ",),
            lower=True,
        ),
        # month and day with a hyphen, where the clause ends or goes on as behind a date: not "on 7-10 litres"
        Rule(
            re.compile(
                r"[0-9](?=[0-9]?-[0-9])(?:(?<=\bon .)|(?<=until .)|(?<=till .)|(?<=since .)|(?<=dated .)|(?<=appt .)"
                r"|(?<=due .)|(?<=after .)(?=[0-9]?-[0-9]{1,2} (?:if|at|@)))"
                r"(?:(?<=1)[0-2]|(?<=0)[1-9]|(?<=[1-9]))"
                r"-(?:3[01]|[12][0-9]|0?[1-9])(?![\w%/-]|\.[0-9])"
                r"(?=\s?(?:[.;)\n]|,(?! ?[0-9])|\Z)| (?:if|at|@|w/)(?!\w))"
            ),
            0.6,
            ("-",),
            lower=True,
        ),
        # next Tuesday the 14th
        Rule(
            re.compile(
                r"day(?<=[nsir]day),? (?:the )?(?P<phi>(?:3[01]|[12][0-9]|[1-9])(?:st|nd|rd|th))(?![a-z])"
                r"(?! (?:dose|cycle|day|week|infusion|course|session|visit|percentile))"
            ),
            0.7,
            ("day the ", "day, ", "day 1", "day 2", "day 3"),
            lower=True,
        ),
        # Christmas 2023, Thanksgiving; Christmas disease is haemophilia B
        Rule(
            re.compile(
                rf"(?:christmas|xmas|thanksgiving|halloween|juneteenth|easter)(?![a-z]| (?:disease|factor|tree|seals))"
                rf"(?: (?:day|eve|sunday)\b)?{_OF_YEAR}?"
            ),
            0.8,
            ("christmas", "xmas", "thanksgiving", "halloween", "juneteenth", "easter"),
            lower=True,
        ),
        Rule(
            re.compile(
                r"(?:new year'?s|valentine'?s|patrick'?s|veterans'?|mother'?s|father'?s|presidents'?|labor|memorial"
                rf"|independence|columbus|mlk|boxing) (?:day|eve)\b{_OF_YEAR}?"
            ),
            0.7,
            ("s day", "s eve", "s' day", "labor day", "memorial day", "independence day", "mlk day", "boxing day"),
            lower=True,
        ),
        Rule(re.compile(r"fourth of july"), 0.7, ("fourth of july",), lower=True),
        # winter of 2022, Q3 2023
        Rule(
            re.compile(rf"(?:spring|summer|autumn|winter|fall)(?<!offspring){_OF_YEAR}"),
            0.7,
            ("spring", "summer", "autumn", "winter", "fall"),
            lower=True,
        ),
        Rule(re.compile(rf"Q[1-4](?<!\w..){_OF_YEAR}(?! ?(?:mg|mcg|units))"), 0.7),
    )

    def find(self, text: str) -> Iterable[Hit]:
        """Yield the dates; what a holiday or a season says comes from the rules."""
        low = lowered(text)
        yield from numeric_dates(text, low)
        yield from written_dates(text, low)
        for rule in self.rules:
            yield from rule.hits(text)
