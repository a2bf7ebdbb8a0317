"""Names by list, and the further mentions of names that were found, as the name recognizer uses them.

A listed given name carries the capitalised words after it; names that are also words need a surname or an initial. It
does not cover names outside `lists.yaml`: for those the surroundings have to speak.
"""

import re
from collections.abc import Iterator

from tasks.phi.recognizers.name_shapes import INITIAL, PARTICLE, TITLE, WORD, is_eponym
from tasks.phi.recognizers.rules import Hit
from tasks.phi.recognizers.words import (
    CITIES,
    GIVEN,
    GIVEN_ALONE,
    GIVEN_WITH_A_CUE,
    NOT_A_NAME,
    ORDINARY_WORDS,
    STATES,
    SURNAMES,
)

_RUN = re.compile(
    rf"(?<![\w'-])(?:{WORD}|[A-Z]{{2,}})(?:[ \t]+{PARTICLE}{{0,2}}(?:{INITIAL}(?!\w)|{WORD}|[A-Z]{{2,}}))*"
)
_LOWER_PAIR = re.compile(r"(?<![\w'@.-])([a-z]{3,})\s+(?:[a-z]\.?\s+)?([a-z]{3,})(?![\w'@-])")
_LOWER_GIVEN = frozenset(name.lower() for name in GIVEN_ALONE if len(name) > 3)
_LOWER_SURNAMES = frozenset(name.lower() for name in SURNAMES)
_LAST_FIRST = re.compile(rf"(?<![\w-])({WORD}|[A-Z]{{2,}}),[ \t]+({WORD}|[A-Z]{{3,}})(?:[ \t]+[A-Z]\b\.?)?(?![\w-])")


def reads_like_a_name(words: str) -> bool:
    """Say whether lower-case words are a listed name, or at least none of them looks like prose."""
    parts = words.split()
    if any(part in _LOWER_GIVEN or part in _LOWER_SURNAMES for part in parts) and not set(parts) & ORDINARY_WORDS:
        return True
    prose = re.compile(r"\w*(?:s|ed|ing|ic|al|tion|ia|ly|ive|ent|ile|ure|itis|osis)")
    return not any(part.capitalize() in NOT_A_NAME or prose.fullmatch(part) for part in parts)


def listed(text: str) -> Iterator[Hit]:
    """Yield runs of capitalised words from a listed given name on."""
    for run in _RUN.finditer(text):
        words = [
            (run.start() + m.start(), run.start() + m.end(), m.group()) for m in re.finditer(r"[\w'-]+\.?", run.group())
        ]
        position = 0
        while position < len(words):
            size = _name_size([w for _, _, w in words[position:]], text, words[position][0])
            end = words[position + size - 1][1] - 2 * words[position + size - 1][2].endswith("'s") if size else 0
            if size and not is_eponym(text, end) and not _is_hyphenated(text, words[position][0], end):
                yield Hit(words[position][0], end, 0.85 if size > 1 else 0.6)
            position += max(size, 1)
    for match in re.finditer(
        rf"(?<![\w-])({WORD}|[A-Z]{{2,}}),[ \t]+({WORD}|[A-Z]{{3,}})(?:[ \t]+[A-Z]\b\.?)?(?![\w-])", text
    ):
        if match[1].title() in SURNAMES and match[2].title() in GIVEN and match[1].title() not in CITIES:
            yield Hit(*match.span(), 0.8)


def _name_size(words: list[str], text: str, start: int) -> int:
    """Return how many of the words, from the first, are one person's name; 0 if the first is no given name."""
    first = words[0].rstrip(".").removesuffix("'s")
    title = first.title() if first.isupper() and len(first) > 2 else first
    if title not in GIVEN:
        return 0
    size = 1
    surname = False
    while size < len(words) and size < 4:
        if words[size - 1].endswith("'s"):
            break
        word = words[size].rstrip(".").removesuffix("'s")
        cased = word.title() if word.isupper() and len(word) > 2 else word
        known = cased in SURNAMES or cased in GIVEN
        if len(word) == 1:
            surname = surname or words[size].endswith(".") or size + 1 == len(words)
        elif known or (
            not surname
            and first != first.upper()
            and cased not in NOT_A_NAME
            and not word.isupper()
            and cased not in STATES
        ):
            surname = True
        elif not word.islower():
            break
        size += 1
    if not surname:
        return (
            1
            if title in GIVEN_ALONE
            and first != first.upper()
            and not words[0].endswith(".")
            and not _starts_a_citation(text, start + len(first))
            else 0
        )
    if title in GIVEN_WITH_A_CUE:
        second = words[1].rstrip(".")
        if len(second) > 1 and second.title() not in SURNAMES and second.title() not in GIVEN_ALONE:
            return 0
    return size


def _starts_a_citation(text: str, end: int) -> bool:
    """Say whether a single name is an author: "Thomas et al.", "Martin (2015)", "Henry and Lee, 2015"."""
    return (
        re.match(
            r"(?:,?\s+(?:et al|and colleagues|and [A-Z]\w+,?\s+(?:[A-Z]+\s+)?\(?\d{4})|,?\s+\(?(?:19|20)\d\d\)?)",
            text[end : end + 40],
        )
        is not None
    )


def _is_hyphenated(text: str, start: int, end: int) -> bool:
    """Say whether the name is part of a compound, as in "Charcot-Marie-Tooth"."""
    return text[start - 1 : start] in {"-", "/"} or (text[end : end + 1] == "-" and text[end + 1 : end + 2].isalnum())


def listed_in_lower_case(text: str) -> Iterator[Hit]:
    """Yield "john smith" where both words are listed and neither is an ordinary word."""
    for match in _LOWER_PAIR.finditer(text):
        if (
            match[1] in _LOWER_GIVEN
            and match[2] in _LOWER_SURNAMES
            and not {match[1], match[2]} & ORDINARY_WORDS
            and not is_eponym(text, match.end())
        ):
            yield Hit(*match.span(), 0.6)


def other_mentions(text: str, found: list[Hit]) -> Iterator[Hit]:
    """Yield found names wherever else they stand: whole, or a word of them.

    A word in lower case counts unless it is an ordinary word; a whole name counts in any case.
    """
    whole: set[str] = set()
    words: set[str] = set()
    for hit in found:
        parts = [p for p in re.findall(r"[A-Za-z][A-Za-z'-]*", text[hit.start : hit.end]) if not re.fullmatch(TITLE, p)]
        parts = [p.removesuffix("'s").lower() for p in parts]
        if len(parts) > 1 and max(map(len, parts)) > 2:
            whole.add(r"[\s,.]+".join(map(re.escape, parts)))
        words.update(p for p in parts if len(p) > 2 and p.capitalize() not in NOT_A_NAME | GIVEN_WITH_A_CUE)
    if whole:
        for match in re.finditer(
            rf"(?<![\w-])(?:{'|'.join(sorted(whole, key=len, reverse=True))})(?![\w-])", text, re.IGNORECASE
        ):
            yield Hit(*match.span(), 0.6)
    if not words:
        return
    for match in re.finditer(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])", text, re.IGNORECASE):
        lower = match.group()[0].islower()
        if not (lower and (match.group() in ORDINARY_WORDS or len(match.group()) < 4)) and not is_eponym(
            text, match.end()
        ):
            yield Hit(*match.span(), 0.6)
