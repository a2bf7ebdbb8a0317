"""Dates as notes write them, read into year, month and day, and written again in the same form.

Covers digits with separators (month first unless the number says otherwise, year first), eight digits in a row, months
in English words in either order, month with year, a year alone, weekdays and a time of day beside them. It does not
cover ranges, several dates in one value, other languages or dates in words; these are read as None.
"""

import datetime
import re
from typing import NamedTuple

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH_OF = {name: number for number, name in enumerate(_MONTHS, 1)}
_MONTH_OF |= {name[:3]: number for name, number in _MONTH_OF.items()} | {"sept": 9}
WEEKDAYS = frozenset(
    day[:size]
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for size in (3, 4, 9)
)
_SUFFIXES = frozenset({"st", "nd", "rd", "th"})
_MARKS = frozenset("-/.,'’ \t\n_()")
_SILENT = frozenset({"of", "the", "on", "in"}) | WEEKDAYS
MONTH_NAMES = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
TIME = (
    r"(?:(?:T|,?\s+(?:at\s+)?|\s*@\s*)\d{1,2}:\d\d(?::\d\d(?:\.\d{1,9})?)?"
    r"(?:\s*(?:Z\b|[+-]\d\d:?\d\d|[AaPp]\.?\s?[Mm]\b\.?|hrs?\b|h\b))?)"
)
_CLOCK = re.compile(rf"(?<=\w){TIME}\s*$")
_TOKEN = re.compile(r"\d+|[^\W\d_]+|[\W_]")
_LONGEST = 80  # characters of a date with weekday and time
YEARS_AHEAD = 10
"""How far in the future a date may lie, as an appointment or an expiry does."""


class _Part(NamedTuple):
    kind: str  # year, month, day, suffix, month_name, text
    text: str


class WrittenDate(NamedTuple):
    """A date as it was written; what it does not say is None."""

    year: int | None
    month: int | None
    day: int | None
    parts: tuple[_Part, ...]

    def near(self, reference: datetime.date | None) -> datetime.date | None:
        """Return a day in it: the 15th or the first of July where it says no more, the year that is nearest if none."""
        if self.year is not None:
            return datetime.date(self.year, self.month or 7, self.day or (15 if self.month else 1))
        if reference is None or self.month is None or self.day is None:
            return None
        days = [_day(reference.year + step, self.month, self.day) for step in (-1, 0, 1)]
        return min((d for d in days if d), key=lambda d: abs(d - reference), default=None)

    def rewrite(self, day: datetime.date) -> str:
        """Return another day in this form, always with four digits for its year."""
        numbers = [p.text for p in self.parts if p.kind in {"month", "day"}]
        padded = any(n.startswith("0") for n in numbers) or (self.parts[0].kind == "year" and len(numbers) > 0)
        written = "".join(_written(part, day, padded=padded) for part in self.parts)
        if self.year is not None:
            return written
        clock = "".join(p.text for p in self.parts if p.kind == "clock")
        body = written.removesuffix(clock) if clock else written
        spelt = any(p.kind == "month_name" for p in self.parts)
        separator = ", " if spelt else next((p.text for p in self.parts if p.text in set("/-.")), "/")
        return f"{body}{separator}{day.year}{clock}"


def read_date(value: str, *, present_year: int, birth: bool = False) -> WrittenDate | None:
    """Return the one date that a value is, or None; a two-digit year of birth lies in the past."""
    if len(value) > _LONGEST:
        return None
    clock = _CLOCK.search(value)
    body = value[: clock.start()] if clock else value
    tokens: list[str] = _TOKEN.findall(body)
    kinds = _kinds(tokens)
    if kinds is None:
        return None
    parts = [_Part(kind, token) for kind, token in zip(kinds, tokens, strict=True)]
    if kinds.count("compact"):
        parts = _split(parts, kinds.index("compact"))
    parts = _unswapped(parts)
    said = {part.kind: part.text for part in parts}
    month = int(said["month"]) if "month" in said else _MONTH_OF.get(said.get("month_name", "").lower())
    day = int(said["day"]) if "day" in said else None
    latest = present_year if birth else present_year + YEARS_AHEAD
    year = _full_year(said["year"], latest) if "year" in said else None
    if (month or day) and _day(year or 2000, month or 0, day or 1) is None:
        return None
    if year is None and (month is None or day is None):
        return None
    tail = [_Part("clock", clock.group())] if clock else []
    return WrittenDate(year, month, day, tuple(_without_apostrophe(parts) + tail))


