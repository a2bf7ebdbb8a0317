r"""Dates in digits: a shape found by one scan, then read as a calendar would.

Year first, month or day first, month with year, eight digits in a row, and ranges of these, with `/`, `-` or `.`
between and perhaps a space beside it. Month and day alone (`4/12`) are judged in `month_days`. It does not cover a
year of one or three digits, mixed separators, or a dotted date with a short year that is not padded (`3.4.24`) without
a word that asks for a date or the start of a line before it: it is a version or a section as often.
"""

import re

from tasks.phi.recognizers.month_days import is_day_of_month, month_day
from tasks.phi.recognizers.rules import Hit

TIME = re.compile(
    r"(?:t|,? {0,3}(?:at {1,3}|@ ?)?)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
    r"(?:\s?(?:z\b|[+-][0-9]{2}:?[0-9]{2}|[ap]\.?m\b\.?))?"
)
"""The time of day behind a date, in lower case; it goes with the date, as one value."""

_SHAPE = re.compile(
    r"[0-9](?<![0-9./][0-9])(?:"
    r"[0-9]{7}(?:[0-9]{4}|[0-9]{6})?(?![0-9])"
    r"|[0-9]{0,3}(?: ?/ ?(?:[0-9]{1,2} ?/ ?'?[0-9]{1,4}|[0-9]{1,4})"
    r"| ?- ?(?:[0-9]{1,2} ?- ?'?[0-9]{1,4}|[0-9]{2}|[0-9]{4})"
    r"|\.(?: ?[0-9]{1,2}\. ?[0-9]{1,4}|[12][0-9]{3}))(?![0-9]))"
)
_TWO_SHORT = {(1, 1), (1, 2), (2, 1), (2, 2)}
_NUMBERS = re.compile(r"[0-9]+")
_DAYS_UNTIL = re.compile(r"-([0-9]{1,2})(?![\w/]|[.-][0-9])")
_CALLED = re.compile(r"(?:pmid|pmcid|pmc|gi|omim|mim|version|ver|ref|section|no|build)\b[\s:.#]{0,3}\Z")
_DATED = re.compile(
    r"(?:\bdates?|\bdated|\bdo[sa]|service|admi\w+|adm|discharged?|collected|received|visit)[\s:=]{0,3}\Z"
)
# Before a dotted date that is not padded, which elsewhere is a version or a section.
_ASKS = re.compile(r"(?:\A|\n\s{0,4}|\b(?:on|seen|since|until|dated?|dos|visit|born|b\.|dob|adm|d/c)[\s:]{1,3})\Z")
_UNITS = re.compile(r"\s?(?:mg|mcg|g|ml|iu|units?|kcal|cells|patients|hz|bp)\b")


def numeric_dates(text: str, low: str) -> list[Hit]:
    """Return the dates in digits; `low` is the text in lower case, of the same length."""
    hits: list[Hit] = []
    undecided: list[tuple[int, int, int]] = []  # start, end, month
    months: set[int] = set()
    for match in _SHAPE.finditer(text):
        start, end = match.span()
        numbers = _NUMBERS.findall(match.group())
        if tuple(map(len, numbers)) in _TWO_SHORT and "/" in match.group():
            month, spaced = int(numbers[0]), " " in match.group()
            reading = "other" if spaced else month_day(low, start, end)
            if reading == "open":
                undecided.append((start, end, month))
            score = 0.6 if reading == "date" else 0.0
            until = _DAYS_UNTIL.match(text, end) if score else None
            if until and int(numbers[1]) < int(until[1]) <= 31:
                end = until.end()
        else:
            # a hyphen right behind the last date makes a range, not a longer number
            score = _score(low, start, end, numbers, ranged=bool(hits) and start - 1 == hits[-1].end)
            month = int(numbers[1 if len(numbers[0]) == 4 and len(numbers) > 1 else 0])
        if score:
            months.add(month)
            time = TIME.match(low, end)
            hits.append(Hit(start, time.end() if time else end, score))
    return hits + [Hit(start, end, 0.6) for start, end, month in undecided if month in months]


