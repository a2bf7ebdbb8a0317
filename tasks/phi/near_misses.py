"""What the detector let pass but a person may want to see: a wide, cheap net over the rest of a text.

It knows shapes alone, no lists of names or places: capitals in a row, a capital inside a sentence, a word behind a
title, long numbers, mixed codes, anything like a date, a street or an address, and what is left over beside a finding.
Most of what it brings is harmless; it serves review and proves nothing. It does not see a lower-case name without a
cue, an age, or a short number.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import NamedTuple

import regex

from tasks.placeholders import PLACEHOLDER
from tasks.records import PhiFinding

_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_NAME = r"(?:[\p{L}'’-]{1,25}|\.)"  # behind a capital: the rest of a name, or the point of an initial
# An earlier shape has a place before a later one. Every repetition is bounded.
_PATTERNS: MappingProxyType[str, regex.Pattern[str]] = MappingProxyType(
    {
        "address": regex.compile(r"[^\s@]{1,64}@[^\s@]{2,64}|://\S{2,80}|www\.\S{3,80}"),
        "date": regex.compile(
            rf"\d(?<!\w\d)\d?(?:[/.-]\d{{1,2}}[/.-]\d{{2}}(?:\d\d)?(?!\d)"
            rf"|(?:st|nd|rd|th)?(?: of)?[ -]{_MONTH}(?:,?[ -]\d{{2,4}})?)"
            rf"|\b{_MONTH} \d{{1,4}}(?:st|nd|rd|th)?(?:, ?\d{{4}})?"
        ),
        "number": regex.compile(r"\d(?<![\w.]\d)(?:\d{2,3}[ .)]{1,2}\d{3}[ .-]\d{4}|(?:-?\d){4,40})"),
        "code": regex.compile(r"\w(?<!\w\w)(?=[\w-]{0,40}\d[\w-]{0,40}\d[\w-]{0,40}\d)[\w-]{5,40}"),
        "street": regex.compile(r"\d(?<![\w.]\d)\d{0,4} \p{Lu}\p{Ll}{2,20}(?: \p{Lu}\p{Ll}{1,20}){0,2}"),
        "cue": regex.compile(
            r"(?i:\b(?:mr|mrs|ms|dr|miss|nurse|named|called|name is|lives in|born in|moved from|works at))"
            r"[.:]? {1,2}\K[\p{L}'’-]{2,30}"
        ),
        "pair": regex.compile(rf"\p{{Lu}}(?<![\w-]\p{{Lu}}){_NAME}(?:,? \p{{Lu}}{_NAME}){{1,3}}"),
        "word": regex.compile(r"(?<=[\p{Ll},;] )\p{Lu}[\p{L}'’-]{2,25}"),
    }
)


class Shape(NamedTuple):
    """What a kind of near miss most likely is, and how a person is told of it."""

    likely: str
    about: str


SHAPES = MappingProxyType(
    {
        "address": Shape("EMAIL", "like an address"),
        "date": Shape("DATE", "like a date"),
        "number": Shape("OTHER_ID", "a long number"),
        "code": Shape("OTHER_ID", "letters and digits"),
        "street": Shape("GEO", "like a street"),
        "cue": Shape("NAME", "behind a title or cue"),
        "pair": Shape("NAME", "capitals in a row"),
        "word": Shape("NAME", "a capital inside a sentence"),
        "beside": Shape("NAME", "beside a finding"),
    }
)
# Words that carry no name wherever they stand; without them half of the pairs would be sentence openings.
_COMMON = frozenset(
    {"a", "also", "an", "and", "any", "as", "at", "because", "but", "by", "during", "each", "for", "from", "has",
     "have", "he", "her", "his", "if", "in", "is", "it", "its", "my", "no", "not", "of", "on", "or", "our", "patient",
     "please", "pt", "she", "since", "so", "that", "the", "their", "then", "there", "these", "they", "this", "those",
     "to", "was", "we", "were", "what", "when", "where", "which", "while", "who", "with", "you", "your", "mr", "mrs",
     "ms", "dr", "miss", "prof"}
)  # fmt: skip
_FINDING, _NEAR, _PLACEHOLDER = 1, 2, 3


class NearMiss(NamedTuple):
    """Where something lies that was let pass, and of which shape it is; characters, half-open."""

    start: int
    end: int
    shape: str


def near_misses(text: str, findings: Sequence[PhiFinding]) -> list[NearMiss]:
    """Return what looks like something outside the findings and placeholders, in order, without overlaps."""
    taken = bytearray(len(text))
    for finding in findings:
        _take(taken, finding.start, finding.end, _FINDING)
    for match in PLACEHOLDER.finditer(text):
        _take(taken, *match.span(), _PLACEHOLDER)
    seen = []
    for shape, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            for near in _open(text, taken, match.start(), match.end(), shape):
                _take(taken, near.start, near.end, _NEAR)
                seen.append(near)
    return sorted(seen)


def _open(text: str, taken: bytearray, start: int, end: int, shape: str) -> Iterator[NearMiss]:
    """Yield the parts of a match that nothing covers yet, without the common words at their ends."""
    covered = taken[start:end]
    if _NEAR in covered or _PLACEHOLDER in covered:
        return
    if any(covered):
        shape = "beside"
    at = start
    while at < end:
        stop = taken.find(_FINDING, at, end)
        stop = end if stop < 0 else stop
        first, last = _core(text, at, stop)
        if last - first >= 2:
            yield NearMiss(first, last, shape)
        at = stop + 1


def _core(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a part's borders without punctuation and common words before and behind."""
    words = [match.span() for match in regex.finditer(r"[\w.@'’/:-]+", text, pos=start, endpos=end)]
    while words and _is_common(text, *words[0]):
        words.pop(0)
    while words and _is_common(text, *words[-1]):
        words.pop()
    if not words:
        return start, start
    start, end = words[0][0], words[-1][1]
    while start < end and not _is_letter(text[end - 1]):
        end -= 1
    while start < end and not _is_letter(text[start]):
        start += 1
    return start, end


def _is_common(text: str, start: int, end: int) -> bool:
    word = text[start:end].strip(".'’:/-").lower()
    return not word or word in _COMMON


def _is_letter(character: str) -> bool:
    """Say whether it is part of a word: a letter, a digit, or an accent of its own."""
    return unicodedata.category(character)[0] in "LNM"


def _take(taken: bytearray, start: int, end: int, mark: int) -> None:
    taken[start:end] = bytes([mark]) * (end - start)
