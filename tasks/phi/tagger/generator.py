"""Fictional texts with marks, for training a tagger.

Clinical documents, running prose, queries, letters and portal threads, and nearly as many texts without any identifier,
among them abstracts and the same prose about nobody.
Everything is made up from the grammar beside this module; no real text is behind it. It does not cover other languages
and knows no more formats than `values.py` and the grammar state.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tasks.phi.tagger.grammar import Grammar, Piece
from tasks.phi.tagger.values import MAKERS

_FOLDER = Path(__file__).parent
GRAMMARS = tuple(
    _FOLDER / name for name in ("medicine.yaml", "notes.yaml", "prose.yaml", "literature.yaml", "filler.yaml")
)

_FILLER = 0.45  # chance of a sentence of ordinary words after each other one


class MarkedText(NamedTuple):
    """A text and its identifiers as (start, end, category), half-open, in order."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


class Generator:
    """An endless writer of marked texts; the same seed writes the same texts."""

    def __init__(self, seed: int) -> None:
        """Read the grammar."""
        self._rng = random.Random(seed)
        self._grammar = Grammar(GRAMMARS, MAKERS)

    def texts(self) -> Iterator[MarkedText]:
        """Yield texts without end, four in nine of them without any identifier."""
        with_phi = (*[self._note] * 3, self._query, self._thread, self._letter, *[self._prose] * 4)
        without = (*[self._clean_note] * 2, *[self._paper] * 4, *[self._clean_prose] * 2)
        while True:
            pieces = self._rng.choice((*with_phi, *without))()
            yield marked(self._noisy(pieces))

    def _some(self, symbol: str, low: int, high: int, between: tuple[str, ...]) -> list[Piece]:
        pieces: list[Piece] = []
        for _ in range(self._rng.randint(low, high)):
            pieces += [*self._grammar.write(symbol, self._rng), Piece(self._rng.choice(between))]
            while self._rng.random() < _FILLER:
                pieces += [*self._grammar.write("filler", self._rng), Piece(self._rng.choice(between))]
        return pieces

    def _note(self) -> list[Piece]:
        lines = self._rng.choice(((" ",), ("\n",), (" ", " ", "\n"), ("\n", "\n\n"), ("  ", " ")))
        pieces = self._some("header", 0, 4, ("\n", "\n", "\n", "      ", " | "))
        for _ in range(self._rng.randint(1, 5)):
            if self._rng.random() < 0.3:
                pieces += [*self._grammar.write(self._rng.choice(("heading", "HEADING")), self._rng)]
                pieces += [Piece(self._rng.choice((": ", ":\n", "\n")))]
            pieces += self._some("clean", 0, 2, lines) + self._some("story", 1, 3, lines)
        return pieces + self._some("closing", 0, 1, ("\n",))

    def _query(self) -> list[Piece]:
        return self._some("query", 1, 1, (" ",)) + self._some("clean", 0, self._rng.choice((0, 0, 1)), (" ",))

    def _thread(self) -> list[Piece]:
        between = self._rng.choice(((" ",), ("\n",), (". ",), (" ", "... ", "\n")))
        return self._some("portal", 2, 6, between)

    def _letter(self) -> list[Piece]:
        return (
            self._some("header", 0, 2, ("\n",))
            + self._some("letter", 1, 2, ("\n", "\n\n"))
            + self._some("story", 1, 4, (" ",))
            + self._some("clean", 0, 3, (" ",))
            + self._some("closing", 1, 2, ("\n",))
        )

    def _clean_note(self) -> list[Piece]:
        return self._some("clean", 1, 8, self._rng.choice(((" ",), ("\n",), (" ", "\n"))))

    def _prose(self) -> list[Piece]:
        lines = self._rng.choice(((" ",), ("\n",), (" ", " ", "\n"), ("\n", "\n\n")))
        pieces = self._some("header", 0, self._rng.choice((0, 0, 2)), ("\n",))
        for _ in range(self._rng.randint(1, 4)):
            pieces += self._some("prose", 1, 3, lines) + self._some("prose_clean", 0, 3, lines)
            pieces += self._some(self._rng.choice(("clean", "story")), 0, 1, lines)
        return pieces + self._some("closing", 0, self._rng.choice((0, 1)), ("\n",))

    def _clean_prose(self) -> list[Piece]:
        return self._some("prose_clean", 2, 8, self._rng.choice(((" ",), ("\n",), (" ", "\n"))))

    def _paper(self) -> list[Piece]:
        return self._some("abstract", 1, 6, (" ",))

    def _noisy(self, pieces: list[Piece]) -> list[Piece]:
        """Change case, spacing and spelling of some texts."""
        draw = self._rng.random()
        if draw < 0.13:
            pieces = [p._replace(text=p.text.lower()) for p in pieces]
        elif draw < 0.2:
            pieces = [p._replace(text=p.text.upper()) for p in pieces]
        elif draw < 0.225:
            pieces = [p if p.label else p._replace(text=p.text.title()) for p in pieces]
        elif draw < 0.26:
            pieces = [p._replace(text=p.text.lower()) if p.label == "NAME" else p for p in pieces]
        if self._rng.random() < 0.12:
            pieces = [p._replace(text=_spaced(p.text)) for p in pieces]
        if self._rng.random() < 0.12:
            pieces = [p._replace(text=self._misspelt(p.text)) for p in pieces]
        return pieces

    def _misspelt(self, text: str) -> str:
        """Swap, drop or double a letter, seldom."""
        if len(text) < 4 or self._rng.random() < 0.8:
            return text
        at = self._rng.randrange(1, len(text) - 2)
        if not text[at : at + 2].isalpha():
            return text
        swapped = text[at + 1] + text[at]
        return text[:at] + self._rng.choice((swapped, text[at], text[at] * 2 + text[at + 1])) + text[at + 2 :]


def _spaced(text: str) -> str:
    """Set punctuation apart, as corpora of papers are printed: "( 2 . 5 mg )"."""
    for mark in ",.();:/-":
        text = text.replace(mark, f" {mark} ")
    return text.replace("  ", " ")


def marked(pieces: list[Piece]) -> MarkedText:
    """Join the pieces into a text with spans; spaces at a span's edges stay outside."""
    text = ""
    spans = []
    for piece in pieces:
        value = piece.text.strip()
        if piece.label and value:
            start = len(text) + piece.text.index(value)
            spans.append((start, start + len(value), piece.label))
        text += piece.text
    return MarkedText(text, tuple(spans))