def _score(low: str, start: int, end: int, parts: list[str], *, ranged: bool) -> float:
    """Say how sure a shape is a date, by its numbers and the characters beside it; 0 for none."""
    value, after = low[start:end], low[end : end + 2]
    goes_on = after[:1] == "/" or (after[:1] in {".", "-"} and after[1:].isdigit())
    if goes_on and not (after[0] == "-" and _SHAPE.match(low, end + 1)):
        return 0.0
    glued = _is_glued(low, start, ranged=ranged)
    if len(parts) == 3 and len(parts[0]) + len(parts[2]) >= 5:
        return _full(parts)
    if glued or after[:1].isalnum() or (after[:1] == "-" and after[1:].isalpha()):
        return 0.0
    if len(parts) == 2:
        return _month_of_year(value, parts, in_units=bool(_UNITS.match(low, end)))
    called = bool(_CALLED.search(low, max(0, start - 12), start))
    if len(parts) == 1:
        return 0.0 if called else _compact(value, dated=bool(_DATED.search(low, max(0, start - 14), start)))
    padded = "." not in value or (
        not called
        and ([len(part) for part in parts] == [2, 2, 2] or _ASKS.search(low, max(0, start - 14), start) is not None)
    )
    return 0.8 if padded and len(parts[2]) == 2 and _is_day(parts[0], parts[1]) else 0.0


def _is_glued(low: str, start: int, *, ranged: bool) -> bool:
    """Say whether something before makes the number part of a longer one: a letter, a hyphen, a position's colon."""
    before, further = low[max(0, start - 1) : start], low[max(0, start - 2) : max(0, start - 1)]
    if before in {"-", ":"}:
        return not ranged and (further.isdigit() or (before == "-" and further.isalpha()))
    return before.isalnum() or before == "_"


def _full(parts: list[str]) -> float:
    """Read day, month and a year of four digits, first or last."""
    first, second, third = parts
    if len(first) == 4:
        return 0.9 if _is_year(first) and is_day_of_month(int(second), int(third)) and len(third) < 3 else 0.0
    return 0.95 if len(first) < 3 and _is_day(first, second) and _is_year(third) else 0.0


def _month_of_year(value: str, parts: list[str], *, in_units: bool) -> float:
    """Read 2023-04, 04/2023, 4/2023 and 04-2023; not 5-2000 mg, nor 1.2024."""
    if " " in value or sorted(map(len, parts)) not in ([1, 4], [2, 4]):
        return 0.0
    year, month = parts if len(parts[0]) == 4 else parts[::-1]
    if not (_is_year(year) and 1 <= int(month) <= 12):
        return 0.0
    if year == parts[0]:
        return 0.7 if len(month) == 2 and "." not in value else 0.0
    plain = "/" in value or (len(month) == 2 and not in_units)
    return 0.8 if plain and ("." not in value or month[0] == "0") else 0.0


def _compact(digits: str, *, dated: bool) -> float:
    """Return how sure eight digits are a date: 20240314, with a time behind it or not, and 03142024 after a cue."""
    if digits[:2] in {"19", "20"} and is_day_of_month(int(digits[4:6]), int(digits[6:8])):
        return 0.9 if dated else 0.6
    return 0.9 if dated and digits[4:6] in {"19", "20"} and _is_day(digits[:2], digits[2:4]) else 0.0


def _is_year(number: str) -> bool:
    return len(number) == 4 and 1800 <= int(number) < 2100


def _is_day(first: str, second: str) -> bool:
    """Say whether the two are month and day, in either order."""
    one, two = int(first), int(second)
    return max(len(first), len(second)) < 3 and (is_day_of_month(one, two) or is_day_of_month(two, one))
