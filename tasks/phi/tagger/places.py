"""Made-up places smaller than a state: towns, streets, addresses, facilities, units, schools, employers.

Most towns are put together from parts; the others are those that the rules know (`recognizers/lists`). It does not
cover states and countries, which are no identifiers.
"""

import random
import string

from tasks.phi.recognizers.words import CITIES, ORDINARY, STATES, kind_of
from tasks.phi.tagger.names import SURNAMES, given, initial, pseudo_surname, surname
from tasks.phi.tagger.parts import Maker, listed, parts, weighted

_STATE_CODES = parts("state_codes")
_STATES = sorted(STATES)
_CITIES = sorted(CITIES)
_TOWNS = listed("places") + listed("places_with_a_cue")
# Defiance, Red Bud: told from the words by what stands around them
_WORDY_TOWNS = [town for town in _TOWNS if all(kind_of(word.lower()) & ORDINARY for word in town.split())]
_NATURE = parts("nature")
_TOWN_TAILS = parts("town_tails")
_TOWN_WORDS = parts("town_words")
_TOWN_HEADS = parts("town_heads")
_STREETS = parts("streets")
_FACILITIES = parts("facilities")
_SAINTS = parts("saints")
_SPANISH_STREETS = parts("spanish_streets")
_AMBULANCES = parts("ambulances")
_UNITS = parts("units")
_EMPLOYERS = parts("employers")
_SCHOOLS = parts("schools")
_PLACES = parts("places")
_PHARMACIES = parts("pharmacies")
_HOMES = parts("homes")
_WARDS = parts("wards")
_BUSINESSES = parts("businesses")
_ROADS = parts("roads")


_word = weighted((1, pseudo_surname), (1, lambda rng: rng.choice(SURNAMES)))
_nature_or_name = weighted((1, given), (1, pseudo_surname), (1, lambda rng: rng.choice(_NATURE)))
_JOINED = ("du", "de", "on", "upon", "by the", "la")
town = weighted(
    (12, lambda rng: rng.choice(_CITIES)),
    (20, lambda rng: rng.choice(_TOWNS)),
    (15, lambda rng: rng.choice(_NATURE) + rng.choice(_TOWN_TAILS)),
    (12, lambda rng: f"{_nature_or_name(rng)} {rng.choice(_TOWN_WORDS)}"),
    (14, lambda rng: f"{rng.choice(_TOWN_HEADS)} {_nature_or_name(rng)}"),
    (14, lambda rng: _word(rng) + rng.choice(_TOWN_TAILS)),
    (16, _word),
    (4, lambda rng: f"{given(rng)} {rng.choice(_JOINED)} {pseudo_surname(rng)}"),
    (9, lambda rng: rng.choice(_WORDY_TOWNS)),
)


def _saint(rng: random.Random) -> str:
    saint = rng.choice(("St.", "St", "Saint", "Our Lady of", "Sts."))
    return f"{saint} {rng.choice(_SAINTS)}{rng.choice(('', chr(39) + 's'))}"


def _pair(rng: random.Random) -> str:
    return f"{rng.choice(_NATURE)} {rng.choice(_NATURE)}"


def _kind(rng: random.Random) -> str:
    return rng.choice(_FACILITIES)


_HEADS = ("University of", "University Hospital of", "Hospital of", "Children’s Hospital of")
_SIZES = ("University", "County", "City", "State", "downtown")
_PLAIN = ("County", "City", "University", "Mercy", "Providence", "Memorial")
_proper = weighted((35, town), (20, _pair), (15, _saint), (30, surname))  # what a facility is named for
_facility = weighted(
    (70, lambda rng: f"{_proper(rng)} {_kind(rng)}"),
    (4, lambda rng: f"{_proper(rng)} {rng.choice(('Center for', 'Institute of'))} {_kind(rng)}"),
    (6, lambda rng: f"{rng.choice(_HEADS)} {town(rng)}"),
    (5, lambda rng: f"{town(rng)} {rng.choice(_SIZES)} {_kind(rng)}"),
    (4, lambda rng: f"{rng.choice(_PLAIN)} {_kind(rng)}"),
    (3, lambda rng: "".join(rng.choice(string.ascii_uppercase) for _ in range(rng.randint(3, 4)))),
    (3, lambda rng: f"{_proper(rng)} & {surname(rng)}"),
    (3, lambda rng: f"{_kind(rng)} {rng.choice(('in', 'of', '-', 'at'))} {town(rng)}"),
    (5, _proper),
)


def _street(rng: random.Random) -> str:
    if rng.random() < 0.06:
        return rng.choice((f"P.O. Box {rng.randint(10, 9999)}", f"RR {rng.randint(1, 9)} Box {rng.randint(10, 400)}"))
    number = f"{rng.randint(1, 9999)}{rng.choice(('', '', '', '', f'-{initial(rng)}'))}"
    nature = rng.choice(_NATURE)
    units = (f", Apt {rng.randint(1, 40)}{initial(rng)}", f" #{rng.randint(1, 400)}", f" Unit {rng.choice('ABCD1234')}")
    unit = rng.choice(("", "", "", *units))
    if rng.random() < 0.08:
        return f"{number} {rng.choice(_SPANISH_STREETS)} {rng.choice((surname, given, _word))(rng)}{unit}"
    name = rng.choice((nature, surname(rng), f"{rng.randint(1, 99)}th", given(rng), nature + rng.choice(_TOWN_TAILS)))
    side = rng.choice(("", "", "N ", "W. ", "East "))
    return f"{number} {side}{name} {rng.choice(_STREETS)}{unit}"


