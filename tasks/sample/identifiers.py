"""Made-up identifiers of all 18 kinds of 45 CFR 164.514(b)(2)(i)(A)-(R), planted where their place is known.

Dates and ages over 89 are one kind (C) and two categories, hence nineteen names. Phones lie in the fictional range
555-01xx, mail and web addresses in example.org, IP addresses in the documentation ranges of RFC 5737 and RFC 3849;
vehicle numbers carry a right check digit. No value belongs to a person.
"""

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

FIRST_NAMES = (
    "Maria", "Thandiwe", "Søren", "Aroha", "Nguyễn", "Ibrahim", "Priya", "Kwame", "Li", "Yuki", "Fatima", "Mateo",
    "Ingrid", "Olena", "Siobhan", "Tariq", "Ayodele", "Leilani", "Dmitri", "Rosa", "Henry", "Grace", "Samuel", "Edith",
)  # fmt: skip
LAST_NAMES = (
    "Kowalczyk", "Mokoena", "Lindqvist", "Ngata", "Thi Lan", "al-Sayed", "Raghunathan", "Asante", "Wei", "Tanaka",
    "O'Rourke", "Delgado", "Haugen", "Shevchenko", "Byrne", "Aziz", "Okonkwo", "Kealoha", "Volkov", "Ferreira",
    "Whitlock", "Harrow", "Pemberton", "Ashgrove",
)  # fmt: skip
STREETS = ("Heron Lane", "Foxglove Street", "Old Mill Road", "Quarry Avenue", "Juniper Court", "Lantern Drive")
TOWNS = ("Brindlewick", "Larkmoor", "Port Ember", "Saltmarsh Falls", "North Hollin", "Dunmere")
STATES = ("OR", "VT", "OH", "TX", "MN", "GA")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October")
VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
VIN_VALUES = {
    **{str(d): d for d in range(10)},
    **dict(zip(VIN_LETTERS, [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)),
}
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
SLOT = re.compile(r"\{([A-Z][A-Z_0-9]+)(~?)\}")  # {NAME~} is somebody else's name


class Planted(NamedTuple):
    """A text and where its identifiers lie: (start, end, category), in characters, half-open."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


def _digits(rng: Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def _letters(rng: Random, count: int) -> str:
    return "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(count))


def _name(rng: Random) -> str:
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    style = rng.random()
    if style < 0.12:
        return f"{first} {last}".lower()
    if style < 0.24:
        return f"{last}, {first}"
    return f"{first} {rng.choice('ABDEJKLMRT')}. {last}" if style < 0.34 else f"{first} {last}"


def _geo(rng: Random) -> str:
    town, state, zip_code = rng.choice(TOWNS), rng.choice(STATES), f"{rng.randint(10, 98)}{_digits(rng, 3)}"
    forms = (
        f"{rng.randint(2, 980)} {rng.choice(STREETS)}, {town}, {state} {zip_code}",
        f"{town}, {state} {zip_code}",
        f"{rng.randint(2, 980)} {rng.choice(STREETS)}, {town}",
    )
    return rng.choice(forms)


def _date(rng: Random) -> str:
    year, month, day = rng.choice((2024, 2025)), rng.randint(1, 10), rng.randint(1, 28)
    name = MONTHS[month - 1]
    forms = (
        f"{month:02}/{day:02}/{year}",
        f"{name} {day}, {year}",
        f"{year}-{month:02}-{day:02}",
        f"{day} {name[:3]} {year}",
        f"{month}/{day}/{year % 100}",
    )
    return rng.choice(forms)


def _phone(rng: Random) -> str:
    area, line = rng.choice(("503", "802", "614", "512")), f"01{_digits(rng, 2)}"
    return rng.choice((f"({area}) 555-{line}", f"{area}-555-{line}", f"+1 {area} 555 {line}", f"{area}.555.{line}"))


def _email(rng: Random) -> str:
    return (
        f"{rng.choice('abcdefghk')}.{rng.choice(('larkin', 'mokoena', 'byrne', 'tanaka'))}{_digits(rng, 2)}@example.org"
    )


def _vehicle(rng: Random) -> str:
    if rng.random() < 0.4:
        return f"{rng.randint(1, 9)}{_letters(rng, 3)}{_digits(rng, 3)}"
    characters = [rng.choice(VIN_LETTERS + "0123456789") for _ in range(17)]
    remainder = sum(VIN_VALUES[c] * w for c, w in zip(characters, VIN_WEIGHTS, strict=True)) % 11
    characters[8] = "X" if remainder == 10 else str(remainder)  # ISO 3779 as used in 49 CFR 565: position 9 checks
    return "".join(characters)


def _ip(rng: Random) -> str:
    network = rng.choice(("192.0.2", "198.51.100", "203.0.113"))
    return (
        f"{network}.{rng.randint(1, 254)}"
        if rng.random() < 0.75
        else f"2001:db8::{rng.randint(4096, 65535):x}:{rng.randint(1, 9)}"
    )


def _photo(rng: Random) -> str:
    if rng.random() < 0.5:
        return f"data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ{_letters(rng, 8)}{_digits(rng, 4)}=="
    return f"photos/face_{_digits(rng, 5)}.jpg"


DRAWS: Mapping[str, Callable[[Random], str]] = {
    "NAME": _name,
    "GEO": _geo,
    "DATE": _date,
    "AGE_OVER_89": lambda rng: str(rng.randint(90, 104)),
    "PHONE": _phone,
    "FAX": _phone,
    "EMAIL": _email,
    "SSN": lambda rng: f"{rng.randint(773, 899)}-{rng.randint(10, 99)}-{rng.randint(1000, 9999)}",
    "MRN": lambda rng: f"{rng.randint(1, 9)}{_digits(rng, 7)}",
    "HEALTH_PLAN": lambda rng: f"{_letters(rng, 3)}{_digits(rng, 9)}",
    "ACCOUNT": lambda rng: f"{_digits(rng, 4)}-{_digits(rng, 3)}-{_digits(rng, 3)}",
    "LICENSE": lambda rng: rng.choice((f"MD{_digits(rng, 6)}", f"D{_digits(rng, 7)}")),
    "VEHICLE": _vehicle,
    "DEVICE": lambda rng: f"SN-{_letters(rng, 2)}{_digits(rng, 2)}-{_digits(rng, 5)}",
    "URL": lambda rng: f"https://portal.example.org/patients/{_digits(rng, 6)}",
    "IP": _ip,
    "BIOMETRIC": lambda rng: (
        f"{rng.choice(('FP', 'VP', 'IR'))}-{_letters(rng, 2)}{_digits(rng, 2)}-{_letters(rng, 2)}{_digits(rng, 2)}"
    ),
    "PHOTO": _photo,
    "OTHER_ID": lambda rng: f"{rng.choice(('ROSE', 'TRIAL', 'LKM'))}-{_digits(rng, 4)}",
}
CATEGORIES = tuple(DRAWS)

PHRASES: Mapping[str, tuple[str, ...]] = {
    "NAME": (
        "Patient: {NAME}.",
        "Patient name: {NAME}.",
        "Seen by Dr. {NAME~}.",
        "This is about my mother, Mrs. {NAME}.",
    ),
    "GEO": ("Address: {GEO}.", "Lives at {GEO}."),
    "DATE": ("Date of birth: {DATE}.", "Discharged on {DATE}.", "Admitted {DATE}.", "DOB {DATE}."),
    "AGE_OVER_89": (
        "The patient is {AGE_OVER_89} years old.",
        "Age: {AGE_OVER_89}.",
        "A {AGE_OVER_89}-year-old patient.",
    ),
    "PHONE": ("Phone: {PHONE}.", "Call me at {PHONE}.", "Home tel {PHONE}."),
    "FAX": ("Fax: {FAX}.", "Send it by fax to {FAX}."),
    "EMAIL": ("Email: {EMAIL}.", "Please write to {EMAIL}."),
    "SSN": ("SSN: {SSN}.", "Social security number {SSN}."),
    "MRN": ("MRN: {MRN}.", "Medical record number {MRN}.", "MRN {MRN}."),
    "HEALTH_PLAN": ("Member ID: {HEALTH_PLAN}.", "Health plan number {HEALTH_PLAN}."),
    "ACCOUNT": ("Account number: {ACCOUNT}.", "Billing account {ACCOUNT}."),
    "LICENSE": ("License number: {LICENSE}.", "Driver's license {LICENSE}."),
    "VEHICLE": ("Vehicle: {VEHICLE}.", "Vehicle identification number {VEHICLE}.", "License plate {VEHICLE}."),
    "DEVICE": ("Pacemaker serial number {DEVICE}.", "Device serial: {DEVICE}."),
    "URL": ("Portal page: {URL} for results.", "See {URL} please."),
    "IP": ("Sent from IP address {IP}.", "Login from {IP}."),
    "BIOMETRIC": ("Fingerprint template {BIOMETRIC}.", "Biometric ID: {BIOMETRIC}."),
    "PHOTO": ("Face photo: {PHOTO}", "Photo of the patient attached: {PHOTO}"),
    "OTHER_ID": ("Study participant ID: {OTHER_ID}.", "Trial subject number {OTHER_ID}."),
}


def draw(rng: Random, category: str) -> str:
    """Draw a made-up value of one category."""
    return DRAWS[category](rng)


def phrase(rng: Random, category: str) -> str:
    """Return a sentence with a slot for a value of `category`."""
    return rng.choice(PHRASES[category])


def fill(rng: Random, template: str, known: Mapping[str, str]) -> Planted:
    """Fill the slots `{CATEGORY}` of a template, from `known` where it has the category, else with a fresh draw."""
    parts: list[str] = []
    spans: list[tuple[int, int, str]] = []
    at = end = 0
    for slot in SLOT.finditer(template):
        category = slot[1]
        value = draw(rng, category) if slot[2] or category not in known else known[category]
        parts += [template[end : slot.start()], value]
        at += slot.start() - end
        spans.append((at, at + len(value), category))
        at += len(value)
        end = slot.end()
    parts.append(template[end:])
    return Planted("".join(parts), tuple(spans))
