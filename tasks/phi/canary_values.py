"""Invented values of identifiers, drawn from a generator's seed: names, places, dates, numbers, addresses.

Names and places are built of syllables, so that no list holds them; numbers carry their check digits where real ones
do; telephone numbers lie in the exchange 555, with lines that no surrogate has by chance. It does not cover the names
and numbers of other countries, but for the sounds of some names.
"""

import base64
import calendar
from collections.abc import Callable
from random import Random

Draw = Callable[[Random], str]

_ONSETS = (
    *("b", "br", "ch", "d", "dr", "f", "g", "gr", "h", "j", "k", "kl", "l", "m", "n", "ngw", "p", "pr", "qu"),
    *("r", "s", "sh", "sk", "t", "th", "tr", "v", "vl", "w", "y", "z", "zh"),
)
_VOWELS = ("a", "a", "e", "e", "i", "o", "u", "ae", "ei", "ou", "ia")
_CODAS = ("", "", "l", "n", "r", "s", "m", "th", "ck", "ld", "nt", "sh", "v")
_ENDINGS = ("", "", "enko", "ovic", "sson", "oglu", "wala", "ikar", "anyan", "ez", "ura", "escu", "olu")
_PARTICLES = ("O'", "Mc", "Van ", "de la ", "El-", "Ben-", "Al-")
_STREETS = ("Street", "Road", "Avenue", "Drive", "Lane", "Court", "Blvd", "Ave", "Rd")
_STATES = ("WI", "TX", "OH", "ME", "GA", "OR")
HOSPITALS = ("{} Memorial Hospital", "{} Valley Medical Center", "{} Regional Hospital", "{} General Hospital")
MONTHS = tuple(calendar.month_name)[1:]
TENS = ("ninety-one", "ninety-two", "ninety four", "ninety-six", "ninety nine")


def digits(rng: Random, count: int) -> str:
    return str(rng.randint(1, 9)) + "".join(str(rng.randint(0, 9)) for _ in range(count - 1))


def _letters(rng: Random, count: int) -> str:
    return "".join(rng.choice("ABCDEFGHJKLMNPRSTVWXYZ") for _ in range(count))


def _hexes(rng: Random, count: int) -> str:
    return "".join(rng.choice("0123456789abcdef") for _ in range(count))


def filled(pattern: str) -> Draw:
    """Return what fills a pattern: 9 a digit, A a capital, h a hexadecimal digit; all else stands for itself."""
    kinds: dict[str, Callable[[Random], str]] = {
        "9": lambda r: str(r.randint(0, 9)),
        "A": lambda r: _letters(r, 1),
        "h": lambda r: _hexes(r, 1),
    }
    return lambda rng: "".join(kinds[c](rng) if c in kinds else c for c in pattern)


