"""The proof of a shard: canaries among its own rows go through its own redactor, and few enough survive.

A sample of rows, spread over the shard, is copied, cut to short slices, and planted; the shard's rows stay as they are.
It bounds what this engine misses of such identifiers in such surroundings; that they stand for the identifiers which
the shard really holds is an assumption.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import NamedTuple

from tasks.errors import PrivacyError
from tasks.phi.canaries import Canary, draw, survivors
from tasks.phi.fields import REDACTED, map_texts, texts_of
from tasks.phi.intervals import wilson
from tasks.phi.redaction import Redactor
from tasks.records import CANARY_BOUND, RowKind

_ROWS, _EACH = 64, 5  # 320 canaries, five to a row
_SLICE = 300  # characters of real text around each canary: about 110 kB are redacted in all
_ITEMS = 20  # sections or messages of a row that are looked at
_LONG_ENOUGH = 40  # characters; a heading or a role is no surrounding, as long as the row has others
_BREAK = re.compile(r"[.;!?]\s+|\n")
_EMPTY: Mapping[RowKind, Mapping[str, object]] = MappingProxyType(
    {
        "documents": {"sections": [{"label": "", "text": ""}]},
        "interactions": {"messages": [{"role": "user", "content": ""}]},
        "examples": {"messages": [{"role": "user", "content": ""}]},
    }
)


class Proof(NamedTuple):
    """Canaries by category: planted, survived, and of these the ones of which none may."""

    planted: Mapping[str, int]
    survived: Mapping[str, int]
    strict: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many canaries were planted."""
        return sum(self.planted.values())

    @property
    def bound(self) -> float:
        """The upper end of the 95 % interval of the share that survives."""
        return wilson(sum(self.survived.values()), self.total)[1]


def prove(rows: Iterable[Mapping[str, object]], kind: RowKind, *, redactor: Redactor, seed: str) -> Proof:
    """Return the shard's proof, which passed.

    Raises:
        PrivacyError: too many canaries survived, or one that may not; the message names categories and counts.
    """
    proof = examine(rows, kind, redactor=redactor, seed=seed)
    if proof.strict or proof.bound >= CANARY_BOUND:
        raise PrivacyError(
            f"Planted identifiers survived redaction: {sum(proof.survived.values())} of {proof.total}, at most"
            f" {100 * proof.bound:.1f} % by the 95 % interval, below {100 * CANARY_BOUND:.0f} % needed"
            f" ({_listed(proof.survived, proof.planted)})"
            + (f"; none of these may: {_listed(proof.strict)}." if proof.strict else "."),
            fix="nothing of the shard was saved; correct the recognizers of these categories",
        )
    return proof


def examine(rows: Iterable[Mapping[str, object]], kind: RowKind, *, redactor: Redactor, seed: str) -> Proof:
    """Return what survives of canaries planted in a sample of the rows; nothing is judged."""
    rng = Random(seed)
    sample = _sampled(rows, kind, rng)
    canaries = draw(seed)
    policy = redactor.policy.version.partition("/")[0]
    survived: Counter[str] = Counter()
    strict: Counter[str] = Counter()
    for turn in range(_ROWS):
        row, pieces = planted(kind, sample[turn % len(sample)], canaries[turn * _EACH : (turn + 1) * _EACH], rng)
        redacted, _ = redactor.redact_row(kind, row)
        for each, text in zip(pieces, texts_of(kind, redacted, labels=False), strict=True):
            for canary in survivors(each, text, policy):
                survived[canary.category] += 1
                strict[canary.category] += canary.strict
    return Proof(Counter(canary.category for canary in canaries), dict(survived), dict(+strict))


def planted(
    kind: RowKind, row: Mapping[str, object], canaries: Sequence[Canary], rng: Random
) -> tuple[dict[str, object], list[list[str | Canary]]]:
    """Return a copy of the row with the canaries spread over its texts, and the pieces that each text is made of."""
    texts = texts_of(kind, row, labels=False)
    pieces: list[list[str | Canary]] = [[text] for text in texts]
    places = [index for index, text in enumerate(texts) if text] or list(range(len(texts)))
    for turn, index in enumerate(places[: len(canaries)]):
        pieces[index] = _with(texts[index], canaries[turn :: len(places)], rng)
    following = iter(pieces)
    return map_texts(kind, row, lambda _: _joined(next(following)), str), pieces


def _joined(pieces: Iterable[str | Canary]) -> str:
    return "".join(piece if isinstance(piece, str) else piece.text for piece in pieces)


def _with(text: str, canaries: Sequence[Canary], rng: Random) -> list[str | Canary]:
    """Return the text cut where sentences or lines end, canaries between."""
    breaks = [match.end() for match in _BREAK.finditer(text)] or [m.end() for m in re.finditer(r"\s+", text)]
    cuts = sorted(rng.choice([*breaks, len(text)]) for _ in canaries)
    pieces: list[str | Canary] = []
    for start, cut, canary in zip([0, *cuts], cuts, canaries, strict=False):
        pieces += (f"{text[start:cut]} ", canary, " ")
    return [*pieces, text[cuts[-1] :]]


def _sampled(rows: Iterable[Mapping[str, object]], kind: RowKind, rng: Random) -> list[Mapping[str, object]]:
    """Return at most `_ROWS` rows, each as likely as every other (Vitter's algorithm R), cut to what is planted."""
    kept: list[Mapping[str, object]] = []
    for index, row in enumerate(rows):
        if index < _ROWS:
            kept.append(_cut(kind, row, rng))
        elif (place := rng.randrange(index + 1)) < _ROWS:
            kept[place] = _cut(kind, row, rng)
    return [row for row in kept if texts_of(kind, row, labels=False)] or [_EMPTY[kind]]


def _cut(kind: RowKind, row: Mapping[str, object], rng: Random) -> dict[str, object]:
    """Return a row's texts, all but a few empty and these cut to a slice, and whom it is about."""
    kept = REDACTED[kind].keys() | {"subject_key"}
    fields = {field: _few(value, rng) for field, value in row.items() if field in kept}
    texts = texts_of(kind, fields, labels=False)
    worth = [index for index, text in enumerate(texts) if len(text) >= _LONG_ENOUGH] or list(range(len(texts)))
    chosen = frozenset(rng.sample(worth, min(_EACH, len(worth))))
    following = iter(enumerate(texts))

    def slice_of(_: str) -> str:
        index, text = next(following)
        return _slice(text, rng) if index in chosen else ""

    return map_texts(kind, fields, slice_of, str)


def _few(value: object, rng: Random) -> object:
    """Return a list of at most `_ITEMS` of a list's items, in order; of anything else, itself."""
    if not isinstance(value, list | tuple) or len(value) <= _ITEMS:
        return value
    return [value[index] for index in sorted(rng.sample(range(len(value)), _ITEMS))]


def _slice(text: str, rng: Random) -> str:
    """Return whole words of the text, about `_SLICE` characters, from a drawn place on."""
    if len(text) <= _SLICE:
        return text
    start = rng.randrange(len(text) - _SLICE)
    inner = re.search(r"\s(.*)\s", text[start : start + _SLICE], re.DOTALL)
    return inner[1] if inner else text[start : start + _SLICE]


def _listed(counts: Mapping[str, int], of: Mapping[str, int] | None = None) -> str:
    return ", ".join(
        f"{category} {count} of {of[category]}" if of else f"{category} {count}"
        for category, count in sorted(counts.items())
    )
