"""Names that no list holds: behind labels, under a closing, and, in a text that reads like a note, side by side.

Two capitalised words that no list of words, terms and places knows are a person in a clinical note and a method, a
gene or an author in an abstract. So a text is first asked whether it reads like a note (`note_evidence`: the words of
notes, letters and messages in it are counted), and only in one are unknown words names without a cue. It does not cover
a single unknown word without a cue, nor unlisted names in lower case without a label.
"""

import itertools
import re
from collections.abc import Iterator

from tasks.phi.recognizers.name_cues import LABELS, NOTE
from tasks.phi.recognizers.name_shapes import AFTER_AN_INITIAL, JOINS, PARTICLES, Word, is_cited, is_compound, is_eponym
from tasks.phi.recognizers.rules import Hit, lowered, occurs
from tasks.phi.recognizers.words import (
    CREDENTIAL,
    IS_GIVEN,
    IS_SURNAME,
    MAY_BE_GIVEN,
    NAMED,
    NO_NAME,
    ORDINARY,
    RARE,
    TERM,
    is_medical,
    kind_of,
    words_of,
)

_OF_NOTES = words_of("words_of_notes")
_OFTEN_IN_NOTES = words_of("words_often_in_notes")
_ALL_OF_NOTES = _OF_NOTES | _OFTEN_IN_NOTES


def note_evidence(words: list[Word], present: set[str]) -> int:
    """Return how much in a text speaks for a note: two for each word of notes alone, one for each of other texts too.

    `present` are the runs of lower-case letters in it.
    """
    seen = {word.text.lower() for word in words}
    seen |= present
    seen &= _ALL_OF_NOTES
    sure = len(seen & _OF_NOTES)
    return len(seen) + sure if sure else min(len(seen), NOTE - 1)  # a case report has mothers and sons too


# ── labels and closings ──────────────────────────────────────────────────────────────────────────────────────────

_SEPARATORS = (":", "=", "|", "\t", "....")
_PART = r"(?:[A-Za-z]\.|(?:[JS]r|St)\.|[A-Za-z](?:[A-Za-z'-]{0,30}[A-Za-z])?)"
_VALUE = re.compile(
    rf"(?:\.{{3,40}})?[ \t|*_]{{0,12}}(?P<phi>{_PART}(?:,?[ ]{{1,2}}(?:{_PART}|\"{_PART}\"|[(]{_PART}[)])){{0,4}})"
    r"(?=[ ]*(?:$|[\n|;()\t,/]|[ ]{2}|[.] |[.]$|[.]\n|[ ][-0-9]))"
)
_LAST_WORD = re.compile(r",? +([A-Za-z-]+)\.?$")
_CLOSING = re.compile(
    r"(?:sincerely|regards|respectfully|yours|truly|thank you|thanks|cordially|best|wishes)[,.]?[ \t]*\n\s{0,40}", re.I
)
_CLOSINGS = ("sincerely", "regards", "respectfully", "yours", "thank", "cordially", "best", "wishes")


def labelled_names(text: str) -> Iterator[Hit]:
    """Yield names behind the label of a person, in any case, and under a closing; one word only if it is listed."""
    for separator in _SEPARATORS:
        at = text.find(separator)  # four searches for a literal are quicker than one for a set
        while at >= 0:
            label = text[max(0, at - 24) : at].rstrip(" \t*_|")
            if label[max([label.rfind(c) for c in " \t\n|(/*"]) + 1 :].lower() in LABELS:
                yield from _value(text, at + 1, 0.8)
            at = text.find(separator, at + 1)
    if "\n" in text and occurs(_CLOSINGS, lowered(text)):
        for match in _CLOSING.finditer(text):
            yield from _value(text, match.end(), 0.7)


def _value(text: str, at: int, score: float) -> Iterator[Hit]:
    match = _VALUE.match(text, at)
    if match is None:
        return
    start = match.start("phi")
    value = match["phi"]
    while (behind := _LAST_WORD.search(value)) and kind_of(behind[1].lower()) & (CREDENTIAL | NAMED) == CREDENTIAL:
        value = value[: behind.start()]
    for cut in (len(value), value.rfind(","), value.find(",")):
        if cut > 0 and _is_labelled(value[:cut]):
            yield Hit(start, start + cut, score)
            return


