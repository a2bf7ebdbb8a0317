"""Places where capitals say nothing: texts typed in lower case or dictated in capitals, and lower case amid others.

A text or a line without capitals, or in them alone, is read once more as it would be written (`recased`): what may name
a place, and the words of its name behind it, get their capitals, all else loses them. In other texts a lower-case town
counts after a preposition if it is of the gazetteer and hardly anything else, or after words of residence if it is no
word; a facility, where the word before its kind ("dorling memorial hospital") is no word. It does not cover lower-case
places that are also words ("reading", "hope clinic").
"""

import re
from collections.abc import Iterator

from tasks.phi.recognizers.addresses import ALL_STATES, CLEAR_STREETS
from tasks.phi.recognizers.places import ALONE, CUED, KNOWN, LONGEST, STATE, SYSTEM, Word, may_name_a_place, word_list
from tasks.phi.recognizers.rules import Hit
from tasks.phi.recognizers.words import NO_NAME, NOT_A_NAME, NOT_A_PLACE, is_medical, kind_of

_PREPOSITION = re.compile(
    r"[ \n](?:from|in|near|to|at|outside|around|of) (?:the )?(?=(?P<phi>[a-z.]{2,}(?:[ -][a-z]+){0,2}))"
)
_KEYS = frozenset(max(name.split(), key=len) for name, kind in KNOWN.items() if kind == ALONE)
_RESIDENCE = word_list("verbs_of_residence")
_CUED = re.compile(
    rf"\b(?:{'|'.join(sorted(_RESIDENCE))})(?: [a-z]+){{0,2}}? (?:in|from|near|outside|to|around)(?: the)?\Z"
)
_HEADS = frozenset(word.lower() for word in word_list("heads_of_places")) | {"st", "saint", "la", "el", "los", "las"}
_LANDSCAPES = word_list("landscapes") | {"city", "county", "heights", "township", "reservation", "center", "village"}
_BEHIND_A_NAME = (
    _LANDSCAPES
    | word_list("facility_ends")
    | word_list("facility_ends_after_a_middle")
    | word_list("facility_middles")
    | word_list("facility_ends_where_it_stops")
    | word_list("facility_ends_with_a_cue")
    | frozenset(CLEAR_STREETS.split("|"))
    | {"police", "sheriff"}
) - {"med"}
_STATES = frozenset(ALL_STATES.lower().split("|"))
_STATE_NAMES = frozenset(name for name, kind in KNOWN.items() if kind == STATE and " " not in name)
_TOKEN = re.compile(r"[A-Za-z][A-Za-z']*")
_LOWER_LINE, _UPPER_LINE = 50, 20  # characters; shorter lines without capitals are often a sentence's second line
_SPARSE = 150  # characters for each capitalised word: fewer, and the text is typed in lower case

# Kinds of facilities that a name may stand before in lower case, and what may stand between.
_KINDS = word_list("kinds_of_facilities")
# These are one only behind another word of the kind.
_NOT_ALONE = {
    **dict.fromkeys(("center", "centre", "ctr"), ("medical", "med", "health", "cancer", "surgery", "community")),
    "home": ("nursing",),
    "school": ("high", "middle", "elementary"),
}
_MIDDLE = word_list("words_between_name_and_kind")
_NAMES_BY_THEMSELVES = frozenset(("mercy", "sacred", "good", "county"))
_CAPITALS_BEFORE = re.compile(
    r"(?<![\w.-])(?P<name>[A-Z][\w'-]*(?: [A-Z][\w'-]*){0,2}) "
    r"(?:(?:women's|men's|homeless|family|youth|district|county) )?\Z"
)
_OF_ANY_NAME = frozenset(("shelter", "church", "nursing home", "pharmacy", "manor", "high school", "middle school"))
_CAPITALISED = re.compile("[A-Z][a-z]")  # IMG_2291 and CT stand in a line of lower case, too
_LAST_WORDS = re.compile(r"(?<![\w.'-])(?:[a-z][a-z.'-]* ){0,4}[a-z][a-z.'-]*\Z")


def recased(text: str, words: list[Word]) -> str | None:
    """Return the text as it would be written, if it or a line of it has no capitals or nothing else; else None."""
    if is_typed_in_lower_case(text, len(words)):
        return _recased(text)
    if "\n" not in text:
        return _recased(text) if text.isupper() else None
    lines = text.split("\n")
    changed = [_recased(line) if _says_nothing(line) else line for line in lines]
    return "\n".join(changed) if changed != lines else None


def is_typed_in_lower_case(text: str, capitals: int) -> bool:
    """Say whether a text has so few capitalised words that it was typed without them."""
    return not text[:1].isupper() and capitals * _SPARSE < len(text)


def _says_nothing(line: str) -> bool:
    if line.isupper():
        return len(line) > _UPPER_LINE
    return len(line) > _LOWER_LINE and not line[0].isupper() and _CAPITALISED.search(line) is None


def _recased(line: str) -> str:
    """Return the line with capitals where a name may stand."""
    parts: list[str] = []
    done, named, before_name = 0, False, -1
    for match in _TOKEN.finditer(line):
        start, end = match.span()
        word, gap = match[0].lower(), line[done:start]
        beside = gap in {" ", "-", ". "}
        state = named and gap in {", ", " "} and (word in _STATE_NAMES or (gap == ", " and word in _STATES))
        name = may_name_a_place(word) or word in _STATE_NAMES
        if name and before_name >= 0 and beside:
            parts[before_name] = parts[before_name].capitalize()
        goes_on = named and beside and word in _BEHIND_A_NAME
        parts.append(gap)
        before_name = len(parts) if word in _HEADS else -1
        named = name or goes_on or state
        parts.append(word.upper() if state and len(word) == 2 else word.capitalize() if named else word)
        done = end
    return "".join(parts) + line[done:]


