"""Places that nobody knows, after words that only a place follows: "lives in", "transferred from", "seen at".

Also says for a known but ambiguous place ("Reading", "Mobile") whether such words stand before it. It does not cover
capitalised words after a preposition alone, nor phrases in lower case.
"""

import re
from collections.abc import Iterator

from tasks.phi.recognizers.places import (
    AFTER_PLACE,
    KNOWN,
    STATE,
    Word,
    may_name_a_place,
    names_a_thing,
    plain,
    shouted,
    word_list,
)
from tasks.phi.recognizers.rules import Hit
from tasks.phi.recognizers.words import NOT_A_NAME, NOT_A_PLACE, is_english, is_medical

_RESIDENCE = word_list("cues_of_residence")
_PEOPLE = word_list("cues_of_people")
_CARE = _RESIDENCE | word_list("cues_of_care")
_OF = word_list("cues_before_of")
_NEARBY = frozenset(("at", "in", "to", "from", "near", "outside", "around", "between", "of", "by", "for", "@"))
_DETERMINERS = frozenset(("the", "our", "their", "his", "her", "my", "a"))
# The four characters before a place: one look leaves out most words.
_PREPOSITIONS = frozenset(
    (
        " at ",
        " in ",
        " to ",
        "rom ",
        "ear ",
        "ide ",
        "und ",
        "een ",
        " of ",
        " by ",
        "for ",
        "the ",
        "our ",
        "his ",
        "her ",
    )
)
_BEFORE_PLACES = _PREPOSITIONS | frozenset(ending.upper() for ending in _PREPOSITIONS)
_OF_PLACE = frozenset(("in", "from", "near", "at", "outside", "@"))
_OF_CARE = frozenset(("at", "@", "to", "from"))
_FOR_AN_EMPLOYER = frozenset(("works", "worked", "working", "drives", "drove", "driver", "truck", "drives"))
_AGE = re.compile(r"\d{1,3},")  # Ms. Brask, 66, of Dorling
_AGE_AND_SEX = re.compile(r"\(?\d{1,3}\W?(?:y/?o)?[MFmf],?")
_IN_CARE = re.compile(
    r"[ ](?:ED|ER|VA|VAMC|ICU|SNF|hospital|clinic|jail|office|nursing home|rehab|airport|school|pharmacy|police)\b"
)
_IS = frozenset(("is", "was", "are", "comes", "hails", "originally"))
_WHO = frozenset(("patient", "pt", "he", "she", "they", "family", "mother", "father", "wife", "husband", "who"))
_PLACE_WORD = re.compile(r"[A-Z][a-z]+(?:[A-Z]?[a-z]+|'[a-z]+)*$")
_JOINERS = frozenset(
    (" ", "-", " & ", " of ", " and ", ". ", " du ", " de ", " la ", " del ", "-by-the-", "-on-the-", "-on-", "-upon-")
)
_INSIDE = word_list("inside_an_unknown_place")
# Words that begin the name of a place though they are none alone.
_FIRST = word_list("first_words_of_a_place")
_INSIDE_IN_CAPITALS = word_list("landscapes") | frozenset(word.lower() for word in _INSIDE)
# A word with such an end is a place after a preposition alone, unless it is known for something else.
_ENDINGS = tuple(word_list("endings_of_places"))
_KINDS = word_list("facility_ends")  # "to Church" names none
_DEMONYMS = ("ican", "sian", "pean", "rian", "nian", "lian", "ians", "icans", "eans")  # South Asian
_HEADS = word_list("heads_of_places")
_ROOM = re.compile(
    r"[ ]\d{1,2}(?:[ ](?:North|South|East|West)\b|[A-Z]\b)?"
    r"(?=[.,;)\n]|$|[ ](?:for|on|with|overnight|this|at|after|to|in|and|today|from|where|w/)(?!\w))"
)
_CONTINENTS = frozenset(
    ("North America", "South America", "Central America", "West Africa", "New Zealand", "South Africa")
)


def cue_before(text: str, start: int) -> int:
    """Return 2 after "lives in" and the like, 1 after a preposition of place alone, 0 otherwise."""
    if not _after_a_preposition(text, start):
        return 0
    before = text[max(0, start - 70) : start].split()
    if before and before[-1].lower() in _DETERMINERS:
        before.pop()
    if not before or before[-1].lower() not in _NEARBY or before[-2:-1] == ["according"]:
        return 0
    preposition = before.pop().lower()
    if preposition == "by":
        return 2 * (before[-1:] == ["employed"])
    if preposition == "for":
        return 2 * (not _FOR_AN_EMPLOYER.isdisjoint([word.lower() for word in before[-3:]]))
    near = preposition in {"near", "outside"} and text[start + 2 : start + 3].islower()
    if near or _has_cue(before, preposition):
        return 2
    return 1 if preposition in _OF_PLACE else 0


