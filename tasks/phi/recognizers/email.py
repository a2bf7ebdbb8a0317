"""E-mail addresses (45 CFR 164.514(b)(2)(i)(F)), also written with spaced, bracketed or spelt "at" and "dot".

Unlike Presidio's own recognizer it asks no list of top-level domains, so it never goes online. It does not cover
addresses without a dot after the @ ("Fe3O4@SiO2" is a particle), nor "at" before a domain that nothing marks as one.
"""

import re
from collections.abc import Iterable

from tasks.phi.recognizers.rules import Hit, RuleRecognizer, lowered

# Lengths are the limits of RFC 5321, 64 and 255, and keep hostile input linear.
_LOCAL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.!#$%&'*+/=?^`{|}~-"
_LEADING = "'`{|}/=*!#$%&?^~.-"
"""Marks that may stand in an address, but before one are the text's: 'a@b.org'."""
_ENDING = r"(?:com|org|net|edu|gov|mil|info|io|co|us|uk|ca|de|fr|au|eu|health|example|test|invalid)"
_LABEL = "[a-z0-9-]{1,63}"
_HOST = rf"(?:{_LABEL}\.){{1,9}}[a-z][a-z0-9-]{{1,62}}"
_DOT = r"(?:\s?\.\s?|\s{1,3}dot\s{1,3}|\s?[\[({]\s?dot\s?[\])}]\s?)"
# Patterns begin with what stands for the @, so the search jumps there; the part before it is read backwards.
_AT = re.compile(rf"@\s?(?:{_HOST}|\[\d{{1,3}}(?:\.\d{{1,3}}){{3}}\])")
_BRACKETED = re.compile(
    rf"[\[({{]\s?(?:at|@)\s?[\])}}]\s?{_LABEL}(?:{_DOT}{_LABEL}){{0,3}}{_DOT}[a-z]{{2,24}}(?![a-z0-9])"
)
_SPELT = re.compile(rf" at\s{{1,3}}(?:{_LABEL}\s{{1,3}}dot\s{{1,3}}){{1,4}}{_ENDING}(?![a-z0-9])")
_BARE = re.compile(rf" at (?:{_LABEL}\.){{1,4}}{_ENDING}(?![a-z0-9@-])")
_SPELT_LOCAL = re.compile(r"(?:[\w+-]{1,64} (?:dot|underscore|dash|hyphen|plus) ){0,3}[\w.+-]{1,64}\Z")


class EmailRecognizer(RuleRecognizer):
    """E-mail addresses."""

    category = "EMAIL"

    def find(self, text: str) -> Iterable[Hit]:
        """Yield addresses around each @, then those that bracket or spell it."""
        lower = lowered(text)
        if "@" in text:
            yield from _around(_AT, text, lower, 0.95)
        if "at]" in lower or "at)" in lower or "at}" in lower or "at ]" in lower or "at )" in lower or "@]" in lower:
            yield from _around(_BRACKETED, text, lower, 0.8)
        if " at " in lower:
            yield from (hit for hit in _around(_BARE, text, lower, 0.7) if _is_marked(text[hit.start : hit.end]))
            if " dot " in lower:
                for match in _SPELT.finditer(lower):
                    local = _SPELT_LOCAL.search(lower[max(0, match.start() - 96) : match.start()])
                    if local:
                        yield Hit(match.start() - len(local[0]), match.end(), 0.8)


def _around(at: re.Pattern[str], text: str, lower: str, score: float) -> Iterable[Hit]:
    for match in at.finditer(lower):
        spaced = text[match.start() - 1 : match.start()] == " "
        before = text[max(0, match.start() - 65) : match.start()].removesuffix(" ")
        local = before[len(before.rstrip(_LOCAL)) :].lstrip(_LEADING)
        if not local:
            quoted = re.search(r'"[^"\n]{1,62}"\Z', before)
            local = quoted[0] if quoted else ""
        if local:
            yield Hit(match.start() - len(local) - spaced, match.end(), score)


def _is_marked(address: str) -> bool:
    """Say whether the part before "at" is no plain word: "look at example.org" names a place to look."""
    return any(mark in address.split(" at ", maxsplit=1)[0] for mark in "0123456789._+")