def _is_labelled(value: str) -> bool:
    """Say whether a label's value is a name: one of its words unknown or listed, none a plain word."""
    told = known = plain = count = 0
    reversed_ = _REVERSED.match(value) is not None
    for part in value.replace(",", " ").replace('"', "").replace("(", "").replace(")", "").split():
        low = part.strip(".").lower()
        if len(low) == 1 or low in PARTICLES:
            continue
        kind = kind_of(low)
        if kind & CREDENTIAL and not kind & NAMED and count:
            continue
        count += 1
        if kind & NAMED:
            if kind & NO_NAME and not kind & (IS_GIVEN | IS_SURNAME):
                return False
            known += 1
            told += not kind & (ORDINARY | TERM)
        elif kind == ORDINARY and ((reversed_ and count == 2) or (known and '"' in value)):  # Grant, Autumn
            plain += 1
        elif kind & ~RARE or not _VOWEL.search(low):
            return False
        else:
            told += not kind and len(low) > 4 and not is_medical(low)
    if " " not in value:  # one word
        return told > 0 and known > 0 and len(value) > 3
    return known > 0 if plain else told > 0 or (count > 1 and reversed_ and known == count)


_REVERSED = re.compile(r"[A-Z][A-Za-z'-]+, [A-Z]")
_VOWEL = re.compile("[aeiouy]")

# ── side by side, in notes ───────────────────────────────────────────────────────────────────────────────────────

_OPENINGS = frozenset(("  ", ": ", "| ", "t "))  # the last of "pt "
_APART = frozenset(("  ", "\t"))
_AFTER_A_PREPOSITION = re.compile(
    r"(?:\b(?:by|ask|asked|asking|tell|page|call|d/w|w/|per|notify|(?<!\d )cc|thank|thanks|you|hi|dear"
    r"|covering) |\(|/ ?|> )$",
    re.I,
)
# Medicines, makers and shops follow these too: what no list has needs more behind it.
_AFTER_A_COMMON_WORD = re.compile(r"\b(?:from|with|and|or|to) $", re.I)
_SAID_OF_A_PERSON = re.compile(
    r"'s\b| (?:at|re|from|who|about|\(|is|was|will|has)\b|[,;] (?:who|he|she|his|her|my|RN|MD|NP|PA)\b", re.I
)
_BEFORE_ONE = re.compile(
    r"[.,;)\n:?!]|$|'s\b| (?:/|at|re|from|who|about|for|in|on|to|\(|RN|is|was|will|has|please|or)", re.I
)
_BEFORE_A_BRACKET = re.compile(r"([A-Za-z0-9]+) ?\($")
_GRADED = re.compile(r"(?:[Gg]rade|[Ss]tage|[Cc]lass|[Tt]ype) [^()\n]{1,6}\($")  # grade I (Author)
_STAMPED = re.compile(r"\d\d:?\d\d $")
_ENDS_AN_INITIAL = re.compile(r"[.,\n;)|]|[ ]{2}|$")
_YOUNGER = re.compile(r",? (?:Jr|Sr|II|III)\b\.?")
_LISTING = re.compile(r", [A-Z][a-z]")  # a third: a list, not a name
_BEGINS = frozenset("\n|:\t(>*-")


def is_unknown(word: Word) -> bool:
    """Say whether neither a list nor an ending knows a capitalised word, a rare word being known."""
    shouted = word.text.isupper()
    return (
        word.kind & ~NAMED == 0
        and len(word.text) > (4 if shouted else 2)
        and (bool(word.kind & NAMED) or not is_medical(word.text.lower()))
        and (shouted or word.text[1:].islower() or word.text[:2] in ("Mc", "O'", "D'", "Ma") or "-" in word.text)
        and _VOWEL.search(word.text.lower()) is not None
    )


def _is_sure(word: Word) -> bool:
    if word.kind & NAMED:
        return not word.kind & (ORDINARY | TERM | NO_NAME | CREDENTIAL) and (
            not word.text.isupper() or len(word.text) > 4
        )
    return is_unknown(word)


def names_in_notes(text: str, words: list[Word]) -> Iterator[Hit]:
    """Yield names that neither a list nor a cue tells: unknown words side by side, or one where persons stand."""
    at, count = 0, len(words)
    while at < count:
        last = at
        if _may_be(words[at]):
            while last + 1 < count and last - at < 4 and _joined(text, words[last], words[last + 1]):
                last += 1
        hit = _run(text, words[at : last + 1])
        if at + 1 < count and words[at].kind & (IS_GIVEN | MAY_BE_GIVEN) and (end := _plain_surname(text, words, at)):
            hit = Hit(words[at].start, end, 0.5)
        if hit:
            yield hit
        at = last + 1


# a number or a quality that begins the surname of some, as in "Two Rivers"
_IN_SURNAMES = frozenset(("Two", "Three", "Many", "One", "First", "Good", "White", "Black", "Red", "Little", "Big"))