def _state(rng: random.Random) -> str:
    return rng.choice(_STATE_CODES) if rng.random() < 0.7 else rng.choice(_STATES)


def _town_state_zip(rng: random.Random) -> str:
    plus_four = f"-{rng.randint(1, 9999):04d}" if rng.random() < 0.3 else ""
    return f"{town(rng)}, {rng.choice(_STATE_CODES)} {rng.randint(501, 99950):05d}{plus_four}"


_town_any = weighted(
    (40, town),
    (20, lambda rng: f"{town(rng)}, {_state(rng)}"),
    (20, lambda rng: f"{town(rng)} County"),
    (20, lambda rng: f"{rng.choice(('rural', 'downtown', 'north', 'the'))} {town(rng)}"),
)


def _address(rng: random.Random) -> str:
    rest = rng.choice((town(rng), _town_state_zip(rng), f"{town(rng)}, {_state(rng)}"))
    return f"{_street(rng)}{rng.choice((', ', chr(10), ' '))}{rest}"


def _unit(rng: random.Random) -> str:
    number = rng.choice(
        ("", f" {rng.randint(1, 12)}", f" {rng.randint(1, 12)} {rng.choice(('North', 'South', 'East', 'West'))}")
    )
    return f"{rng.choice((surname(rng), rng.choice(_NATURE)))} {rng.choice(_UNITS)}{number}"


def _floor(rng: random.Random) -> str:
    side = rng.choice(("North", "South", "East", "West", "Center", "Main"))
    return rng.choice(
        (f"{rng.randint(1, 14)} {side}", f"{side} {rng.randint(1, 14)}", f"{rng.randint(2, 14)}{side[0]}")
    )


def _pharmacy(rng: random.Random) -> str:
    road = rng.choice((f"{rng.choice(_NATURE)} {rng.choice(_STREETS)}", f"Route {rng.randint(1, 99)}"))
    where = rng.choice(("", "", f" on {road}"))
    return f"{_proper(rng)} {rng.choice(_PHARMACIES)}{where}"


def _wordy(rng: random.Random) -> str:
    """Return a name made of ordinary words: "Silver Harvest", "Anchor"."""
    heads = (rng.choice(_WORDY_TOWNS), rng.choice(_NATURE), given(rng), surname(rng))
    tails = (rng.choice(_NATURE), rng.choice(_WORDY_TOWNS), rng.choice(_TOWN_WORDS))
    return rng.choice((f"{rng.choice(heads)} {rng.choice(tails)}", rng.choice(heads)))


def _named(rng: random.Random) -> str:
    """Return a business, a programme, a church: a name and what it is."""
    joined = rng.choice((" ", " ", " ", " & ", "-", " and "))
    head = rng.choice((_wordy(rng), surname(rng), town(rng), f"{surname(rng)}{joined}{surname(rng)}"))
    return f"{head}{rng.choice(('', '', '', chr(39) + 's'))} {rng.choice(_BUSINESSES)}"


def _ward(rng: random.Random) -> str:
    compass = ("North", "South", "East", "West", "Center", "Main", "Lower", "Upper")
    return rng.choice(
        (
            f"{rng.choice((_wordy(rng), surname(rng)))} {rng.choice(_WARDS)}",
            f"{rng.choice((_wordy(rng), surname(rng)))} {rng.randint(1, 14)}",
            f"{rng.randint(1, 14)} {rng.choice((rng.choice(compass), _wordy(rng), surname(rng)))}",
            f"{rng.choice(compass)} {rng.randint(1, 14)}",
        )
    )


def _road(rng: random.Random) -> str:
    road = f"{rng.choice(_ROADS)} {rng.randint(1, 999)}"
    return rng.choice((road, f"{_wordy(rng)} {rng.choice(_STREETS)}", f"{_proper(rng)} {rng.choice(_STREETS)}", road))


_FORMS: dict[str, Maker] = {
    "town": town,
    "town_any": _town_any,
    "facility": _facility,
    "street": _street,
    "address": _address,
    "town_state_zip": _town_state_zip,
    "unit": _unit,
    "school": lambda rng: f"{_proper(rng)} {rng.choice(_SCHOOLS)}",
    "employer": lambda rng: f"{_proper(rng)}{rng.choice((' ', ' ', ' & Sons ', ' County '))}{rng.choice(_EMPLOYERS)}",
    "pharmacy": _pharmacy,
    "floor": _floor,
    "home": lambda rng: (
        f"{rng.choice((_wordy(rng), _proper(rng)))} {rng.choice(_HOMES)}" if rng.random() < 0.8 else _wordy(rng)
    ),
    "named": _named,
    "ward": _ward,
    "road": _road,
    "ambulance": lambda rng: f"{_proper(rng)}{rng.choice(('', ' '))}{rng.choice(('', *_AMBULANCES))}".strip(),
    "place": lambda rng: f"{_proper(rng)} {rng.choice((rng.choice(_PLACES), rng.choice(_STREETS)))}",
}
_CHOICES = {
    "unit_or_facility": ("unit", "facility", "facility"),
    "facility_or_town": ("facility", "town_any"),
    "address_any": ("address", "town_any"),
}


def place(rng: random.Random, form: str) -> str:
    """Return a place in that form."""
    return _FORMS[rng.choice(_CHOICES.get(form, (form,)))](rng)