def lower_case_places(text: str, lower_words: frozenset[str], capitals: int) -> Iterator[Hit]:
    """Yield towns and facilities in lower case: "drove up from cedar rapids", "at dorling memorial hospital".

    `capitals` says how many capitalised words the text has.
    """
    if kinds := _KINDS & lower_words:
        yield from _facilities(text, kinds)
    lives, typed = not _RESIDENCE.isdisjoint(lower_words), is_typed_in_lower_case(text, capitals)
    if lives or typed or not _KEYS.isdisjoint(lower_words):
        yield from _towns(text, lives=lives, typed=typed)


def _towns(text: str, *, lives: bool, typed: bool) -> Iterator[Hit]:
    for match in _PREPOSITION.finditer(text):
        phrase = match["phi"].replace("-", " ").split(" ")
        start = match.start("phi")
        if phrase[0] not in LONGEST and phrase[0][-1] == ".":
            phrase = [phrase[0].rstrip(".")]  # the sentence ends: "in lordsburg. my"
        count = _known(phrase, typed=typed) if phrase[0] in LONGEST else 0
        if not count and lives and _CUED.search(text, max(0, start - 60), start - 1):
            count = _unknown(phrase)
        if count:
            yield Hit(start, start + len(" ".join(phrase[:count])), 0.5)


def _known(phrase: list[str], *, typed: bool) -> int:
    """Return how many words are a place of the gazetteer, or an ambiguous one of two in a `typed` text."""
    for count in range(len(phrase), 0, -1):
        name = " ".join(phrase[:count])
        kind = KNOWN.get(name)
        if (kind == ALONE and len(name) > 4) or (typed and kind == CUED and count > 1):
            return count
    return 0


def _unknown(phrase: list[str]) -> int:
    """Return how many words are a place by their forms: "tolleby", "new tolleby", "tolleby falls"."""
    head = phrase[0] in _HEADS and len(phrase) > 1
    if not may_name_a_place(phrase[head].rstrip(".")):
        return 0
    return head + 1 + (len(phrase) > head + 1 and phrase[head + 1] in _LANDSCAPES)


def _facilities(text: str, kinds: frozenset[str]) -> Iterator[Hit]:
    for at, end in _kinds(text, kinds):
        if before := _LAST_WORDS.search(text, max(0, at - 60), at - 1):
            words = before[0].split(" ")
            first = len(words)
            while first and words[first - 1] in _MIDDLE:
                first -= 1
            count = _name_before(words[:first])
            if count or (first < len(words) and words[first] in _NAMES_BY_THEMSELVES):
                yield Hit(at - 1 - len(" ".join(words[first - count :])), end, 0.6)
                continue
        capitals = _CAPITALS_BEFORE.search(text, max(0, at - 60), at)
        if capitals and _names_a_facility(capitals["name"].split(), text[at:end]):
            yield Hit(capitals.start(), end, 0.6)


def _kinds(text: str, kinds: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield where a kind of facility stands in lower case with a word before it: "hospital", "nursing home"."""
    for kind in kinds:
        at = text.find(f" {kind}")
        while at >= 0:
            end = at + 1 + len(kind)
            if not text[end : end + 1].isalnum():
                start = text.rfind(" ", max(0, at - 12), at) + 1
                if kind not in _NOT_ALONE:
                    yield at + 1, end
                elif start and text[start:at] in _NOT_ALONE[kind]:
                    yield start, end
            at = text.find(f" {kind}", end)


def _names_a_facility(name: list[str], kind: str) -> bool:
    """Say whether capitalised words before a kind in lower case are a name: one unknown word, or two of any sort."""
    if any(word in NOT_A_NAME or word in NOT_A_PLACE or word.isupper() or is_medical(word.lower()) for word in name):
        return False
    if len(name) > 1 and kind in _OF_ANY_NAME:
        return not any(word.lower() in _BEHIND_A_NAME and word.lower() not in _LANDSCAPES for word in name)
    return kind not in {"clinic", "hosp"} and any(may_name_a_place(word.lower()) for word in name)


def _may_begin(word: str) -> bool:
    return word in KNOWN and word not in {"mobile", "normal", "summit"} and not _is_term(word)


def _is_term(word: str) -> bool:
    return bool(kind_of(word) & NO_NAME) or is_medical(word)


def _name_before(words: list[str]) -> int:
    """Return how many of the last words are a name: a saint's, a place's, an unknown one."""
    if len(words) > 1 and words[-2].rstrip(".") in {"st", "saint", "mt", "mount", "ft", "fort", "sacred", "good"}:
        return 2
    for count in (3, 2):
        if len(words) >= count and KNOWN.get(" ".join(words[-count:])) in {ALONE, SYSTEM}:
            return count
    if len(words) > 2 and words[-3] in {"at", "to", "from"} and _may_begin(words[-2]) and not _is_term(words[-1]):
        return 2
    word = words[-1].rstrip(".").removesuffix("'s") if words else ""
    return int(bool(word) and (may_name_a_place(word) or KNOWN.get(word) in {ALONE, SYSTEM}))
