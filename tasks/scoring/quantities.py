"""Numbers, doses with units and dates of a text, in a form in which `0.5 g` and `500 mg` are equal.

Masses are reckoned in grams, volumes in litres, amounts in moles, times in hours or months; a denominator is part of
the unit (`10 mg/dL` is `0.1 g/L`), except per day or dose, which a text may also say as `daily`. A range gives its unit
to both ends. Numbers written as words count in what was given but are no claim of an answer, since `one` is more often
a pronoun. A date is read day first and month first where both are possible. Not covered: units of other languages,
activities of enzymes, conversion between mass and amount, arithmetic.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from tasks.placeholders import PLACEHOLDER


class Unit(NamedTuple):
    """What is measured, and how much of its base unit one is."""

    kind: str
    factor: Fraction


class Quantity(NamedTuple):
    """A number in base units; `unit` is empty for a bare number. `written` is the number as it stands."""

    value: Fraction
    unit: str
    written: Fraction


Date = tuple[int, int, int]  # year, month, day; 0 where not said

_NAMES = {
    "mass": {"kg kilogram": "1000", "g gm gram": "1", "mg milligram": "1/1000", "mcg ug microgram": "1/1000000",
             "ng nanogram": "1/1000000000"},
    "volume": {"l liter litre": "1", "dl": "1/10", "ml cc milliliter millilitre": "1/1000", "ul": "1/1000000"},
    "amount": {"mol": "1", "mmol": "1/1000", "umol": "1/1000000", "nmol": "1/1000000000"},
    "equivalents": {"meq": "1"},
    "activity": {"iu unit units": "1"},
    "share": {"%": "1", "percent": "1"},
    "pressure": {"mmhg": "1"},
    "time": {"s sec second": "1/3600", "min minute": "1/60", "h hr hour": "1", "d day": "24", "wk week": "168"},
    "calendar": {"mo month": "1", "y yr year yo": "12"},
    "area": {"m2 m²": "1"},
    "length": {"mm millimeter millimetre": "1/1000", "cm centimeter centimetre": "1/100", "meter metre": "1"},
    "temperature": {"°c": "1", "°f": "1"},
}  # fmt: skip
UNITS = {
    name: Unit(name if kind == "temperature" else kind, Fraction(factor))
    for kind, names in _NAMES.items()
    for together, factor in names.items()
    for name in together.split()
}
_COUNTED = "zero one two three four five six seven eight nine ten eleven twelve"
_MONTHS = "january february march april may june july august september october november december"
WORD_NUMBERS = {word: at for at, word in enumerate(_COUNTED.split())} | {
    "once": 1,
    "single": 1,
    "twice": 2,
    "thrice": 3,
}
MONTHS = {month[:length]: at for at, month in enumerate(_MONTHS.split(), start=1) for length in {3, 4, len(month)}}
SOFT = frozenset({"time", "calendar"})  # an age or a duration is often given without its unit: `67 F`

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
_UNIT = "|".join(sorted((re.escape(name) for name in UNITS), key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?:(?<=\bq)|(?<![\w.])(?<![^\W\d]-))(?P<number>{_NUMBER})(?:\s?(?:-|–|to)\s?(?P<upper>{_NUMBER}))?"
    rf"(?:[\s-]?(?P<unit>{_UNIT})s?(?![^\W\d]))?(?(unit)(?:\s?(?:/|per)\s?(?P<per>{_UNIT}|dose)s?(?![^\W\d]))?)",
    re.IGNORECASE,
)
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})\b|\b(?P<slashed>\d{{1,2}}[/.]\d{{1,2}}[/.](?:\d{{4}}|\d{{2}}))\b"
    rf"|\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<month>{_MONTH})\b\.?(?:,?\s(?P<year>\d{{4}})\b)?"
    rf"|\b(?P<month2>{_MONTH})\b\.?\s(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s(?P<year2>\d{{4}})\b)?"
    rf"|\b(?P<month3>{_MONTH})\b\.?,?\s(?P<year3>\d{{4}})\b",
    re.IGNORECASE,
)
_NOT_CLAIMED = re.compile(
    rf"{PLACEHOLDER.pattern}|^\s*\(?\d{{1,2}}[.)]\s|\[\d{{1,3}}(?:[,–-]\s?\d{{1,3}})*\]", re.MULTILINE
)
_WORD_NUMBER = re.compile(rf"\b(?:{'|'.join(WORD_NUMBERS)})\b", re.IGNORECASE)


def dates_of(text: str) -> list[frozenset[Date]]:
    """Return the dates of a text in their order, each with every way in which it can be read."""
    return [readings for match in _DATE.finditer(_plain(text)) if (readings := _readings(match))]


def quantities_of(text: str) -> list[Quantity]:
    """Return the numbers of a text that are in no date, with their units; list numbers and citations are left out."""
    without_dates = _DATE.sub(lambda match: " ; " if _readings(match) else match[0], _plain(text))
    return [quantity for match in _QUANTITY.finditer(without_dates) for quantity in _quantities(match)]


def numbers_in_words(text: str) -> set[Fraction]:
    """Return the numbers up to twelve that a text writes as words (`twice` is 2)."""
    return {Fraction(WORD_NUMBERS[word.lower()]) for word in _WORD_NUMBER.findall(text)}


def same_date(claimed: Date, given: Date) -> bool:
    """Say whether a date is said by another, which may be fuller; `March 2031` is said by `4 March 2031`."""
    return all(part in {0, theirs} for part, theirs in zip(claimed, given, strict=True))


def _plain(text: str) -> str:
    return _NOT_CLAIMED.sub(" ", text.replace("µ", "u").replace("μ", "u").replace("\u202f", " ").replace("\xa0", " "))


def _quantities(match: re.Match[str]) -> Iterator[Quantity]:
    unit, factor = _unit(match["unit"], match["per"])
    for written in filter(None, (match["number"], match["upper"])):
        number = _number(written)
        yield Quantity(number * factor, unit, number)


def _number(written: str) -> Fraction:
    grouped = re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", written)
    return Fraction(written.replace(",", "" if grouped else "."))


def _unit(name: str | None, per: str | None) -> tuple[str, Fraction]:
    if not name:
        return "", Fraction(1)
    unit, below = UNITS[name.lower()], UNITS.get((per or "").lower())
    if below is None or below == UNITS["day"]:
        return unit.kind, unit.factor
    return f"{unit.kind}/{below.kind}", unit.factor / below.factor


def _readings(match: re.Match[str]) -> frozenset[Date]:
    if match["iso"]:
        year, month, day = (int(part) for part in match["iso"].split("-"))
        return _real({(year, month, day)})
    if match["slashed"]:
        one, two, year = (int(part) for part in re.split("[/.]", match["slashed"]))
        full = year if year > 99 else 2000 + year if year < 70 else 1900 + year
        return _real({(full, one, two), (full, two, one)})
    named = match["month"] or match["month2"] or match["month3"]
    named_year = match["year"] or match["year2"] or match["year3"] or "0"
    return _real({(int(named_year), MONTHS[named.lower()], int(match["day"] or match["day2"] or 0))})


def _real(readings: set[Date]) -> frozenset[Date]:
    return frozenset(date for date in readings if 1 <= date[1] <= 12 and date[2] <= 31)
