"""Made-up dates in the forms in which people write them; a year alone is none."""

import random

from tasks.phi.tagger.parts import Maker, parts

_MONTHS = parts("months")
_SHORT_MONTHS = parts("short_months")
_WEEKDAYS = parts("weekdays")
_HOLIDAYS = parts("holidays")


def _day(rng: random.Random) -> int:
    return rng.randint(1, 28 + rng.randint(0, 3))


def _long_year(rng: random.Random) -> int:
    return rng.randint(1930, 2029)


def _year(rng: random.Random) -> str:
    year = _long_year(rng)
    return str(year) if rng.random() < 0.7 else f"{year % 100:02d}"


def _ordinal(day: int) -> str:
    return f"{day}{'th' if 10 < day < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"


def _numeric(rng: random.Random) -> str:
    month, day = rng.randint(1, 12), _day(rng)
    parts_ = rng.choice(((f"{month:02d}", f"{day:02d}"), (str(month), str(day)), (f"{day:02d}", f"{month:02d}")))
    draw = rng.random()
    if draw < 0.15:
        return f"{_long_year(rng)}-{month:02d}-{day:02d}"
    if draw < 0.28:
        return "/".join(parts_)
    return rng.choice("///--.").join((*parts_, _year(rng)))


def _month(rng: random.Random) -> str:
    return rng.choice(_MONTHS) if rng.random() < 0.65 else rng.choice(_SHORT_MONTHS) + rng.choice(("", "", "."))


def _in_words(rng: random.Random) -> str:
    day = rng.choice((str(_day(rng)), _ordinal(_day(rng))))
    draw = rng.random()
    if draw < 0.5:
        return f"{_month(rng)} {day}{rng.choice((', ', ', ', ' ', ' of '))}{_long_year(rng)}"
    if draw < 0.68:
        year = rng.choice(("", f" {_long_year(rng)}"))
        return f"{rng.choice(('', 'the '))}{day}{rng.choice((' ', ' ', ' of '))}{_month(rng)}{year}"
    if draw < 0.8:
        mark = rng.choice("-- /")
        return f"{_day(rng):02d}{mark}{rng.choice(_SHORT_MONTHS)}{mark}{_year(rng)}"
    if draw < 0.9:
        return (
            f"{rng.choice(_WEEKDAYS)}{rng.choice((', ', ' '))}{_month(rng)} {day}{rng.choice(('', f', {_year(rng)}'))}"
        )
    return f"{_month(rng)} {day}"


def _partial(rng: random.Random) -> str:
    day = _day(rng)
    before = rng.choice(("early ", "late ", "mid-", "mid ", "last ", "this past ", ""))
    after = rng.choice(("", " Eve", f" {_long_year(rng)}"))
    return rng.choice((
        f"{_month(rng)} {day}",
        f"{_month(rng)} {_ordinal(day)}",
        f"the {_ordinal(day)}",
        f"{before}{rng.choice(_MONTHS)}",
        _month(rng),
        f"{rng.choice(_WEEKDAYS[:7])} the {_ordinal(day)}",
        f"{_month(rng)} '{rng.randint(0, 99):02d}",
        f"{rng.choice(_HOLIDAYS)}{after}",
    ))  # fmt: skip


def _month_and_year(rng: random.Random) -> str:
    if rng.random() < 0.33:
        return f"{rng.randint(1, 12):02d}/{_long_year(rng)}"
    return f"{_month(rng)} {rng.choice(('', 'of '))}{_long_year(rng)}"


def _short(rng: random.Random) -> str:
    return f"{rng.randint(1, 12)}/{_day(rng)}"


def _relative(rng: random.Random) -> str:
    unit = rng.choice(("week", "month", rng.choice(_WEEKDAYS[:7]), rng.choice(_MONTHS), rng.choice(_MONTHS)))
    return f"{rng.choice(('last', 'last', 'this past'))} {unit}"


_FORMS: dict[str, Maker] = {
    "numeric": _numeric,
    "short": _short,
    "relative": _relative,
    "words": _in_words,
    "month_year": _month_and_year,
    "partial": _partial,
}
_ANY = ("numeric", "numeric", "numeric", "words", "words", "partial", "month_year")


def date(rng: random.Random, form: str) -> str:
    """Return a date in that form, or in any."""
    return _FORMS[rng.choice(_ANY) if form == "any" else form](rng)
