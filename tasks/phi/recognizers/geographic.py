"""Places smaller than a state (45 CFR 164.514(b)(2)(i)(B)): addresses, cities, ZIP codes, and facilities by name.

Puts together what `addresses.py`, `facilities.py`, `cities.py` and `cues.py` find, and adds streets without a number,
counties, neighbourhoods and labelled fields. A capitalised phrase is found by knowing it (`places.py`), by its end, or
by the words around it. It does not cover unknown places without such surroundings, nor lower-case places other than
those of the gazetteer. Countries and states stay, and so do things named for places ("Boston criteria").
"""

import re
from collections.abc import Iterable, Iterator

from tasks.phi.recognizers.addresses import (
    ADDRESS_RULES,
    ADDRESS_WORD_RULES,
    ALL_STATES,
    CLEAR_STATES,
    CLEAR_STREETS,
    STATE_NAMES,
    ZIP,
    ZIP_AFTER,
)
from tasks.phi.recognizers.cities import is_run, known_places, named_again
from tasks.phi.recognizers.cues import after_a_cue
from tasks.phi.recognizers.facilities import FACILITY_WORD_RULES, FACILITY_WORDS, facilities
from tasks.phi.recognizers.places import (
    KNOWN,
    STATE,
    SYSTEM,
    Word,
    WordRules,
    capitalised,
    may_name_a_place,
    names_a_thing,
    plain,
    vocabulary,
    word_list,
)
from tasks.phi.recognizers.rules import Hit, Rule, RuleRecognizer, lowered
from tasks.phi.recognizers.uncased_places import lower_case_places, recased
from tasks.phi.recognizers.words import NO_NAME, NOT_A_NAME, NOT_A_PLACE, TERM, is_medical, kind_of

_DIVISIONS = frozenset(
    ("county", "township", "borough", "parish", "heights", "reservation", "pueblo", "rancheria", "barrio")
)
_STREETS = frozenset(CLEAR_STREETS.split("|")) - {"drive", "court", "terrace", "crescent"} | {"drive"}
_LANDSCAPES = word_list("landscapes") - _DIVISIONS - _STREETS
_ALSO_OF_THE_BODY = frozenset(
    (
        "junction",
        "point",
        "ridge",
        "island",
        "bridge",
        "corner",
        "corners",
        "bay",
        "crossing",
        "landing",
        "park",
    )
)
_ENDS = FACILITY_WORDS | _STREETS | _DIVISIONS | _LANDSCAPES
_BEFORE_A_LANDSCAPE = re.compile(
    r"\b(?:at|in|from|near|to|on|along|by|outside|around|over|into|across|through|of|down|up|off|is)(?: the)? $",
    re.IGNORECASE,
)
_JOIN = re.compile(r"(?:,?[ ](?:in|at|of|near|on)(?:[ ](?:the|downtown))?[ ]|,?\s{1,20}|,|[ ]?[-/][ ]?)$")
_TOWN_AFTER = re.compile(
    r",?\s{1,3}(?:[A-Za-z.]+[ ]){0,2}[A-Za-z.]+"
    # in lower case some are words: "at 12 larch ln. my mom is in"
    rf"(?:(?:,[ ](?i:{ALL_STATES})|[ ](?:{ALL_STATES})|[ ](?i:{CLEAR_STATES})|,?[ ](?i:{STATE_NAMES}))"
    rf"(?:[., ]+{ZIP})?(?![\w-])|[ ]{ZIP})"
)
_TOWN_ALONE = re.compile(r",[ ](?P<town>[A-Za-z]{4,}(?:[ ][A-Za-z]{3,})?)(?=[.,;)\n]|$)")
# "St. Brendan's in Tolleby": behind a place, what may be one is one.
_IN_A_TOWN = re.compile(r"[ ](?:in|IN)[ ]([A-Za-z]{4,})(?![\w'-])(?:,[ ](?:" + ALL_STATES + r")(?!\w))?")
_MARK = re.compile(r"[:|]")
_VALUE = re.compile(r"[ \t]*(?P<phi>[A-Za-z0-9][^\n,;|()\[]{2,60}?)(?=[ \t]*(?:$|[\n,;|()\[]|[ ]{3}|\.[ \n]))")
_TOWN_OF_A_FACILITY = re.compile(r",[ ](?P<phi>[A-Z][a-z]+(?:[ ][A-Z][a-z]+)?)(?=[ \t]*(?:$|[\n,;|(]|[ ]{3}|\.[ \n]))")
_FACILITY_LABELS = frozenset(("pharmacy", "hospital", "clinic", "facility", "school", "church", "employer", "home"))
_LABEL_STOP = re.compile(r"[\n|.;,]|[ ]{3}")
# These are labels only beside one of these words: "place of birth", "nursing home".
_QUALIFIED = {"birth": {"place"}, "employment": {"place"}, "home": {"funeral", "nursing"}}
_LABELS = word_list("place_labels")
_LABEL_WORDS = word_list("place_label_words")
_WORD_RULES = WordRules(
    {
        **ADDRESS_WORD_RULES,
        **FACILITY_WORD_RULES,
        "neighborhood neighbourhood district suburb suburbs barrio borough": Rule(
            re.compile(
                r"[A-Z](?<!\w[A-Z])\w+(?:[ ][A-Z]\w+){0,2}[ ](?:neighbou?rhood|district|suburbs?"
                r"|barrio|borough)\b"
            ),
            0.7,
            (),
            lambda phi: phi.split()[0] not in NOT_A_NAME | NOT_A_PLACE,
        ),
    }
)