def _luhn(digits: str) -> str:
    """Return the digits with their Luhn check digit (ISO/IEC 7812-1)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if index % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return f"{digits}{-total % 10}"


# ── names and places ─────────────────────────────────────────────────────────────────────────────────────────────


def word(rng: Random) -> str:
    """Return an invented word of two or three syllables, in lower case, at least six letters long."""
    built = ""
    while len(built) < 6:
        built += rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS)
    return built


def first(rng: Random) -> str:
    return word(rng).capitalize()


def last(rng: Random) -> str:
    name = (word(rng) + rng.choice(_ENDINGS)).capitalize()
    if rng.random() < 0.15:
        return rng.choice(_PARTICLES) + name
    return f"{name}-{first(rng)}" if rng.random() < 0.1 else name


def initialled(rng: Random) -> str:
    return f"{first(rng)} {_letters(rng, 1)}. {last(rng)}"


def street(rng: Random) -> str:
    unit = rng.choice(("", "", f", Apt {rng.randint(2, 40)}", f", Suite {rng.randint(100, 900)}"))
    return f"{rng.randint(11, 9800)} {first(rng)} {rng.choice(_STREETS)}{unit}"


def zip_code(rng: Random) -> str:
    return rng.choice((f"{rng.randint(10001, 99901)}", f"{rng.randint(10001, 99901)}-{digits(rng, 4)}"))


def town(rng: Random) -> str:
    return f"{first(rng)}{rng.choice(('', '', 'ville', 'burg', 'ton'))}"


def town_state_zip(rng: Random) -> str:
    return f"{town(rng)}, {rng.choice(_STATES)} {zip_code(rng)}"


# ── dates and ages ───────────────────────────────────────────────────────────────────────────────────────────────


def dates(first: int, last: int) -> tuple[Draw, ...]:
    def of(form: Callable[[int, int, int], str]) -> Draw:
        return lambda rng: form(rng.randint(first, last), rng.randint(1, 12), rng.randint(1, 28))

    return (
        of(lambda y, m, d: f"{m:02}/{d:02}/{y}"),
        of(lambda y, m, d: f"{m}/{d}/{y}"),
        of(lambda y, m, d: f"{y}-{m:02}-{d:02}"),
        of(lambda y, m, d: f"{MONTHS[m - 1]} {d}, {y}"),
        of(lambda y, m, d: f"{d} {MONTHS[m - 1]} {y}"),
        of(lambda y, m, d: f"{d:02}-{MONTHS[m - 1][:3]}-{y}"),
        of(lambda y, m, d: f"{MONTHS[m - 1][:3]} {d}, {y}"),
        of(lambda y, m, d: f"{m:02}-{d:02}-{y}"),
        of(lambda y, m, d: f"{m:02}.{d:02}.{y}"),
    )


SEEN = dates(1996, 2025)
OLD_BIRTHS, BIRTHS = dates(1912, 1930), dates(1945, 2020)
DAYS: tuple[Draw, ...] = (
    lambda r: f"{r.choice(MONTHS)} {r.randint(4, 20)}th",
    lambda r: f"{r.choice(MONTHS)[:3]} {r.randint(1, 28)}",
    lambda r: f"{r.randint(4, 20)}th of {r.choice(MONTHS)}",
    lambda r: f"{r.randint(1, 12)}/{r.randint(13, 28)}",
)

# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _line(rng: Random) -> tuple[str, str]:
    """Return an area code and a line number that is not of the range for fiction, in which surrogates lie."""
    return f"{rng.randint(2, 9)}{rng.choice('024568')}{rng.randint(1, 9)}", digits(rng, 4)


def phones(*forms: str) -> tuple[Draw, ...]:
    def of(form: str) -> Draw:
        def draw(rng: Random) -> str:
            area, line = _line(rng)
            return form.format(area, line, rng.randint(101, 980))

        return draw

    return tuple(of(form) for form in forms)


WHOLE_PHONES = phones("({}) 555-{}", "{}-555-{}", "{}.555.{}", "+1 {} 555 {}", "1-{}-555-{}")
LONG_PHONES = phones("{0}555{1}", "{0}-555-{1} x{2}", "({0}) 555-{1} ext. {2}", "{0} 555 {1}")


def ssn(rng: Random) -> tuple[str, str, str]:
    return str(rng.choice((rng.randint(101, 665), rng.randint(667, 899)))), f"{rng.randint(1, 99):02}", digits(rng, 4)


def mbi(rng: Random) -> str:
    raw = filled("9A99-A99-AA99")(rng)
    return rng.choice("123456789") + raw[1:]


def card(rng: Random) -> str:
    number = _luhn("4" + digits(rng, 14))
    return rng.choice((" ", "-", "")).join(number[i : i + 4] for i in range(0, 16, 4))


def iban(rng: Random) -> str:
    account = digits(rng, 18)
    check = 98 - int(f"{account}131400") % 97  # D is 13, E is 14; ISO 13616
    return f"DE{check:02}{account}"


def routing(rng: Random) -> str:
    first = f"0{rng.randint(1, 9)}{digits(rng, 6)}"
    total = sum(int(d) * w for d, w in zip(first, (3, 7, 1, 3, 7, 1, 3, 7), strict=True))
    return f"{first}{-total % 10}"


def npi(rng: Random) -> str:
    return _luhn("808401" + digits(rng, 8))[5:]


def dea(rng: Random) -> str:
    d = [int(c) for c in digits(rng, 6)]
    return f"{rng.choice('ABFM')}{_letters(rng, 1)}{''.join(map(str, d))}{(sum(d[::2]) + 2 * sum(d[1::2])) % 10}"


def vin(rng: Random) -> str:
    values = {**{str(i): i for i in range(10)}, **dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", _VIN_VALUES, strict=True))}
    raw = [rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ0123456789") for _ in range(11)] + list(digits(rng, 6))
    raw[8] = "0"
    rest = sum(values[c] * w for c, w in zip(raw, _VIN_WEIGHTS, strict=True)) % 11
    raw[8] = "X" if rest == 10 else str(rest)
    return "".join(raw)


# 49 CFR 565.15: values of the letters (without I, O, Q) and weights of the places
_VIN_VALUES = (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def imei(rng: Random) -> str:
    """Return fifteen digits with their check digit."""
    return _luhn("35" + digits(rng, 12))


def udi(rng: Random) -> str:
    expiry = f"27{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    return f"(01)0{digits(rng, 13)}(17){expiry}(21){_letters(rng, 1)}{digits(rng, 6)}"


def picture(rng: Random) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(b"\xff\xd8\xff\xe0" + rng.randbytes(92)).decode()


def host(rng: Random) -> str:
    return f"{word(rng)}{word(rng)}"


def mailbox(rng: Random) -> str:
    name = rng.choice(("{0}.{1}", "{0}_{1}", "{0}{2}", "{0}.{1}{2}", "{0}-{1}", "{0}+{1}"))
    tail = rng.choice(("org", "com", "net", "example"))
    return f"{name.format(word(rng), word(rng), rng.randint(10, 99))}@{host(rng)}.{tail}"
