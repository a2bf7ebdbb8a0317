"""Name the licence of an article by its SPDX id, from the addresses and sentences in which journals state it.

Where several licences are stated, or a sentence is stricter than the address beside it, the strictest counts: the usual
notice of a publisher names CC BY for the article and CC0 for its data. Ports to jurisdictions (`/uk`, `/igo`) are named
like the unported licence. Ids after https://spdx.org/licenses/; "public domain" has none that fits a bare statement.
"""

import re
from collections.abc import Collection, Iterable

ALLOWED = ("CC0", "CC-PDM", "public domain", "CC-BY", "CC-BY-SA")  # NC and ND are not: models may be used commercially
UNKNOWN = "other"
PUBLIC_DOMAIN = "public domain"

_ADDRESS = re.compile(
    r"creativecommons\.org/(?:licen[cs]es/(?P<kind>[a-z]+(?:-[a-z]+)*)(?:/(?P<version>\d\.\d))?"
    r"|publicdomain/(?P<public>zero|mark))",
    re.IGNORECASE,
)
_SHORT = re.compile(r"\bCC[ -](?P<kind>BY(?:[ -](?:NC|ND|SA))*)\b(?:[ -]?(?P<version>\d\.\d))?", re.IGNORECASE)
_CC0 = re.compile(r"\bCC[ -]?(?:0|zero)\b|public domain dedication", re.IGNORECASE)
_NAMED = re.compile(r"Creative\s+Commons\s+Attribution(?P<rest>(?:[^.()]|\.(?=\d)){0,60})", re.IGNORECASE)
_NON_COMMERCIAL = re.compile(r"\bnon-?\s?commercial", re.IGNORECASE)
_NO_DERIVATIVES = re.compile(r"\bno-?\s?deriv", re.IGNORECASE)
_SHARE_ALIKE = re.compile(r"\bshare-?\s?alike", re.IGNORECASE)
_FREE = re.compile(
    r"(?:is|lies|are) in the public domain|free of all copyright|not subject to (?:U\.?S\.? )?copyright", re.IGNORECASE
)
_VERSION = re.compile(r"-\d\.\d$")
_STRICTNESS = (
    *(PUBLIC_DOMAIN, "CC0", "CC-PDM", "CC-BY", "CC-BY-SA"),
    *("CC-BY-ND", "CC-BY-NC", "CC-BY-NC-SA", "CC-BY-NC-ND"),
)


def licence_of(statements: Iterable[str]) -> str:
    """Return the strictest licence that addresses and sentences state: an SPDX id, `public domain`, `other`, or "".

    "" says that nothing was stated, `other` that what was stated is none of these. A licence whose version is not
    stated has none in its id (`CC-BY`).
    """
    stated = [text for statement in statements if (text := " ".join(statement.split()))]
    found = {licence for text in stated for licence in _named(text)}
    restricted = _restricted(" ".join(stated)) if found else None
    found |= {restricted} if restricted else set()
    if not found:
        return UNKNOWN if stated else ""
    return max(found, key=lambda licence: (_rank(licence), licence))


def is_allowed(licence: str, allowed: Collection[str] = ALLOWED) -> bool:
    """Say whether a licence is one of `allowed`, which name families without their versions."""
    return family(licence) in allowed


def family(licence: str) -> str:
    """Return a licence without its version: `CC-BY` for CC-BY-4.0."""
    return _VERSION.sub("", licence)


def _rank(licence: str) -> int:
    kind = family(licence)
    return _STRICTNESS.index(kind) if kind in _STRICTNESS else len(_STRICTNESS)


def _named(text: str) -> Iterable[str]:
    for match in _ADDRESS.finditer(text):
        if match["public"]:
            yield "CC0-1.0" if match["public"].lower() == "zero" else "CC-PDM-1.0"
        else:
            yield _spdx(match["kind"], match["version"])
    for match in _SHORT.finditer(text):
        yield _spdx(match["kind"].replace(" ", "-"), match["version"])
    for match in _NAMED.finditer(text):
        version = re.search(r"\d\.\d", match["rest"])
        restriction = _restricted(match["rest"]) or "CC-BY"
        yield f"{restriction}-{version[0]}" if version else restriction
    if _CC0.search(text):
        yield "CC0-1.0"
    if _FREE.search(text):
        yield PUBLIC_DOMAIN


def _spdx(kind: str, version: str | None) -> str:
    name = f"CC-{kind.upper()}"
    return f"{name}-{version}" if version else name


def _restricted(text: str) -> str | None:
    """Return the licence that the restrictions in a sentence amount to; None where it names none."""
    parts = (("NC", _NON_COMMERCIAL), ("SA", _SHARE_ALIKE), ("ND", _NO_DERIVATIVES))
    named = [part for part, pattern in parts if pattern.search(text)]
    return "-".join(("CC-BY", *named)) if named else None