class GeographicRecognizer(RuleRecognizer):
    """Addresses, cities, ZIP codes and facilities."""

    category = "GEO"
    rules = ADDRESS_RULES

    def find(self, text: str) -> Iterable[Hit]:
        """Return places, joined where only "in", a comma or a space lies between them."""
        words = capitalised(text)
        hits = self._places(text, words)
        lower_words = vocabulary(text).difference([word for _, _, word in words])
        hits += lower_case_places(text, lower_words, len(words))
        if rewritten := recased(text, words):
            hits += self._places(rewritten, capitalised(rewritten))
        return _joined(text, hits) if hits else hits

    def _places(self, text: str, words: list[Word]) -> list[Hit]:
        hits = [hit for rule in self.rules for hit in rule.hits(text)]
        hits += _WORD_RULES.hits(text)
        hits += _labelled(text)
        ends = [i for i, (_, _, word) in enumerate(words) if word in _ENDS]
        hits += facilities(text, words, ends)
        hits += _streets_and_divisions(text, words, ends)
        rest = _outside(words, hits) if hits else words
        hits += known_places(text, rest)
        hits += after_a_cue(text, rest)
        hits += _landscapes(text, words, ends, hits)
        hits += named_again(text, words, hits)
        return hits


def _outside(words: list[Word], hits: list[Hit]) -> list[Word]:
    """Return the words that lie in no hit, so that none is looked at twice."""
    rest: list[Word] = []
    done = at = 0
    spans = sorted(hits)
    for word in words:
        while at < len(spans) and spans[at].start <= word[0]:
            done = max(done, spans[at].end)
            at += 1
        if word[0] >= done:
            rest.append(word)
    return rest


def _streets_and_divisions(text: str, words: list[Word], ends: list[int]) -> Iterator[Hit]:
    """Yield "Larch Street" and "Quexal County": a capitalised name before the word."""
    for i in ends:
        _, end, word = words[i]
        if word in _STREETS or word in _DIVISIONS:
            first = _first_of_run(text, words, i)
            if first < i and (word not in {"st", "drive"} or text[words[i - 1][0] : words[i - 1][1]].isalpha()):
                yield Hit(words[first][0], end, 0.7)


