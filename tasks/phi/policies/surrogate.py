"""Surrogates: consistent, realistic replacements, the same for the same patient, out of ranges that nobody has.

Names become invented names (`surrogate_words.py`), numbers and addresses values of reserved ranges
(`surrogate_numbers.py`). Dates move by one number of weeks per patient into the years 2100-2299, so that intervals and
weekdays stay, after the manner of MIMIC (Johnson et al. 2016, Scientific Data 3:160035), which uses one century; it
takes two to hold a birth in 1940 and a visit in 2040 at the same distance, whatever today is. The season is not kept.
A date without year takes the year nearest to the latest date of the document; a month or a year alone moves as its
middle does, and an interval from it may be off by one. Ages over 89 become "90+", a date more than 89 years before the
latest year of the document or the present one, whichever is later, becomes a placeholder, as does every value that is
not understood or too short, and photographs.

Everything follows from the key, the subject and the value, and nothing is stored. Whoever has the key can try values
out: keep it as secret as the records. A surrogate is known again by anyone with the key, whoever's it is, which is
what makes a second redaction leave it; under another key it is an identifier like any other.

Residual risk: a real value that looks like a surrogate stays. That is a date written in the years 2100-2299 by
mistake; a name of the invented shape, one in sixteen; a number whose digits happen to be its check, one in 10,000 or
rarer, or of a telephone number in the range for fiction, one in 100; an initial beside a surrogate that the first
reading overlooked; titles, degrees, states, and the general words of addresses ("Street", "County Hospital").
Surrogates are for text that reads well; where that is not needed, placeholders are safer.
"""

import datetime
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from tasks.phi.normalisation import Normalised
from tasks.phi.policies.keyed import Keyed
from tasks.phi.policies.places import GENERIC, is_state, read_place
from tasks.phi.policies.policy import Found, uncovered
from tasks.phi.policies.safe_harbor import OLDEST
from tasks.phi.policies.surrogate_numbers import SurrogateNumbers
from tasks.phi.policies.surrogate_words import SurrogateWords
from tasks.phi.policies.written_dates import MONTH_NAMES, TIME, WEEKDAYS, WrittenDate, read_date
from tasks.placeholders import placeholder

_DATES = frozenset({"DATE", "DOB"})
# In weeks, so that weekdays stay. From 200 years, where 1900 becomes 2100, to 240, where 2059 becomes 2299.
_LEAST_WEEKS, _MOST_WEEKS = 10_436, 12_523
_FIRST_YEAR, _LAST_YEAR = 2100, 2299
_ITEM = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{MONTH_NAMES})"
_OWN_DATE = re.compile(
    rf"(?i)(?<![\w/.-])(?:{_ITEM}[\s,./-]{{0,2}}(?:of\s+)?){{0,2}}2[12]\d\d(?:[-/.]\d{{1,2}}){{0,2}}(?!\d)(?:{TIME})?"
)
_OWN_DIGITS = re.compile(r"(?<!\d)(?:\d{4}2[12]\d\d|2[12]\d{6})(?!\d)")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_TITLE_WORDS = (
    "dr drs mr mrs ms miss mx mister prof professor doctor sir dame rev reverend sra sr jr ii iii md phd rn dds lpn np"
    " pharmd facp facs and or"
)
_TITLES = frozenset(_TITLE_WORDS.split())
_PARTICLES = frozenset({"van", "von", "der", "den", "de", "del", "della", "dos", "da", "di", "bin", "ibn"})
_PLACE_TOKEN = re.compile(r"\d{5}-\d{4}|[^\W_]+(?:['’][^\W\d_]+)*")
_CODE_BEFORE = re.compile(r"[A-Za-z0-9()./_-]{1,64}$")
_CODE_AFTER = re.compile(r"[A-Za-z0-9()./_-]{1,64}")
_COMPASS = frozenset("NSEW")
_BETWEEN_DATES = WEEKDAYS | frozenset({"of", "the", "on", "at", "in", "to", "and"})


