"""The gazetteer and the one scan of capitalised words that the geographic rules share.

Known are the cities and health systems of `lists.yaml`, the two files of `lists/` (GeoNames, CC BY 4.0) and the
states. A place whose name is hardly anything else counts alone; one that is also a word, a surname or a term of
medicine counts only with a cue. It does not cover places below 500 people, or below 100,000 outside English-speaking
countries; for those the words around them have to speak.
"""

import functools
import re
import string
from pathlib import Path

import yaml

from tasks.phi.recognizers.rules import Hit, Rule, lowered
from tasks.phi.recognizers.words import (
    CITIES,
    CREDENTIAL,
    EPONYM_HEADS,
    HEALTH_SYSTEMS,
    NO_NAME,
    ORDINARY,
    STATES,
    TERM,
    is_medical,
    kind_of,
)

_FOLDER = Path(__file__).parent / "lists"
_WORDS: dict[str, str] = yaml.safe_load((_FOLDER / "geographic.yaml").read_text(encoding="utf-8"))

# A capitalised word: where it starts and ends, and its letters in lower case.
Word = tuple[int, int, str]

_CAPITALISED = re.compile(r"[A-Z](?<!\w[A-Z])(?<!\w'[A-Z])\w*(?:'\w+)?")

ALONE, CUED, SYSTEM, STATE = "alone", "cued", "system", "state"


_LETTERS_ONLY = bytes(c if chr(c) in string.ascii_lowercase else 32 for c in range(256))


@functools.lru_cache(maxsize=2)
def vocabulary(text: str) -> frozenset[str]:
    """Return the words of a text in lower case, computed once for all the rules that need one of theirs in it."""
    return frozenset(lowered(text).encode("ascii", "replace").translate(_LETTERS_ONLY).decode("ascii").split())


class WordRules:
    """Rules that need one of their words in the text: one set of words decides, instead of a search for each."""

    def __init__(self, rules: dict[str, Rule]) -> None:
        """Take each rule under its words, which are separated by spaces."""
        self.rules = tuple(rules.values())
        self._needing: dict[str, list[Rule]] = {}
        for words, rule in rules.items():
            for word in words.split():
                self._needing.setdefault(word, []).append(rule)
        self._words = frozenset(self._needing)

    def hits(self, text: str) -> list[Hit]:
        """Return the hits of the rules whose words occur."""
        rules = {id(rule): rule for word in self._words & vocabulary(text) for rule in self._needing[word]}
        return [hit for rule in rules.values() for hit in rule.hits(text)]


def capitalised(text: str) -> list[Word]:
    """Return the capitalised words in order; a hyphen or a full stop ends a word."""
    return [(*match.span(), match[0].lower()) for match in _CAPITALISED.finditer(text)]


def word_list(name: str) -> frozenset[str]:
    """Return a list of `lists/geographic.yaml`."""
    return frozenset(_WORDS[name].split())


def plain(phrase: str) -> str:
    """Return a phrase as the gazetteer's key: lower case, single spaces, no possessive."""
    key = phrase.lower()
    if " " in key:
        key = " ".join(key.split())
    return key[:-2] if key.endswith("'s") and key not in KNOWN else key


def _read(name: str) -> list[str]:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return "|".join(lines).split("|")


def _gazetteer() -> dict[str, str]:
    kinds = dict.fromkeys(_read("places_with_a_cue.txt"), CUED) | dict.fromkeys(_read("places.txt"), ALONE)
    kinds |= dict.fromkeys(CITIES, ALONE) | dict.fromkeys(HEALTH_SYSTEMS, SYSTEM)
    known = {phrase.lower().rstrip("."): kind for phrase, kind in kinds.items()}
    for long, short in (("saint", "st"), ("fort", "ft"), ("mount", "mt")):
        whole = {phrase.removeprefix(long): kind for phrase, kind in known.items() if phrase.startswith(f"{long} ")}
        whole |= {phrase[3:]: kind for phrase, kind in known.items() if phrase.startswith(f"{short}. ")}
        known |= {form + rest: kind for rest, kind in whole.items() for form in (long, short, f"{short}.")}
    for state in STATES - CITIES:
        known[state.lower()] = STATE
    return known