def _landscapes(text: str, words: list[Word], ends: list[int], hits: list[Hit]) -> list[Hit]:
    """Return "on Quexal Lake" and the like that no hit covers: a name between a preposition and the word."""
    found = []
    for i in ends:
        _, end, word = words[i]
        first = _first_of_run(text, words, i) if word in _LANDSCAPES else i
        start, _, name = words[first]
        if (
            first < i
            and _names_a_landscape(name, word)
            and KNOWN.get(name) != STATE  # the Ohio River Valley is larger than a state
            and _BEFORE_A_LANDSCAPE.search(text, max(0, start - 14), start)
            and not any(hit.start < end and start < hit.end for hit in hits)
        ):
            found.append(Hit(start, end, 0.6))
    return found


def _first_of_run(text: str, words: list[Word], i: int) -> int:
    """Return the first, at most three back, of the capitalised words that word `i` ends."""
    first = i
    while first > 0 and i - first < 3 and is_run(text, words, first):
        first -= 1
    return first


def _names_a_landscape(first: str, end: str) -> bool:
    """Say whether a word may begin a landscape's name: any but medicine's, and no plain one before a joint."""
    kind = kind_of(first)
    if kind & NO_NAME or is_medical(first) or (kind & TERM and first not in KNOWN):
        return False
    return end not in _ALSO_OF_THE_BODY or may_name_a_place(first)


def _labelled(text: str) -> Iterator[Hit]:
    """Yield the values of fields: "Employer: Dorling Mill", "| Sending facility | Larkmoor |"."""
    if (":" not in text and "|" not in text) or _LABELS.isdisjoint(vocabulary(text)):
        return
    for mark in _MARK.finditer(text):
        before = lowered(text)[max(0, mark.start() - 32) : mark.start()]
        label = _LABEL_STOP.split(before.rstrip(" |"))[-1].split()
        if label and label[-1] == "name":
            label.pop()
        if not label or label[-1] not in _LABELS or not all(word.strip("*-•>") in _LABEL_WORDS for word in label[:-1]):
            continue
        if label[-1] in _QUALIFIED and not _QUALIFIED[label[-1]] & {*label}:
            continue
        value = _VALUE.match(text, mark.end())
        if value and _is_value(value["phi"], digits=label[-1] in {"address", "residence"}):
            town = _TOWN_OF_A_FACILITY.match(text, value.end("phi")) if label[-1] in _FACILITY_LABELS else None
            yield Hit(
                value.start("phi"),
                town.end("phi") if town and _is_value(town["phi"], digits=False) else value.end("phi"),
                0.8,
            )


def _is_value(value: str, *, digits: bool) -> bool:
    """Say whether a field's value begins as a place does: with a capital and no word of the clinic, or a number."""
    if value[0].isdigit():
        return digits and len(value) > 4
    first = value.split(maxsplit=1)[0].strip(".").capitalize()
    return value[0].isupper() and (first == "First" or (first not in NOT_A_NAME and first not in NOT_A_PLACE))


def _joined(text: str, hits: list[Hit]) -> Iterator[Hit]:
    """Join hits between which only "in", a comma or a space lies, and take the ZIP code that follows one."""
    current: Hit | None = None
    for hit in sorted(hits):
        if current and (hit.start <= current.end or _JOIN.fullmatch(text, current.end, hit.start)):
            current = Hit(current.start, max(current.end, hit.end), max(current.score, hit.score))
        else:
            if current:
                yield _with_zip(text, current)
            current = hit
    if current:
        yield _with_zip(text, current)


def _with_zip(text: str, hit: Hit) -> Hit:
    """Take the town, state and ZIP code that follow an address, the town alone, or the ZIP code alone."""
    rest = ZIP_AFTER.match(text, hit.end) or (_TOWN_AFTER.match(text, hit.end) if hit.score >= 0.8 else None)
    if not rest and hit.score >= 0.6 and (town := _IN_A_TOWN.match(text, hit.end)):
        rest = town if may_name_a_place(town[1].lower()) and not names_a_thing(text, town.end()) else None
    if not rest and hit.score >= 0.8 and (town := _TOWN_ALONE.match(text, hit.end)):
        rest = town if KNOWN.get(plain(town["town"]), SYSTEM) not in {SYSTEM, STATE} else None
    return Hit(hit.start, rest.end(), hit.score) if rest else hit
