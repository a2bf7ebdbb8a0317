"""Safe Harbor, 45 CFR 164.514(b)(2)(i): what the rule lets stay stays, everything else becomes a placeholder.

A date keeps its year, a ZIP code its first three digits ("021**", 000 where few people live), a place its state; ages
over 89 become "90+". A year goes, too, where somebody born in it would be over 89 in the present year or the latest
year of the document, of whatever date it is: nearly all dates so old are births.

It does not cover the actual-knowledge condition of (b)(2)(ii), nor a year or state that the recognizers did not look
at. A year of birth that stands alone stays if it may.
"""

import re
from collections.abc import Sequence

from tasks.phi.normalisation import Normalised
from tasks.phi.policies.places import is_state, read_place, zip_area
from tasks.phi.policies.policy import Found, uncovered
from tasks.phi.policies.written_dates import YEARS_AHEAD, read_date
from tasks.placeholders import placeholder

OLDEST = 89
"""The highest age that may be told, (b)(2)(i)(C)."""

_ZIP_AREA = re.compile(r"(?<!\d)\d{3}\*\*")
_YEAR = re.compile(r"(?<!\w)\d{4}(?!\w)")
_DATES = frozenset({"DATE", "DOB"})


class SafeHarbor:
    """Leaves years, states and three digits of ZIP codes."""

    version = "safe_harbor/1"

    def __init__(self, present_year: int) -> None:
        """Take the year of today, against which ages are counted."""
        self._present_year = present_year
        # next year a year of birth may reveal an age over 89 that it does not now
        self.version = f"{SafeHarbor.version}-{present_year}"

    def replacements(self, found: Sequence[Found], subject: str) -> list[str]:
        """Return years, ZIP areas, "90+" and placeholders."""
        years = [self._year(each) for each in found]
        reference = max([self._present_year, *(year for year in years if year)])
        written = []
        for each, year in zip(found, years, strict=True):
            if each.category == "GEO":
                written.append(_in_place_of(each.value, _area(Normalised(each.value).text)))
            elif year is not None and self._may_stay(year, reference):
                written.append(_in_place_of(each.value, str(year)))
            else:
                written.append(placeholder(each.category))
        return written

    def wrote(self, found: Found) -> bool:
        """Say whether it is a year that may stay, or a state and the beginning of a ZIP code."""
        text = found.before + found.value + found.after
        if found.category in _DATES:
            years = [y for y in _YEAR.finditer(text) if self._may_stay(int(y.group()), self._present_year)]
            rest = uncovered(found, (year.span() for year in years))
            return rest is not None and not re.search(r"\w", rest)
        if found.category == "GEO":
            rest = uncovered(found, (area.span() for area in _ZIP_AREA.finditer(text)))
            words = (found.value if rest is None else rest).strip(" ,.\n\t")
            return is_state(words) or (rest is not None and not words)
        return False

    def _may_stay(self, year: int, reference: int) -> bool:
        return reference - OLDEST <= year <= self._present_year + YEARS_AHEAD

    def _year(self, found: Found) -> int | None:
        if found.category not in _DATES:
            return None
        date = read_date(Normalised(found.value).text, present_year=self._present_year, birth=found.category == "DOB")
        return date.year if date else None


def _in_place_of(value: str, new: str) -> str:
    """Return the new words with the white space that stood around the value."""
    return value[: len(value) - len(value.lstrip())] + new + value[len(value.rstrip()) :]


def _area(value: str) -> str:
    rest, state, zip_code = read_place(value.strip())
    kept = " ".join(filter(None, (state, f"{zip_area(zip_code)}**" if zip_code else "")))
    if not re.search(r"\w", rest):
        return kept or placeholder("GEO")
    if not kept:
        return placeholder("GEO")
    between = re.search(r"[\s,]*$", rest)
    return f"{placeholder('GEO')}{between.group() if between else ''}{kept}"