KNOWN = _gazetteer()


# Words with these ends are medicine's: peritoneal, affective.
_ADJECTIVES = ("eal", "inal", "onal", "eral", "ical", "ular", "ic", "ive", "ous", "ory", "ary", "able", "ible", "ally")


def may_name_a_place(word: str) -> bool:
    """Say whether a word in lower case is of the gazetteer, a name, or unknown, but no word and no term of medicine."""
    kind = kind_of(word)
    if kind & (ORDINARY | NO_NAME | CREDENTIAL):
        return False
    if kind & TERM:
        return KNOWN.get(word, STATE) != STATE
    return len(word) > 3 and not is_medical(word) and (word in KNOWN or not word.endswith(_ADJECTIVES))


def _longest() -> dict[str, int]:
    """Return by its first word how many capitalised words the longest known phrase has."""
    longest: dict[str, int] = {}
    for phrase in KNOWN:
        words = re.findall(r"\w+(?:'\w+)?", phrase)
        longest[words[0]] = max(longest.get(words[0], 0), len(words))
    return longest


LONGEST = _longest()


def known_at(text: str, words: list[Word], i: int) -> tuple[str, int]:
    """Return the kind of the longest known phrase that starts at word `i` and how many words it has, or ("", 0)."""
    start, _, word = words[i]
    for count in range(min(LONGEST.get(word, 0), len(words) - i), 1, -1):
        if kind := KNOWN.get(plain(text[start : words[i + count - 1][1]])):
            return kind, count
    kind = KNOWN.get(word) or KNOWN.get(word.removesuffix("'s"), "")
    return kind, int(bool(kind))


_AROUND = 160  # characters of a line that are looked at; a line without end would be read for each of its words


def shouted(text: str, start: int, end: int) -> bool:
    """Say whether the words stand in capitals inside a line of capitals, where capitals mean nothing."""
    ahead = max(0, start - _AROUND)
    line_start = max(ahead, text.rfind("\n", ahead, start) + 1)
    line_end = text.find("\n", end, end + _AROUND)
    return text[line_start : line_end if line_end >= 0 else end + _AROUND].isupper()


# What may go on behind a place: it makes a facility or an area of it.
AFTER_PLACE = re.compile(
    r"(?:[ ](?:downtown|uptown|midtown|north|south|east|west|main|metro|outreach|outpatient|community"
    r"|satellite))?[ ](?:clinic"
    r"|office|hospital|campus|branch|facility|site|location|area|ER|ED|VA|VAMC|emergency department"
    r"|medical center|med center"
    r"|med ctr|suburbs?|county|metro|region|neighbou?rhood|district|nursing home|rehab|pharmacy|shelter"
    r"|practice|unit|ward|pavilion|church"
    r"|ICU|CCU|NICU|PICU|[Pp]ost-[Aa]cute|[Ss]ubacute|[Tt]ransitional [Cc]are)\b"
)
# Things named for places, beside the heads of other eponyms; the second kind also a word or two further on.
_THINGS = word_list("named_for_places")
_HEADS = EPONYM_HEADS | _THINGS
_FAR_HEADS = word_list("named_for_places_further_on")
_NEXT = re.compile(r"(?:'s)?[\s-]+(\w+)(?:[\s-]+(\w+))?(?:[\s-]+(\w+))?")


def names_a_thing(text: str, end: int) -> bool:
    """Say whether a thing named for a place follows: "Boston criteria", "Philadelphia chromosome"."""
    following = _NEXT.match(text, end)
    return following is not None and (
        following[1] in _HEADS or following[2] in _FAR_HEADS or following[3] in _FAR_HEADS
    )
