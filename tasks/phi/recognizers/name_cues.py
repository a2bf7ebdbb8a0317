"""What before or behind a capitalised word says that it is a person: titles, labels, relations, verbs, credentials.

It does not cover cues further away than the neighbouring words.
"""

import re

from tasks.phi.recognizers.name_shapes import PARTICLES
from tasks.phi.recognizers.words import words_of

NOTE = 4
"""Evidence from which on a text is read as a note; of 5,313 abstracts and sentences of papers one has as much."""

NONE, WEAK, STRONG, TITLE = 0, 1, 2, 3

_SERVICES = words_of("services")
_PEOPLE = words_of("people")
TITLES = words_of("titles")
_ROLES = words_of("roles") | _PEOPLE
LABELS = _ROLES | TITLES | words_of("labels")
_VERBS = words_of("telling_verbs")
_TWO_WORDS = re.compile(
    r"(?:(?:spoke|speak|spoken|discussed|met|talked|reviewed|visit|lives|living|stays|consulted|conferred|call|fu|f/u"
    r"|follow[- ]?up|appointment|appt|seen|together) (?:with|w/)"
    r"|(?:spoke|reported|report|referred|given|faxed|sent|routed|handed|talked|copied|deferred|care|forwarded|copy"
    r"|introduced|according|married) to"
    r"|(?:signed|seen|evaluated|examined|dictated|referred|placed|performed|drawn|read|reviewed|verified|taken|followed"
    r"|accompanied|witnessed|admitted|transcribed|assisted|prepared|interpreted|ordered|prescribed"
    r"|treated|notified|called|answered|held|completed|obtained|brought(?: in)?|done|written|note"
    r"|prescription|accepted|phoned|paged|resulted) by"
    r"|(?:message|letter|call|email|note|referral|report|referred|word|hi) from"
    r"|(?:widow|widower|wife|husband|mother|father|son|daughter|parents?|guardian) of"
    r"|(?:first|last|legal|full|preferred) name|name is|names? are|this is|i am|i'm|it's|its)$"
)
_LAST_OF_TWO = frozenset({"with", "w/", "to", "by", "from", "of", "name", "is", "are", "am", "i'm", "it's", "its"})
_SPACED = frozenset((" ", "  ", ". ", ".", ".  ", "\t"))
_BOUND = " \t\n\r.,:;=|()/\"'#>*[]-&+"


def cue_before(text: str, start: int) -> int:  # noqa: PLR0911, PLR0912  # a list of cases, each with its answer
    """Return how surely what stands before a position announces a person."""
    left = text[start - 44 if start > 44 else 0 : start]
    body = left.rstrip(_BOUND)
    between = left[len(body) :]
    if not body or not between or len(between) > 24:
        return NONE
    word = body[max(body.rfind(" "), body.rfind("\n"), body.rfind("("), body.rfind("|"), body.rfind(",")) + 1 :]
    if between[:1] == "/" and word.lower() in ("w", "d/w"):
        return WEAK
    if "-" in between and ":" not in between:
        return NONE
    low = word.lower()
    if low == "cc" and body[:-2].rstrip()[-1:].isdigit():  # 12 cc Omnipaque
        return NONE
    if ":" in between or "=" in between or "|" in between:
        return STRONG if low in LABELS else NONE
    if low in TITLES and between in _SPACED:
        if word == "Fr" and body[-4:-2].strip().isdigit():  # 19 Fr, of a drain
            return NONE
        if word in ("MS", "FR", "SIR") and ("." not in between or body[-4:-2] == ", "):  # a disease, a state
            return WEAK
        return TITLE
    if "\n" in between or (between[0] == "." and low not in ("pt", "dtr", "mgr")):
        return NONE
    if low in _PEOPLE and between == " ":
        return WEAK
    if low in ("m", "f") and "," in between and not any(mark.isdigit() for mark in body[-8:]):  # viable M, Apgar 8/9
        return NONE
    if low in _ROLES or (low in _SERVICES and between in (" ", " (")):
        return STRONG
    if between not in (" ", "  ", ' "', " ("):
        return NONE
    if low[-1:] in ("m", "f", "o") and low[0].isdigit() and low.rstrip("yomf/").isdigit():  # 45F, 70yo
        return WEAK
    if low in _VERBS or (low in _LAST_OF_TWO and _TWO_WORDS.search(body.lower())):
        return WEAK
    return NONE


def is_one_of_people(text: str, start: int) -> bool:
    """Say whether "patient, ", "65-year-old man, " stands before."""
    left = text[max(0, start - 16) : start]
    body = left.rstrip(", ")
    return body[max(body.rfind(" "), body.rfind("-"), body.rfind("\n")) + 1 :].lower() in _PEOPLE


_AGE = re.compile(
    r"(?:,\s+(?:Mr|Mrs|Ms|Miss)\b|,\s+(?:an?\s+)?(?:1[01]\d|\d{1,2})(?:,|\)|;|[ -]?(?:y|M\b|F\b|w[ko]|m[o ]|d\b))"
    r"|\s+(?:is|was)\s+(?:an?\s+)?\d{1,3}\b|\s+\(?(?:1[01]\d|\d{1,2})[ -]?(?:y|M\b|F\b)|\s\(\d\d\)"
    r"|,?\s+(?:M\.\s?D|D\.\s?O|Ph\.\s?D|R\.\s?N|N\.\s?P|P\.\s?A|L\.\s?P\.\s?N)\b)"
)
_ACTS = re.compile(
    r"\s(?:noted|agrees|agreed|says|said|states|stated|admitted|prefers|aware|asks|asked|came|visits?|visited|verified"
    r"|recommends|recommended|told|answered|called(?! for)|wrote|paged|denies|endorses|reports|drove|lives|works|died"
    r"|confirms|confirmed|requested|requests|wants|understands|accepted|at bedside|who\b|and (?:his|her) "
    r"|will (?:see|call|move|drive|bring|follow|take)|to (?:see|coordinate|check|call|follow)"
    r"|has (?:slept|noticed|asked)|had (?:lived|called|noticed)|is (?:aware|willing|married))"
)


def cue_behind(text: str, end: int) -> int:
    """Return how surely what follows a position is said of a person: an age, an act."""
    if _AGE.match(text, end, end + 28):
        return STRONG
    return WEAK if _ACTS.match(text, end, end + 36) else NONE


def particles_start(text: str, start: int) -> int:
    """Return where the particles before a name begin, "de la" before "Cruz"; `start` where there are none."""
    while text[start - 1 : start] == " ":
        before = text[max(0, start - 8) : start - 1]
        particle = before[max(before.rfind(" "), before.rfind("\n")) + 1 :]
        if particle.lower() not in PARTICLES:
            break
        start -= len(particle) + 1
    return start


def title_start(text: str, start: int) -> int:
    """Return where the title before a name begins."""
    at = start
    while at > 0 and not text[at - 1].isalpha():
        at -= 1
    while at > 0 and text[at - 1].isalpha():
        at -= 1
    return at
