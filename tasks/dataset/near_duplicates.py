"""Find the rows that say what another row says in nearly the same words: the Jaccard rule, exactly, without sampling.

Two texts are near-duplicates where they share at least 0.8 of their runs of five words (Broder, 1997, "On the
resemblance and containment of documents"). Of two such conversations the last question and its answer must be, too:
many questions over one passage share nearly all of their words and are not the same question. Words are those of
`normalised`, so case, punctuation and width do not count.

The rule is applied as a set-similarity join: a text of which more than a fifth of the runs occurs nowhere else has no
near-duplicate, and two near-duplicates share one of the rarest fifth of their runs, where enough of both still follows
(prefix and positional filters: Bayardo et al., 2007; Xiao et al., 2008). Only such pairs are compared, and unlike
MinHash with bands no pair is missed. Of a row only the 64-bit hashes of its runs are kept, so that its text is read
once. Not covered: the same thing said in other words, translations, a short text inside a long one.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from tasks.dataset.curation import normalised
from tasks.errors import DataError
from tasks.records import RowKind

RUN_WORDS = 5
SAME = 0.8  # Jaccard
ROUNDING = 1e-9  # so that 0.8 * 5 is not more than 4
BATCH = 4096  # texts whose words are in memory at once

Hashes = NDArray[np.uint64]
Sizes = NDArray[np.int64]


@dataclass(frozen=True)
class Runs:
    """The runs of several texts: how many distinct ones each has, and their hashes, one text after the other."""

    sizes: Sizes
    hashes: Hashes

    def of(self, texts: Sizes) -> "Runs":
        """Return those of some of the texts, in that order."""
        sizes = self.sizes[texts]
        starts = (np.cumsum(self.sizes) - self.sizes)[texts]
        first = np.cumsum(sizes) - sizes
        places = np.arange(sizes.sum()) + np.repeat(starts - first, sizes)
        return Runs(sizes, self.hashes[places])


@dataclass(frozen=True)
class Signatures:
    """What is kept of rows to tell near-duplicates: by the row's hash, the runs of its text and of what it asks last.

    A row that only asks and answers, and a document, has no runs of the second kind: they would be those of its text.
    """

    rows: tuple[str, ...]
    texts: Runs
    asked: Runs

    def save(self, path: Path) -> None:
        """Write them as a safetensors file, which is the same bytes for the same rows."""
        rows = np.frombuffer(bytes.fromhex("".join(self.rows)), np.uint8).reshape(-1, 32)
        arrays = {"rows": rows, "texts": self.texts.hashes, "texts_sizes": self.texts.sizes}
        save_file({**arrays, "asked": self.asked.hashes, "asked_sizes": self.asked.sizes}, path)

    @classmethod
    def load(cls, path: Path) -> "Signatures":
        """Read what `save` wrote."""
        found = load_file(path)
        rows = tuple(bytes(row).hex() for row in found["rows"])
        texts = Runs(found["texts_sizes"], found["texts"])
        return cls(rows, texts, Runs(found["asked_sizes"], found["asked"]))

    def repeats(self, ranked: Sequence[str]) -> dict[str, str]:
        """Return which of the rows, the best first, nearly repeat a better one that stays, and which that is.

        A row that stays is a near-duplicate of no other that stays.

        Raises:
            DataError: a row has no signature.
        """
        places = {row: place for place, row in enumerate(self.rows)}
        try:
            order = np.fromiter((places[row] for row in ranked), np.int64, len(ranked))
        except KeyError as error:
            raise DataError(
                f"Row {str(error)[1:13]} has no signature.", fix="sign every shard that the dataset is made of"
            ) from None
        texts = self.texts.of(order)
        asked = _Sets(self.asked.of(order), _Sets(texts))  # nothing apart was asked: the whole row was
        return {ranked[i]: ranked[j] for i, j in _repeats(texts, asked).items()}

    def repeats_of(self, others: "Signatures") -> dict[str, str]:
        """Return which rows nearly repeat one of `others`, whatever they repeat besides, and which that is."""
        both = joined((others, self))
        asked = _Sets(both.asked, _Sets(both.texts))
        found = _repeats(both.texts, asked, staying=len(others.rows))
        return {both.rows[i]: both.rows[j] for i, j in found.items()}


NONE = Signatures((), *(Runs(np.empty(0, np.int64), np.empty(0, np.uint64)) for _ in range(2)))


def texts_of(kind: RowKind, row: Mapping[str, Any]) -> tuple[str, str]:
    """Return a row's text, and what it asks last with the answer where that is not all of it.

    A row that lacks a field has less text; that it cannot be learned from is found where examples are made.
    """
    if kind == "documents":
        return "\n".join((str(row.get("title", "")), *(str(s.get("text", "")) for s in row.get("sections", ())))), ""
    said = ((m.get("role"), str(m.get("content", ""))) for m in row.get("messages", ()))
    turns = [(role, text) for role, text in said if role != "system"]
    questions = [text.strip() for role, text in turns if role == "user"]
    last = [questions[-1].rpartition("\n")[2] if questions else "", turns[-1][1] if turns else ""]
    whole, asked = ("\n".join(texts) for texts in ((text for _, text in turns), last))
    return whole, "" if len(asked) >= len(whole.strip()) else asked


def sign(rows: Iterable[tuple[str, str, str]]) -> Signatures:
    """Return the signatures of rows of (hash, text, what is asked last)."""
    words, signed, waiting = _WordHashes(), [NONE], iter(rows)
    while batch := list(itertools.islice(waiting, BATCH)):
        keys, texts, asked = zip(*batch, strict=True)
        signed.append(Signatures(keys, _runs(texts, words), _runs(asked, words)))
    return joined(signed)


def joined(parts: Iterable[Signatures]) -> Signatures:
    """Return several signatures as one."""
    known = [NONE, *parts]
    rows = tuple(itertools.chain.from_iterable(part.rows for part in known))
    return Signatures(rows, _concatenated([p.texts for p in known]), _concatenated([p.asked for p in known]))


class _WordHashes(dict[str, int]):
    """64 bits of each word, reckoned once."""

    def __missing__(self, word: str) -> int:
        self[word] = found = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
        return found


def _concatenated(parts: Sequence[Runs]) -> Runs:
    return Runs(np.concatenate([p.sizes for p in parts]), np.concatenate([p.hashes for p in parts]))


def _runs(texts: Sequence[str], words: _WordHashes) -> Runs:
    """Return the distinct runs of each text; a text of fewer words is one run, an empty one has none."""
    found = [normalised(text).split() for text in texts]
    # Five words are the fewest of which a run can be taken; an empty text is left out at the end.
    padded = [(w + [""] * RUN_WORDS)[:RUN_WORDS] if len(w) < RUN_WORDS else w for w in found]
    lengths = np.fromiter(map(len, padded), np.int64, len(padded))
    total, ends = int(lengths.sum()), np.cumsum(lengths)
    of_words = np.fromiter(map(words.__getitem__, itertools.chain.from_iterable(padded)), np.uint64, total)
    hashes = _hashed(of_words)
    counts = lengths - (RUN_WORDS - 1)
    inside = Runs(counts, np.concatenate([hashes[end - n - 4 : end - 4] for end, n in zip(ends, counts, strict=True)]))
    starts = np.cumsum(counts) - counts
    for start, n in zip(starts.tolist(), counts.tolist(), strict=True):
        inside.hashes[start : start + n].sort()
    distinct = np.ones(len(inside.hashes), bool)
    distinct[1:] = inside.hashes[1:] != inside.hashes[:-1]
    distinct[starts] = True
    distinct &= np.repeat(np.fromiter(map(bool, found), bool, len(found)), counts)
    return Runs(np.add.reduceat(distinct, starts, dtype=np.int64), inside.hashes[distinct])


def _hashed(words: Hashes) -> Hashes:
    """Return the hash of the run that begins at each word: a polynomial modulo 2**64, then mixed (SplitMix64)."""
    last = len(words) - (RUN_WORDS - 1)
    runs = words[:last].copy()
    for place in range(1, RUN_WORDS):
        runs *= np.uint64(0x9E3779B97F4A7C15)
        runs += words[place : last + place]
    runs ^= runs >> np.uint64(30)
    runs *= np.uint64(0xBF58476D1CE4E5B9)
    runs ^= runs >> np.uint64(27)
    return runs


class _Sets:
    """The runs of texts as sets, made when they are asked for; a text without runs has those of another."""

    def __init__(self, runs: Runs, otherwise: "_Sets | None" = None) -> None:
        self._hashes, self._ends = runs.hashes, np.cumsum(runs.sizes)
        self._sizes = runs.sizes
        self._otherwise = otherwise

    def alike(self, one: int, other: int) -> bool:
        return _alike(self._set(one), self._set(other))

    def _set(self, place: int) -> frozenset[int]:
        if self._otherwise and not self._sizes[place]:
            return self._otherwise._set(place)
        end = int(self._ends[place])
        return frozenset(self._hashes[end - int(self._sizes[place]) : end].tolist())


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    shared = len(one & other)
    return shared >= SAME * (len(one) + len(other) - shared) - ROUNDING


def _repeats(texts: Runs, asked: _Sets, *, staying: int | None = None) -> dict[int, int]:
    """Return each text that repeats one before it that stays, by their places.

    With `staying`, the first so many texts all stay, and none of the others does.
    """
    candidates = _candidates(texts)
    repeated: dict[int, int] = {}
    kept: dict[int, frozenset[int]] = {}
    # By run, then by where it stands in how long a text: texts made from one pattern are passed over all at once.
    index: dict[int, dict[tuple[int, int], list[int]]] = {}
    for place, ranks, first_shared in _by_rarity(texts, candidates):
        size, runs = len(ranks), frozenset(ranks)
        prefix = range(first_shared, size - ceil(SAME * size - ROUNDING) + 1)
        others = (
            other
            for at in prefix
            for (other_at, other_size), found in index.get(ranks[at], {}).items()
            # No more runs can be shared than follow in either; if this run is not the first shared one, fewer still.
            if min(size - at, other_size - other_at) >= SAME / (1 + SAME) * (size + other_size) - ROUNDING
            for other in found
        )
        compared: set[int] = set()
        for other in others if staying is None or place >= staying else ():
            if other not in compared and _alike(runs, kept[other]) and asked.alike(place, other):
                repeated[place] = other
                break
            compared.add(other)
        else:
            if staying is not None and place >= staying:
                continue
            kept[place] = runs
            for at in prefix:
                index.setdefault(ranks[at], {}).setdefault((at, size), []).append(place)
    return repeated


def _candidates(texts: Runs) -> Sizes:
    """Return the texts of which enough runs occur in another one."""
    order = np.argsort(texts.hashes)
    ordered = texts.hashes[order]
    same = np.concatenate(([False], ordered[1:] == ordered[:-1], [False]))
    shared = np.empty(len(order), bool)
    shared[order] = (same[1:] | same[:-1])[: len(order)]
    so_far = np.concatenate(([0], np.cumsum(shared)))
    ends = np.cumsum(texts.sizes)
    by_text = so_far[ends] - so_far[ends - texts.sizes]
    return np.flatnonzero((by_text >= SAME * texts.sizes - ROUNDING) & (texts.sizes > 0))


def _by_rarity(texts: Runs, candidates: Sizes) -> Iterator[tuple[int, list[int], int]]:
    """Yield each candidate's place, its runs as ranks, the rarest first, and how many of them it has alone."""
    chosen = texts.of(candidates)
    distinct, which, counts = np.unique(chosen.hashes, return_inverse=True, return_counts=True)
    rank_of = np.empty(len(distinct), np.int64)
    rank_of[np.lexsort((distinct, counts))] = np.arange(len(distinct))
    ranks, alone, end = rank_of[which], int((counts == 1).sum()), 0
    for place, size in zip(candidates.tolist(), chosen.sizes.tolist(), strict=True):
        start, end = end, end + size
        own = np.sort(ranks[start:end])
        yield place, own.tolist(), int(np.searchsorted(own, alone))
