"""Dates told from the day of writing: "last week", "next Friday". For strict mode; Safe Harbor does not ask for them.

Covers last, next, this past and this coming with a week, weekend, month or day of the week. Annotators of clinical
queries call these dates, some of the time, because beside a dated note they say when something was. It does not cover
"yesterday", "two days ago", seasons and years ("last fall", "last year"), which the same annotators leave.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer

_DAYS = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"


class RelativeDateRecognizer(RuleRecognizer):
    """Weeks, months and weekdays before and after the day of writing."""

    category = "DATE"
    rules = (
        Rule(
            re.compile(
                r"[lnt](?<![a-z][lnt])(?:(?<=l)ast|(?<=n)ext|(?<=t)his (?:past|coming))\s{1,3}"
                rf"(?:week(?:end)?|month|{_DAYS})(?![a-z])(?!-)(?:\s(?:morning|afternoon|evening|night))?"
            ),
            0.5,
            ("last ", "next ", "this past ", "this coming "),
            lower=True,
        ),
    )