def _after_a_preposition(text: str, start: int) -> bool:
    return text[start - 4 : start] in _BEFORE_PLACES or text[start - 2 : start] == "@ "


def _has_cue(before: list[str], preposition: str) -> bool:
    """Say whether one of the last words of the sentence, nearer or farther with the preposition, is a cue."""
    if preposition == "of":
        return bool(before) and (before[-1].lower() in _OF or _AGE.fullmatch(before[-1]) is not None)
    if before and before[-1].lower() in _PEOPLE:
        return True
    if preposition == "from" and len(before) > 1 and before[-1].lower() in _IS and before[-2].lower() in _WHO:
        return True
    cues = _CARE if preposition in _OF_CARE else _RESIDENCE
    for word in reversed(before[-6 if preposition in {"at", "@"} else -3 :]):
        if word[-1] in ".;:!?" and len(word) > 3:
            return False
        if word.lower().strip(",(") in cues or (preposition == "from" and _AGE_AND_SEX.fullmatch(word)):
            return True
    return False


def after_a_cue(text: str, words: list[Word]) -> Iterator[Hit]:
    """Yield capitalised phrases that nobody knows, after words that only a place follows."""
    done = 0
    for i, (start, end, word) in enumerate(words):
        # inlined, because most words end here
        if start < done or (text[start - 4 : start] not in _BEFORE_PLACES and text[start - 2 : start] != "@ "):
            continue
        first = text[start:end]
        if not _may_be_a_place(text, first, start, end):
            continue
        cue = cue_before(text, start)
        if cue == 1 and _IN_CARE.match(text, end) and may_name_a_place(word):
            cue = 2
        if cue < 2 and not (cue and (first in _HEADS or (word.endswith(_ENDINGS) and may_name_a_place(word)))):
            continue
        last = i
        while last + 1 < len(words) and last - i < 4 and _follows(text, words, last):
            last += 1
        name = text[start : words[last][1]]
        if last == i and (first in NOT_A_NAME or first in _HEADS or not _may_stand_alone(text, word, start)):
            continue
        if cue < 2 and (
            not may_name_a_place(words[last][2]) or any(w[2].endswith(_DEMONYMS) for w in words[i : last + 1])
        ):
            continue
        done = words[last][1]
        if not names_a_thing(text, done) and KNOWN.get(plain(name)) != STATE and name not in _CONTINENTS:
            after = AFTER_PLACE.match(text, done) or _ROOM.match(text, done)
            yield Hit(start, after.end() if after else done, 0.6)


def _may_stand_alone(text: str, word: str, start: int) -> bool:
    """Say whether one word is a place by itself: not "in Bed", "the Army", "to Orthopedics"."""
    if word in KNOWN or "'" in word:
        return True
    if (is_medical(word) and not word.endswith(_ENDINGS)) or word.endswith(("ology", "iatry", "ics")) or word in _KINDS:
        return False
    return not (text.endswith((" in ", " the ", " IN ", " THE ", "the "), 0, start) and is_english(word))


def _may_be_a_place(text: str, first: str, start: int, end: int) -> bool:
    if first in NOT_A_NAME or first in NOT_A_PLACE:
        return first in _FIRST
    if first.isupper():
        if len(first) > 3 and shouted(text, start, end):
            return may_name_a_place(first.lower())
        # UWMC, but not a stage, a gene or an abbreviation before a word in lower case
        at = text[max(0, start - 9) : start].lower().endswith((" at ", " to ", " from ", " at the ", "@ "))
        return (
            at
            and 3 <= len(first) <= 6
            and first.isalpha()
            and not (is_english(first.lower()) and shouted(text, start, end))
            and re.match(r"[ ](?:on|in|for|with|and)\b|[.,;?)]|$", text[end : end + 5]) is not None
        )
    return len(first) > 2 and _PLACE_WORD.match(first) is not None


def _follows(text: str, words: list[Word], last: int) -> bool:
    after = words[last + 1]
    word = text[after[0] : after[1]]
    gap = text[words[last][1] : after[0]]
    if gap not in _JOINERS or (gap == ". " and words[last][2] not in {"st", "mt", "ft"}):
        return False
    if word.isupper() and (len(word) > 3 or is_english(after[2])):
        return after[2] in _INSIDE_IN_CAPITALS or may_name_a_place(after[2])
    return (word in _INSIDE or word not in NOT_A_NAME) and (word.isalpha() or "'" in word)
