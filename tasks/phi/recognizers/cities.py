"""Cities and health systems of the gazetteer, towns before a state, and the places that a text names again.

A known place counts where it does not name a thing ("Boston criteria"), a person or a variant of a gene; an ambiguous
one needs a state or a preposition of place; an unknown one needs ", Ohio" or a state with a ZIP code. Places in lower
case have a file of their own (`uncased_places.py`).
"""

import re
from collections.abc import Iterator

from tasks.phi.recognizers.addresses import ALL_STATES, CLEAR_STATES, STATE_NAMES, ZIP, ZIP_AFTER
from tasks.phi.recognizers.cues import cue_before
from tasks.phi.recognizers.places import (
    AFTER_PLACE,
    ALONE,
    LONGEST,
    STATE,
    SYSTEM,
    Word,
    known_at,
    names_a_thing,
    shouted,
    word_list,
)
from tasks.phi.recognizers.rules import Hit, lowered
from tasks.phi.recognizers.words import GIVEN, HEALTH_SYSTEMS, NOT_A_NAME

_NO_STATE = r"(?![\w-]|[ ]+(?:Natives?|Dutch|Indians?)\b)"
_STATE_NAME = rf"(?:{STATE_NAMES}|{STATE_NAMES.upper()})"
_OLD_STATES = (
    "Ala|Ariz|Ark|Calif|Colo|Conn|Del|Fla|Ill|Ind|Kan|Ky|La|Mass|Md|Mich|Minn|Miss|Mo|Mont|Neb|Nev|Okla|Ore|Pa|Penn|Tenn"
    "|Tex|Vt|Va|Wash|Wis|Wyo"
)
_STATE_WORDS = frozenset(f"{ALL_STATES}|{_OLD_STATES}".lower().split("|")) | {
    name.split()[0].lower() for name in STATE_NAMES.split("|")
}
# A state after a known place, after a place that may be anything (comma, no credential), and any with a ZIP code.
_STATE_AFTER_KNOWN = re.compile(
    rf"(?:\.?,[ ]?(?:{ALL_STATES}|{_STATE_NAME})|[ ]+(?:{CLEAR_STATES}|{_STATE_NAME}|MA|MD|MI|MN|PA|CO|LA"
    rf"|MS)){_NO_STATE}"
    rf"(?:[., ]+{ZIP})?"
)
_STATE_AFTER_ANY = re.compile(
    rf",[ ](?:{_OLD_STATES})\.(?:[ ]?{ZIP})?"
    rf"|,[ ]?(?:(?:{CLEAR_STATES})(?![ ]*[\d/.-]*\d(?<!\d{{5}}))|{STATE_NAMES}){_NO_STATE}(?:[., ]+{ZIP})?"
    rf"|\.?,?[ ]+(?:{ALL_STATES}|{_STATE_NAME})[., ]+{ZIP}"
)
_NOT_IN_A_NAME = frozenset(word.lower() for word in NOT_A_NAME) | frozenset(
    ("and", "or", "not", "may", "can", "will", "to", "did", "does", "cannot", "should", "could", "must", "would")
)
_PEOPLES, _OF_A_PEOPLE = word_list("peoples"), word_list("named_for_peoples")
_BEHIND = re.compile(r"[ -](\w+)")
_VARIANT = re.compile(
    r"(?:\b(?:[A-Z]\w{0,3}\d\w{0,2}|Hb|Gd|HPRT|[Hh]a?emoglobin|variant|mutation|allele|factor|strain)|[+)])[ ]$"
)

_TITLES = ("Mr. ", "Mrs. ", "Ms. ", "Dr. ", "Miss ", "Mr ", "Mrs ", "Ms ", "Dr ")
_CITED = re.compile(r"[\])],?\s+\d{1,4},?\s+\d+-\d+,\s+(?:19|20)\d\d")


def known_places(text: str, words: list[Word]) -> Iterator[Hit]:
    """Yield known places and health systems, unknown places before a state, and ZIP codes after one."""
    done = 0
    for i, (start, end, word) in enumerate(words):
        if start < done:
            continue
        if word in _STATE_WORDS and (zip_code := ZIP_AFTER.match(text, end)):
            yield Hit(*zip_code.span("phi"), 0.85)
        kind, count = known_at(text, words, i) if word in LONGEST else ("", 0)
        if kind and kind != STATE:
            last = words[i + count - 1][1]
            last -= 2 * (text[last - 2 : last].lower() == "'s")
            before_state = i + count < len(words) and words[i + count][2] in _STATE_WORDS
            hit = _known(text, start, last, kind, before_state=before_state)
            done = hit.end if hit else last
        else:
            before_state = i + 1 < len(words) and words[i + 1][2] in _STATE_WORDS and kind != STATE
            hit = _before_a_state(text, words, i, done) if before_state else None
            done = hit.end if hit else done
        if hit:
            yield hit