class Surrogate:
    """Replaces identifiers by invented ones."""

    version = "surrogate/1"

    def __init__(self, key: bytes, present_year: int) -> None:
        """Take the secret key, and the year of today, against which ages are counted.

        Raises:
            ConfigError: the key has fewer than 16 bytes.
        """
        self._keyed = Keyed(key)
        self._words = SurrogateWords(self._keyed)
        self._numbers = SurrogateNumbers(self._keyed, self._words)
        self._present_year = present_year
        self.version = f"{Surrogate.version}-{self._keyed.fingerprint}-{present_year}"
        numbers = self._numbers
        self._by_category: Mapping[str, Callable[[str, str], str | None]] = MappingProxyType(
            {
                "NAME": self._name,
                "GEO": self._place,
                "PHONE": numbers.phone,
                "FAX": numbers.phone,
                "EMAIL": numbers.email,
                "SSN": numbers.ssn,
                "URL": numbers.url,
                "IP": numbers.ip,
            }
            | dict.fromkeys(
                ("MRN", "HEALTH_PLAN", "ACCOUNT", "LICENSE", "VEHICLE", "DEVICE", "BIOMETRIC", "OTHER_ID"), numbers.code
            )
        )

    def replacements(self, found: Sequence[Found], subject: str) -> list[str]:
        """Return surrogates, "90+", and placeholders for what has none."""
        dates = [self._read(each) for each in found]
        full = [date.near(None) for date in dates if date and date.day and date.year]
        latest = max((day for day in full if day), default=None)
        written = []
        for each, date in zip(found, dates, strict=True):
            surrogate = None
            if date is not None:
                surrogate = self._shifted(date, latest, subject)
            elif each.category in self._by_category:
                surrogate = self._by_category[each.category](Normalised(each.value).text, subject)
            written.append(surrogate or placeholder(each.category))
        return written

    def wrote(self, found: Found) -> bool:
        """Say whether nothing is left of the value without surrogates and words that say nothing by themselves."""
        if found.category not in _DATES and any(map(self._numbers.is_own_code, (found.value, _whole(found)))):
            return True
        rest = uncovered(found, self._own(found))
        return rest is not None and all(_is_silent(word, found.category) for word in rest.split())

    def _own(self, found: Found) -> Iterator[tuple[int, int]]:
        """Yield where surrogates stand in the value and around it."""
        text = found.before + found.value + found.after
        yield from self._numbers.own(text)
        for word in _WORD.finditer(text):
            if self._words.is_own(re.sub(r"['’]s$", "", word.group())):
                yield word.span()
        if found.category in _DATES:
            for pattern in (_OWN_DATE, _OWN_DIGITS):
                for date in pattern.finditer(text):
                    yield date.span()
        if found.category == "GEO":
            yield from self._numbers.own_in_place(text)

    # Dates

    def _read(self, found: Found) -> WrittenDate | None:
        if found.category not in _DATES:
            return None
        return read_date(Normalised(found.value).text, present_year=self._present_year, birth=found.category == "DOB")

    def _shifted(self, date: WrittenDate, latest: datetime.date | None, subject: str) -> str | None:
        try:
            day = date.near(latest)
        except (ValueError, OverflowError):  # 00/00/0000, as records without a date are filled
            return None
        if day is None or day.year > _LAST_YEAR:  # and 12/31/9999
            return None
        reference = max(self._present_year, latest.year if latest else 0)
        if reference - day.year > OLDEST:
            return None
        weeks = _LEAST_WEEKS + self._keyed.number(_MOST_WEEKS - _LEAST_WEEKS, "weeks", subject)
        moved = day + datetime.timedelta(weeks=weeks)
        return date.rewrite(moved) if _FIRST_YEAR <= moved.year <= _LAST_YEAR else None

    # Names and places

    def _name(self, value: str, subject: str) -> str | None:
        if re.search(r"[\d_@]", value):
            return None
        pieces: list[str] = []
        done, words = 0, 0
        for match in _WORD.finditer(value):
            word = match.group()
            stem = re.sub(r"['’][sS]$", "", word)
            new: str | None = stem
            if not (stem.lower() in _TITLES or stem in _PARTICLES or self._words.is_own(stem)):
                new = self._words.instead_of(stem, subject)
                words += len(stem) > 1
            elif self._words.is_own(stem):
                words += 1
            if new is None:
                return None
            pieces += (value[done : match.start()], new, word[len(stem) :])
            done = match.end()
        return "".join((*pieces, value[done:])) if words else None

    def _place(self, value: str, subject: str) -> str | None:
        if re.search(r"\d\.\d", value):  # coordinates
            return None
        rest, state, zip_code = read_place(value)
        tail = value[len(rest) :] if state or zip_code else ""
        if zip_code:
            tail = re.sub(r"\d{5}(?:-\d{4})?", lambda m: self._numbers.zip_code(m.group(), subject), tail)
        replaced = bool(zip_code)
        pieces: list[str] = []
        done = 0
        for match in _PLACE_TOKEN.finditer(rest):
            token = match.group()
            new = self._place_token(token, subject)
            if new is None:
                return None
            replaced = replaced or new != token or self._words.is_own(token)
            pieces += (rest[done : match.start()], new)
            done = match.end()
        return "".join((*pieces, rest[done:], tail)) if replaced else None

    def _place_token(self, token: str, subject: str) -> str | None:
        if token.isdigit():
            return self._numbers.house(token, subject)
        if re.fullmatch(r"\d{1,3}(?:st|nd|rd|th)", token):  # 42nd Street
            letters = "".join(chr(ord("a") + int(c)) for c in token if c.isdigit())
            return (self._words.instead_of(f"street{letters}", subject) or "").capitalize()
        if any(c.isdigit() for c in token):
            return None
        if token.lower() in GENERIC or token in _COMPASS or self._words.is_own(token):
            return token
        return self._words.instead_of(token, subject)


def _whole(found: Found) -> str:
    """Return the value with the letters, digits and joints that it hangs together with."""
    before, after = _CODE_BEFORE.search(found.before), _CODE_AFTER.match(found.after)
    return f"{before.group() if before else ''}{found.value}{after.group() if after else ''}"


def _is_silent(word: str, category: str) -> bool:
    """Say whether a word beside a surrogate is none that redaction would replace."""
    bare = word.strip(".,;:()'’\"/&-#+")
    if not re.search(r"\w", bare):
        return True
    if category == "NAME":
        return bare.lower() in _TITLES or bare in _PARTICLES or (len(bare) == 1 and bare.isalpha()) or bare == "s"
    if category == "GEO":
        return bare.lower() in GENERIC or is_state(bare) or bare in _COMPASS
    if category in _DATES:
        return bare.lower() in _BETWEEN_DATES
    return category == "AGE_OVER_89" and bare == "90"