def _plain_surname(text: str, words: list[Word], at: int) -> int:
    """Return where "Ray Little Thunder," ends: a given name, two ordinary words, a mark behind; 0 if it is none."""
    run = words[at : at + 3]
    plain = all(
        word.text.istitle() and (word.kind & (ORDINARY | NO_NAME) == ORDINARY or word.text in _IN_SURNAMES)
        for word in run[1:]
    )
    if len(run) < 3 or not plain or not run[0].text.istitle():
        return 0
    spaced = all(text[left.end : right.start] == " " for left, right in itertools.pairwise(run))
    return run[-1].end if spaced and text[run[-1].end : run[-1].end + 1] in _MARKS else 0


_MARKS = frozenset(",.;)\n'")


def _may_be(word: Word) -> bool:
    if word.is_initial:
        return True
    if word.text.lower() in PARTICLES and word.text.istitle():
        return True
    return _is_sure(word) or (
        bool(word.kind & NAMED) and not word.kind & (NO_NAME | CREDENTIAL) and not word.text.isupper()
    )


def _joined(text: str, last: Word, word: Word) -> bool:
    gap = text[last.end : word.start]
    if not _may_be(word):
        return False
    if gap in _APART:
        return False
    if last.is_initial:
        return gap in AFTER_AN_INITIAL or gap == " "
    if gap == ", ":  # Last, First
        if _LISTING.match(text, word.end):
            return False
        return text[last.start - 1 : last.start] in _BEGINS or text[last.start - 2 : last.start].lower() in _OPENINGS
    return gap in JOINS


def _run(text: str, run: list[Word]) -> Hit | None:  # noqa: PLR0911  # a list of cases, each with its answer
    while len(run) > 1 and run[0].kind & ORDINARY and not run[0].is_initial and _begins_a_sentence(text, run[0]):
        if run[0].kind & (IS_GIVEN | MAY_BE_GIVEN):
            break
        run = run[1:]
    while run and run[-1].is_initial and not _ENDS_AN_INITIAL.match(text, run[-1].end):
        run = run[:-1]
    if not run or not any(_is_sure(word) and not word.is_initial for word in run):
        return None
    start, end = run[0].start, run[-1].end
    if run[-1].is_initial and text[end : end + 1] == ".":
        end += 1
    if text[start - 2 : start - 1].isdigit() and run[0].is_initial:  # 1.2 L
        return None
    if is_eponym(text, end) or is_compound(text, start, end) or is_cited(text, end):
        return None
    whole = [word for word in run if not word.is_initial]
    if len(whole) > 1:
        if any(word.kind & TERM for word in whole) and len(whole) == 2 and text[whole[0].end] != ",":
            return None
        younger = _YOUNGER.match(text, end)
        return Hit(start, younger.end() if younger else end, 0.6)
    if len(run) > 1:
        if run[0].is_initial:  # "1.2 L. Will", "soft on the L. Abd"
            sided = (
                run[0].text in "LR"
                and not (whole[0].kind & NAMED and not whole[0].kind & ORDINARY)
                and (len(whole[0].text) < 5 or text[end : end + 2].strip().islower())
            )
            return Hit(start, end, 0.6) if text[run[0].end] == "." and not sided else None
        return Hit(start, end, 0.6) if text[end - 1] == "." else None
    return Hit(start, end, 0.5) if _stands_where_persons_do(text, whole[0]) else None


def _stands_where_persons_do(text: str, word: Word) -> bool:
    """Say whether one word stands as somebody who acts or is asked: "by X.", "(X, RN)", "16:58 X:"."""
    before = text[max(0, word.start - 16) : word.start]
    if text[word.end : word.end + 1] == ":" and _STAMPED.search(before):
        return True
    if _AFTER_A_COMMON_WORD.search(before):
        return (_BEFORE_ONE if word.kind & NAMED else _SAID_OF_A_PERSON).match(text, word.end) is not None
    if not _AFTER_A_PREPOSITION.search(before) or not _BEFORE_ONE.match(text, word.end):
        return False
    if _GRADED.search(before):
        return False
    bracket = _BEFORE_A_BRACKET.search(before)
    if bracket is None or word.kind & NAMED:
        return True
    low = bracket[1].lower()  # a medicine, and its brand in brackets
    kind = kind_of(low)
    return not (low[-1].isdigit() or kind & RARE or (not kind and (is_medical(low) or len(low) > 6)))


def _begins_a_sentence(text: str, word: Word) -> bool:
    left = text[max(0, word.start - 3) : word.start].rstrip(" ")
    return not left or left[-1] in ".\n:;!?-*"
