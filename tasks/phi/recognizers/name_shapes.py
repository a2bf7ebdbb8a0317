"""What a personal name looks like in text, and what only looks like one: an eponym, a citation.

Shapes are for normalised text: accents are folded before, so that letters are A to Z. It does not say who is a person:
that is for lists and cues.
"""

import re
from typing import NamedTuple

from tasks.phi.recognizers.words import EPONYM_HEADS, TERM, kind_of

_MIXED = re.compile(
    r"(?:Ma?c|O'|D'|De|Di|Du|La|Le|Fitz|Van|Von|St|Al|El|Ben|Bar)?(?:[A-Z][a-z]{2,}|[A-Z]{2,})"
    r"(?:['-](?:(?:Ma?c|O'|D'|De|La|Le)?[A-Z]?[a-z]+|[A-Z]+))*|[A-Z][a-z]*[A-Z][a-z]{3,}"
)
# one scan of capitalised words: a character set first, its boundary behind it, so that the search jumps
_CAPITALISED = re.compile(r"[A-Z](?:(?<![\w-][A-Z])|(?<=\s[aeu]l-[A-Z]))[A-Za-z]*(?:['-][A-Za-z]+)*(?![\w])")
PARTICLES = frozenset(
    [
        "van",
        "von",
        "de",
        "del",
        "della",
        "der",
        "den",
        "da",
        "dos",
        "das",
        "do",
        "di",
        "du",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
        "ben",
        "bint",
        "ten",
        "ter",
        "ap",
        "y",
        "e",
        "san",
        "st",
    ]
)
_TWO = ["van der", "van den", "van de", "de la", "de los", "de las", "von der", "de l"]
JOINS = frozenset(
    [
        " ",
        "  ",
        "\t",
        *(f" {p} " for p in PARTICLES),
        *(f" {p} " for p in _TWO),
        " al-",
        " el-",
        ' "',
        '" ',
        " (",
        ") ",
        ' ("',
        '") ',
    ]
)
AFTER_AN_INITIAL = frozenset((". ", ".", ".-"))
_HEADS = frozenset(head.lower() for head in EPONYM_HEADS)
_FOLLOWING = re.compile(r"(?:'s|s')?(?:\s{1,2}|-)(?:and\s+[A-Z]\w+\s+)?([A-Za-z]+)(?:[\s-]([A-Za-z]+))?", re.IGNORECASE)
_OPERATION = re.compile(
    r"\w{2,}(?:ectomy|plasty|otomy|ostomy|itis|oma|osis|pathy|pexy|desis|ization|olysis|(?:kin|synth|transfer|reduct|hydrol|oxid|prote|phosphat|polymer)ases?)"
)
_NO_HEAD_AFTER = frozenset(["has", "had", "with", "for", "is", "was", "and", "on", "in", "by", "the", "a", "to", "of"])
_CITED = re.compile(
    r"(?:,?\s+(?:et al|and colleagues|and co-?workers|and [A-Z]\w+,?\s+(?:[A-Z]+\s+)?\(?\d{4}|& [A-Z]\w+,?\s+\(?\d{4})"
    r"|\s+\(?(?:19|20)\d\d\)?(?![-/\d])|\s+[A-Z]{1,2}, |, [A-Z]\s?\. ?[A-Z]\s?\."
    r"|, [A-Z]\s?\., (?:and )?[A-Z][a-z]+, [A-Z]\s?\."
    r"|, (?!Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[A-Z][\w.]*(?: [A-Z][\w.]*){0,4} \(?(?:19|20)\d\d\b)"
)


class Word(NamedTuple):
    """A capitalised word (characters, half-open; its possessive left out) and what the lists know of it."""

    start: int
    end: int
    text: str
    kind: int

    @property
    def is_initial(self) -> bool:
        """Say whether it is one letter."""
        return self.end - self.start == 1


def capitalised_words(text: str) -> list[Word]:
    """Return the capitalised words of a text in order, those in capitals too."""
    words = []
    new = tuple.__new__  # twice as quick as the constructor, once for each word
    for match in _CAPITALISED.finditer(text):
        word = match.group()
        start, end = match.span()
        if word[-2:] in ("'s", "'S"):
            word = word[:-2]
            end -= 2
        if text[start - 1 : start] == "-":  # al-Masri
            start -= 3
        kind = kind_of(word.lower())
        if not (word.istitle() or word.isupper() or _MIXED.fullmatch(word)):  # mRNA-like: "LpA", "EADs"
            kind = TERM
        words.append(new(Word, (start, end, word, kind)))
    return words


def is_eponym(text: str, end: int) -> bool:
    """Say whether a disease, method or thing follows, as in "Hodgkin's lymphoma" or "Marie Tooth"."""
    if text[end : end + 1] not in (" ", "'", "-", "s", "\n"):
        return False
    following = _FOLLOWING.match(text, end, end + 60)
    if following is None:
        return False
    first, second = following[1].lower(), (following[2] or "").lower()
    return (
        first in _HEADS
        or _OPERATION.fullmatch(first) is not None
        or (
            second in _HEADS
            and first not in _NO_HEAD_AFTER
            and not first.endswith(("s", "ed"))
            and not following[1].istitle()
        )
    )


def is_cited(text: str, end: int) -> bool:
    """Say whether a single name is an author: "Thomas et al.", "Martin (2015)", "Henry and Lee, 2015"."""
    return _CITED.match(text, end, end + 50) is not None


def is_compound(text: str, start: int, end: int) -> bool:
    """Say whether a name is part of a compound, as in "anti-Smith" or "Smith-like"."""
    return text[start - 1 : start] == "-" or (text[end : end + 1] == "-" and text[end + 1 : end + 2].isalnum())
