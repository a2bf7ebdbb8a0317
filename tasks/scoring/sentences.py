"""Split answers into sentences and sentences into words that can be compared: case, accents, plurals, hyphens, bullets.

A list's lead-in ("Monitor:") is read together with each of its points, because models answer in lists. What is not
covered: sentences without any stop or line break between them, and languages other than English.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from tasks.scoring.rouge import stem

BULLET = re.compile(r"^\s*(?:[-*•·●▪◦‣–—]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+")
MARKS = frozenset(",;:")

_END = re.compile(r"(?<=[.!?])[\"'”’)\]*]*\s+")
_ABBREVIATED = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|dr|mr|mrs|ms|prof|approx|cf|fig|p\.o|i\.v|i\.m|s\.c|b\.i\.d|t\.i\.d|q\.i\.d)\.)$", re.I
)
_MARKUP = re.compile(r"\*\*|__|`|^\s*#+\s*")
_TOKEN = re.compile(r"(?P<hyphen>(?<=\w)-(?=\w))|\d+(?:[.,]\d+)*|[^\W\d_]+|[,;:]|(?<=\s)-+(?=\s)")
_ACCENT = re.compile("[\u0300-\u036f]")
_GREEK = str.maketrans({"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "κ": "kappa", "μ": "u", "ß": "ss"})
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–", "-") | {"—": ";", "’": "'", "‘": "'"})
_CONTRACTED = re.compile(
    r"\b(?:can'?t|won'?t|shan't|(?:do|does|did|is|are|was|were|should|must|would|could|have|has|had|need)n'?t)\b"
)


class Word(NamedTuple):
    """A word as it stands, its stem, and whether a hyphen joins it to the word before; or one of `MARKS`."""

    text: str
    stem: str
    joined: bool


def sentences(text: str) -> list[str]:
    """Return the sentences of a text without bullets and markup; each point of a list follows the list's lead-in."""
    return list(_sentences(text))


def words_of(text: str) -> list[Word]:
    """Return the words and marks of a sentence; `CD20` is two words, `2.5` one, `anti-Smith` two that are joined."""
    words: list[Word] = []
    joined = False
    for match in _TOKEN.finditer(_normalised(text)):
        if match["hyphen"]:
            joined = True
            continue
        word = ";" if match[0].startswith("-") else match[0]
        words.append(Word(word, stem(word) if len(word) > 3 else word, joined))
        joined = False
    return words


def _sentences(text: str) -> Iterator[str]:
    lead = ""
    for raw in text.splitlines():
        line = _MARKUP.sub("", raw).strip()
        if not line:
            continue
        point = BULLET.match(raw)
        if not point:
            lead = line if line.endswith(":") else ""
        content = BULLET.sub("", line) if point else line
        for sentence in _split(content):
            yield f"{lead} {sentence}" if point and lead else sentence


def _split(line: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(line):
        if not _ABBREVIATED.search(line[: end.start()].rstrip("\"'”’)]*")):
            yield line[start : end.start()]
            start = end.end()
    yield line[start:]


def _normalised(text: str) -> str:
    plain = text.casefold()
    if not plain.isascii():
        bare = _ACCENT.sub("", unicodedata.normalize("NFKD", plain).casefold())
        plain = bare.translate(_GREEK).translate(_DASHES)
    return re.sub(r"'s\b", "", _CONTRACTED.sub("not", plain))