def _known(text: str, start: int, end: int, kind: str, *, before_state: bool) -> Hit | None:
    """Return the known place with its state, or with "clinic" and the like behind it, if it is meant as a place."""
    state = (_STATE_AFTER_KNOWN.match(text, end) or _STATE_AFTER_ANY.match(text, end)) if before_state else None
    if state:
        return Hit(start, state.end(), 0.85)
    if not _counts(text, start, end, kind):
        return None
    after = AFTER_PLACE.match(text, end)
    return Hit(start - len(_leading(text, start)), after.end() if after else end, 0.75)


def _before_a_state(text: str, words: list[Word], i: int, done: int) -> Hit | None:
    """Return the place that ends at word `i` and its state: "Dorling, OH"."""
    state = _STATE_AFTER_ANY.match(text, words[i][1])
    if not state:
        return None
    first = i
    while first > 0 and i - first < 2 and words[first - 1][0] >= done and is_run(text, words, first):
        first -= 1
    start = words[first][0]
    name = text[start : words[i][1]]
    place = text[max(0, start - 1) : start] != "-" and len(name) > 2 and not {*name.split()} <= NOT_A_NAME
    return Hit(start, state.end(), 0.8) if place else None


def _leading(text: str, start: int) -> str:
    """Return what belongs to a place before its name: "the Bronx", "VA Palo Alto"."""
    if text.endswith("VA ", 0, start):
        return "VA "
    return "the " if text.startswith("Bronx", start) and text.endswith("the ", 0, start) else ""


def is_run(text: str, words: list[Word], first: int) -> bool:
    """Say whether word `first` goes on what the word before it begins."""
    before = words[first - 1]
    gap = text[before[1] : words[first][0]]
    if gap not in {" ", "-", " du ", " de ", " la "}:
        return False
    name = text[before[0] : before[1]]
    # in capitals "AND MAY NOT DRIVE" is no road
    return name not in NOT_A_NAME and not (name.isupper() and before[2] in _NOT_IN_A_NAME)


def _counts(text: str, start: int, end: int, kind: str) -> bool:
    """Say whether a known place is meant as one where it stands."""
    name = text[start:end]
    if kind == SYSTEM:
        return (name in HEALTH_SYSTEMS or not name.isupper() or shouted(text, start, end)) and not names_a_thing(
            text, end
        )
    if text[start - 1 : start] == "-" or (text[end : end + 1] == "-" and not text.startswith(("-based", "-area"), end)):
        return False
    if name[-1].isupper() and not name.isupper() and " " not in name:
        return False  # ARTESiA is a trial
    if (
        names_a_thing(text, end)
        or _is_a_people(text, name, end)
        or _belongs_to_a_person(text, start, name)
        or _VARIANT.search(text, max(0, start - 14), start)
    ):
        return False
    if _CITED.match(text, end) or (name.isupper() and len(name) > 3 and not shouted(text, start, end)):
        return False
    # in capitals a word that is also a place needs more than "IN EARLY MAY" has
    return kind == ALONE or cue_before(text, start) > (name.isupper() and len(name) > 3)


def _is_a_people(text: str, name: str, end: int) -> bool:
    """Say whether a people is meant and not the place of its name: "a Navajo man"."""
    behind = _BEHIND.match(text, end) if name.lower() in _PEOPLES else None
    return behind is not None and behind[1].lower() in _OF_A_PEOPLE


def _belongs_to_a_person(text: str, start: int, name: str) -> bool:
    """Say whether a city's word stands after a given name or before "et al", as in "Paul Columbus"."""
    if text.startswith((" et al", ", et al"), start + len(name)):
        return True
    if text.endswith(_TITLES, 0, start):
        return True
    before = text[max(0, start - 20) : start]
    return before.endswith(" ") and " " not in name and bool(before.strip()) and before.split()[-1] in GIVEN


def named_again(text: str, words: list[Word], hits: list[Hit]) -> Iterator[Hit]:
    """Yield the surest places (before a state, in a labelled field) where they stand again alone."""
    names = {text[h.start : h.end].split(",", maxsplit=1)[0].lower() for h in hits if h.score >= 0.8}
    names = {name for name in names if len(name) > 3 and name.replace(" ", "").isalpha()}
    if not names:
        return
    firsts = {name.split()[0]: name for name in names}
    for start, _, word in words:
        name = firsts.get(word)
        if (
            name
            and lowered(text).startswith(name, start)
            and not text[start + len(name) : start + len(name) + 1].isalnum()
        ):
            end = start + len(name)
            if not names_a_thing(text, end) and text[start:end] not in NOT_A_NAME:
                yield Hit(start, end, 0.6)
