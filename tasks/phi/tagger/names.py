"""Made-up names of persons in the many forms in which people write them.

Half of them are put together from syllables, so that a tagger learns surroundings and shape rather than a list; the
others are those that the rules know (`recognizers/lists`). A name is drawn at random and belongs to nobody. It does not
cover other scripts.
"""

import random

from tasks.phi.recognizers.words import NAMED, ORDINARY, kind_of
from tasks.phi.tagger.parts import Maker, listed, parts, weighted

GIVEN = [name.capitalize() for name in listed("given_names")]
SURNAMES = [name.capitalize() for name in listed("surnames")]
# Penny, Rusty, Fields: told from the word by what stands around them
_WORDY_GIVEN = [name for name in GIVEN if kind_of(name.lower()) & ORDINARY and kind_of(name.lower()) & NAMED]
_WORDY_SURNAMES = [name for name in SURNAMES if kind_of(name.lower()) & ORDINARY and kind_of(name.lower()) & NAMED]
_ONSETS = parts("onsets_simple") * 3 + parts("onsets_rare")
_VOWELS = parts("vowels_simple") * 6 + parts("vowels_rare")
_CODAS = [""] * 24 + parts("codas")
_ENDINGS = parts("surname_endings")
_PARTICLES = parts("particles")
_SHORT = parts("short_names")
_NICKNAMES = parts("nicknames")
_GIVEN_ENDINGS = ("", "", "a", "o", "i", "ie", "e", "us", "u")


def syllables(rng: random.Random, count: int) -> str:
    """Return so many syllables in lower case."""
    text = ""
    for number in range(count):
        onset = rng.choice(_ONSETS) if number or rng.random() < 0.85 else ""
        text += onset + rng.choice(_VOWELS) + rng.choice(_CODAS)
    return text


def pseudo_surname(rng: random.Random) -> str:
    """Return a made-up surname."""
    if rng.random() < 0.6:
        return (syllables(rng, rng.randint(1, 2)) + rng.choice(_ENDINGS)).capitalize()
    return syllables(rng, rng.choice((1, 2, 2, 3))).capitalize()


def _listed_surname(rng: random.Random) -> str:
    name = rng.choice(SURNAMES)
    return "Mc" + name[2:].capitalize() if name.startswith("Mc") and len(name) > 4 and rng.random() < 0.8 else name


_either = weighted((1, _listed_surname), (1, pseudo_surname))
surname = weighted(
    (48, _listed_surname),
    (34, pseudo_surname),
    (5, lambda rng: rng.choice(("O'", "Mc", "Mac", "D'", "O’", "Fitz")) + rng.choice(SURNAMES)),
    (4, lambda rng: f"{rng.choice(_PARTICLES)} {_either(rng)}"),
    (5, lambda rng: f"{_listed_surname(rng)}-{_either(rng)}"),
    (3, lambda rng: f"{_either(rng)}-{rng.choice(_WORDY_SURNAMES)}"),
    (4, lambda rng: rng.choice(_SHORT)),
    (7, lambda rng: rng.choice(_WORDY_SURNAMES)),
)
given = weighted(
    (60, lambda rng: rng.choice(GIVEN)),
    (28, lambda rng: (syllables(rng, rng.choice((1, 2, 2, 3))) + rng.choice(_GIVEN_ENDINGS)).capitalize()),
    (4, lambda rng: rng.choice(_SHORT)),
    (5, lambda rng: f"{rng.choice(GIVEN)}{rng.choice('-- ')}{rng.choice(GIVEN)}"),
    (3, lambda rng: rng.choice(GIVEN)[: rng.randint(3, 5)]),
    (6, lambda rng: rng.choice(_WORDY_GIVEN)),
)


def initial(rng: random.Random) -> str:
    """Return a capital."""
    return rng.choice("ABCDEFGHJKLMNOPRSTVWYZ")


def _with_nickname(rng: random.Random) -> str:
    quotes = rng.choice(('""', "“”", "()", "''"))
    return f"{given(rng)} {quotes[0]}{given(rng)}{quotes[1]} {surname(rng)}"


_full = weighted(
    (62, lambda rng: f"{given(rng)} {surname(rng)}"),
    (16, lambda rng: f"{given(rng)} {initial(rng)}{rng.choice(('.', '.', ''))} {surname(rng)}"),
    (7, lambda rng: f"{given(rng)} {given(rng)} {surname(rng)}"),
    (4, _with_nickname),
    (4, lambda rng: f"{given(rng)} {surname(rng)} {rng.choice(('Jr.', 'Jr', 'Sr.', 'II', 'III'))}"),
    (3, lambda rng: f"{surname(rng)} {given(rng)} {given(rng)}"),
    (5, lambda rng: f"{given(rng)} {surname(rng)} {surname(rng)}"),
    (4, lambda rng: f"{initial(rng)}. {initial(rng)}. {surname(rng)}"),
)


def _last_first(rng: random.Random) -> str:
    last, first = surname(rng), given(rng)
    if rng.random() < 0.45:
        last, first = last.upper(), first.upper()
    if rng.random() < 0.25:
        first = f"{initial(rng)}."
    middle = rng.choice(("", "", f" {initial(rng)}", f" {initial(rng)}."))
    return f"{last}{rng.choice((', ', ', ', ', ', ','))}{first}{middle}"


def _initials(rng: random.Random) -> str:
    letters = [initial(rng) for _ in range(rng.choice((2, 2, 3)))]
    return rng.choice(("".join(letters), ".".join(letters) + ".", "".join(letters).lower()))


def _nickname(rng: random.Random) -> str:
    name = rng.choice((given(rng), initial(rng), syllables(rng, 2).capitalize()))
    return f"{rng.choice(_NICKNAMES)} {name}"


def _login(rng: random.Random) -> str:
    """Return a name as a computer knows its user."""
    last = "".join(filter(str.isalpha, surname(rng)))
    return rng.choice((initial(rng) + last, last + initial(rng), f"{given(rng)}.{last}", initial(rng) + last)).lower()


_FORMS: dict[str, Maker] = {
    "full": _full,
    "given": lambda rng: given(rng) if rng.random() < 0.95 else f"{rng.choice(_NICKNAMES)} {given(rng)}",
    "surname": surname,
    "nickname": lambda rng: (
        f"{rng.choice(_NICKNAMES)} {rng.choice((given(rng), initial(rng), syllables(rng, 2).capitalize()))}"
    ),
    "last_first": _last_first,
    "first_l": lambda rng: f"{given(rng)} {initial(rng)}{rng.choice(('.', '.', ''))}",
    "initial_surname": lambda rng: f"{initial(rng)}{rng.choice(('. ', '. ', ' ', '.'))}{surname(rng)}",
    "initials": _initials,
    "login": _login,
    "given_or_full": lambda rng: given(rng) if rng.random() < 0.65 else _full(rng),
    "surname_or_full": lambda rng: surname(rng) if rng.random() < 0.6 else _full(rng),
}
_ANY = ("full", "full", "full", "last_first", "last_first", "first_l", "first_l", "initial_surname")


def person(rng: random.Random, form: str) -> str:
    """Return a name in that form, or in any."""
    value = _FORMS[rng.choice(_ANY) if form == "any" else form](rng)
    return value.upper() if form not in {"initials", "login"} and rng.random() < 0.04 else value