def _kinds(tokens: list[str]) -> list[str] | None:
    """Say what each token is, or None where they are no single date."""
    kinds = []
    for token in tokens:
        lower = token.lower()
        if token.isascii() and token.isdigit():
            kinds.append("number")
        elif lower in _MONTH_OF:
            kinds.append("month_name")
        elif lower in _SUFFIXES:
            kinds.append("suffix")
        elif lower in _SILENT or (not token.isalnum() and token in _MARKS):
            kinds.append("text")
        else:
            return None
    numbers = [i for i, kind in enumerate(kinds) if kind == "number"]
    named = kinds.count("month_name")
    if named > 1:
        return None
    roles = _beside_a_name(tokens, numbers) if named else _in_digits([tokens[i] for i in numbers])
    if roles is None:
        return None
    for index, role in zip(numbers, roles, strict=True):
        kinds[index] = role
    return kinds


def _beside_a_name(tokens: list[str], numbers: list[int]) -> list[str] | None:
    roles: list[str] = []
    for index in numbers:
        token = tokens[index]
        shortened = index > 0 and tokens[index - 1] in {"'", "’"}
        if len(token) == 4 or (len(token) == 2 and (shortened or "day" in roles)):
            roles.append("year")
        elif len(token) <= 2:
            roles.append("day")
        else:
            return None
    return roles if len(set(roles)) == len(roles) and roles else None


def _in_digits(numbers: list[str]) -> list[str] | None:
    sizes = ["4" if len(n) == 4 else "2" if len(n) <= 2 else str(len(n)) for n in numbers]
    shape = "".join(sizes)
    if shape == "22" and int(numbers[1]) > 31:
        return ["month", "year"]
    return {
        "224": ["month", "day", "year"],
        "222": ["month", "day", "year"],
        "422": ["year", "month", "day"],
        "24": ["month", "year"],
        "42": ["year", "month"],
        "22": ["month", "day"],
        "4": ["year"],
        "8": ["compact"],
    }.get(shape)


def _split(parts: list[_Part], at: int) -> list[_Part]:
    """Cut eight digits in a row: year first if they begin with a century, otherwise month, day, year."""
    digits = parts[at].text
    if digits[:2] in {"18", "19", "20", "21", "22"} and 1 <= int(digits[4:6]) <= 12:
        new = [_Part("year", digits[:4]), _Part("month", digits[4:6]), _Part("day", digits[6:])]
    else:
        new = [_Part("month", digits[:2]), _Part("day", digits[2:4]), _Part("year", digits[4:])]
    return parts[:at] + new + parts[at + 1 :]


def _unswapped(parts: list[_Part]) -> list[_Part]:
    """Read the day first where the month cannot be one."""
    if any(p.kind == "month" and int(p.text) > 12 for p in parts):
        other = {"month": "day", "day": "month"}
        return [p._replace(kind=other.get(p.kind, p.kind)) for p in parts]
    return parts


def _without_apostrophe(parts: list[_Part]) -> list[_Part]:
    """Drop the mark before a year in two digits, which is written in four."""
    return [
        part
        for part, following in zip(parts, [*parts[1:], _Part("", "")], strict=True)
        if not (part.text in {"'", "’"} and following.kind == "year")
    ]


def _full_year(text: str, latest: int) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return 2000 + year if 2000 + year <= latest else 1900 + year


def _day(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def _written(part: _Part, day: datetime.date, *, padded: bool) -> str:
    match part.kind:
        case "year":
            return f"{day.year:04}"
        case "month" | "day":
            number = getattr(day, part.kind)
            return f"{number:02}" if padded else str(number)
        case "suffix":
            return _cased("th" if 10 < day.day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th"), part.text)
        case "month_name":
            name = _MONTHS[day.month - 1]
            return _cased(name if part.text.lower() in _MONTHS else name[:3], part.text)
        case _:
            return part.text


def _cased(word: str, like: str) -> str:
    return word.upper() if like.isupper() else word.capitalize() if like[0].isupper() else word
