"""Planted identifiers: rows whose truth is known go through the same redactor as each shard, and none may survive.

The values are drawn anew for each shard from a seed, for every category; the sentences and the shapes of the values are
fixed, and rules may fit them. It proves that the engine which redacted the shard was whole and took each value whole,
not that its recall on real text is perfect.
"""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tasks.errors import PrivacyError
from tasks.phi.categories import CATEGORIES
from tasks.phi.fields import texts_of
from tasks.phi.redaction import Redactor
from tasks.placeholders import AGGREGATED, PLACEHOLDER

_PER_CATEGORY = 4
_SYLLABLES = ("bran", "dol", "fen", "gar", "hol", "kes", "lor", "mar", "nor", "pel", "quin", "ros", "sel", "tor", "vil")


class Canary(NamedTuple):
    """A value to plant at the braces of a sentence."""

    category: str
    value: str
    sentence: str

    @property
    def text(self) -> str:
        """The sentence with the value in its place."""
        return self.sentence.format(self.value)

    def survives(self, redacted: str) -> bool:
        """Say whether a letter or digit of the value is left: one that is neither of the sentence nor a placeholder."""
        rest = PLACEHOLDER.sub("", redacted.replace(AGGREGATED, ""))
        sentence = iter(self.sentence)
        return not all(character in sentence for character in rest if character.isalnum())  # in order


def _digits(rng: random.Random, count: int) -> str:
    return str(rng.randint(1, 9)) + "".join(str(rng.randint(0, 9)) for _ in range(count - 1))


def _word(rng: random.Random) -> str:
    return "".join(rng.sample(_SYLLABLES, 2)).capitalize()


def _hexes(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789abcdef") for _ in range(count))


_VALUES: dict[str, tuple[Callable[[random.Random], str], tuple[str, ...]]] = {
    "NAME": (
        lambda r: f"{_word(r)} {_word(r)}",
        ("Seen by Dr. {}.", "Patient: {}", "Signed by: {}", "Her husband {} was told."),
    ),
    "GEO": (lambda r: f"{_digits(r, 3)} {_word(r)} Street", ("Address: {}", "He lives at {}, alone.", "Sent to {}.")),
    "DATE": (
        lambda r: f"{r.randint(1, 12):02}/{r.randint(1, 28):02}/{r.randint(1950, 2025)}",
        ("Seen on {}.", "Admitted {}", "Discharged {} in good condition."),
    ),
    "DOB": (
        lambda r: f"{r.randint(1, 12):02}/{r.randint(1, 28):02}/{r.randint(1950, 2025)}",
        ("DOB: {}", "Born on {}.", "Date of birth {}."),
    ),
    "AGE_OVER_89": (
        lambda r: str(r.randint(91, 109)),
        ("A {}-year-old woman.", "Patient is {} years old.", "Aged {}, frail."),
    ),
    "PHONE": (
        lambda r: f"{_digits(r, 3)}-555-{_digits(r, 4)}",
        ("Call {} with questions.", "Phone: {}", "The number is {}."),
    ),
    "FAX": (lambda r: f"({_digits(r, 3)}) 555-{_digits(r, 4)}", ("Fax: {}", "Results were faxed to {}.")),
    "EMAIL": (
        lambda r: f"{_word(r).lower()}.{_word(r).lower()}@example.org",
        ("Write to {}.", "E-mail {} for results."),
    ),
    "SSN": (lambda r: f"{_digits(r, 3)}-{_digits(r, 2)}-{_digits(r, 4)}", ("SSN: {}", "Social security number {}.")),
    "MRN": (lambda r: _digits(r, 8), ("MRN: {}", "Medical record number {}.", "MRN {} was reviewed.")),
    "HEALTH_PLAN": (lambda r: f"HP{_digits(r, 9)}", ("Member ID: {}", "Insurance policy number {}.")),
    "ACCOUNT": (lambda r: _digits(r, 10), ("Account number: {}", "Billed to acct #{}.")),
    "LICENSE": (lambda r: f"L{_digits(r, 7)}", ("License number {}.", "Medical license no. {}")),
    "VEHICLE": (lambda r: f"{_word(r)[:3].upper()}-{_digits(r, 4)}", ("License plate {}.", "Vehicle plate: {}")),
    "DEVICE": (lambda r: f"SN{_digits(r, 8)}", ("Pacemaker serial number {}.", "Device serial no: {}")),
    "URL": (
        lambda r: f"https://www.{_word(r).lower()}.example/{_hexes(r, 8)}",
        ("See {} for the portal.", "Portal: {}"),
    ),
    "IP": (
        lambda r: f"203.0.{r.randint(10, 113)}.{r.randint(100, 250)}",
        ("Logged in from {}.", "IP address {} was recorded."),
    ),
    "BIOMETRIC": (lambda r: f"FP-{_digits(r, 8)}", ("Fingerprint template {}.", "Fingerprint ID: {}")),
    "PHOTO": (lambda r: f"/photos/{_word(r).lower()}_{_digits(r, 4)}.jpg", ("Face photograph at {}.", "Image: {}")),
    "OTHER_ID": (
        lambda r: f"{_hexes(r, 8)}-{_hexes(r, 4)}-4{_hexes(r, 3)}-a{_hexes(r, 3)}-{_hexes(r, 12)}",
        ("Study key {}.",),
    ),
}


def plant(seed: str) -> Iterator[Canary]:
    """Yield canaries of every category, the same for the same seed."""
    rng = random.Random(seed)
    for category in CATEGORIES:
        draw, sentences = _VALUES[category]
        for index in range(_PER_CATEGORY):
            value = draw(rng)
            yield Canary(category, value, sentences[index % len(sentences)])


def check(redactor: Redactor, seed: str) -> int:
    """Redact planted rows and return how many identifiers they held; all were redacted.

    Raises:
        PrivacyError: one survived, whole or in part; the message names the categories and counts.
    """
    planted = list(plant(seed))
    survivors: dict[str, int] = {}
    for canary in planted:
        row = {"messages": [{"role": "user", "content": canary.text}]}
        redacted, _ = redactor.redact_row("examples", row)
        if any(canary.survives(text) for text in texts_of("examples", redacted)):
            survivors[canary.category] = survivors.get(canary.category, 0) + 1
    if survivors:
        seen = ", ".join(f"{category} {count}" for category, count in sorted(survivors.items()))
        raise PrivacyError(
            f"Planted identifiers survived redaction ({seen} of {len(planted)} in all).",
            fix="nothing of the shard was saved; correct the recognizers of these categories",
        )
    return len(planted)
