"""What a privacy officer is shown: a reproducible sample of findings and near misses, each in a little of its text.

Items hold texts that are not redacted; they are shown on this machine and stored in the database, and no log, error or
representation holds them. Findings are a simple random sample, so that precision can be estimated from them; near
misses are drawn shape by shape, each wording once, to show many different ones, so no rate follows from them.
"""

import hmac
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal, NamedTuple

import orjson
from pydantic import Field

from tasks.errors import SourceError
from tasks.phi.intervals import wilson
from tasks.phi.near_misses import SHAPES, near_misses
from tasks.records import PhiFinding, Record

CONTEXT = 60  # characters on each side: a line and a half of a terminal in all
LONGEST_SHOWN = 240  # characters of a finding; an embedded image has thousands
DIGEST_CHARS = 32
_SPACES = re.compile(r"[ \t]{2,}")  # columns of a table, which nobody needs to see

Find = Callable[[str], list[PhiFinding]]
Key = tuple[str, int, int]
Verdict = Literal["confirmed", "wrong", "missed", "harmless"]


class Line(NamedTuple):
    """One line of the file that is looked at."""

    id: str
    text: str


@dataclass(frozen=True)
class Item:
    """A finding, or with a `shape` a near miss, in its text; offsets are characters, half-open."""

    text: str = field(repr=False)
    line: str = field(repr=False)  # the line's id; it may be a record number
    document: str
    start: int
    end: int
    category: str
    score: float = 0.0
    recognizer: str = ""
    shape: str = ""

    @property
    def key(self) -> Key:
        """What a verdict hangs on: the text, by its digest, and the span."""
        return self.document, self.start, self.end

    @property
    def is_near_miss(self) -> bool:
        """Whether the detector let it pass."""
        return bool(self.shape)

    @property
    def about(self) -> str:
        """What it is taken for, in a few words."""
        return SHAPES[self.shape].about if self.shape else self.category

    @property
    def before(self) -> str:
        """What stands before it, as it may be shown."""
        first = reach_back(self.text, self.start, CONTEXT)
        return visible(_SPACES.sub(" ", ("…" if first else "") + self.text[first : self.start]))

    @property
    def marked(self) -> str:
        """The item itself, as it may be shown."""
        size = self.end - self.start
        if size <= LONGEST_SHOWN:
            return visible(self.text[self.start : self.end])
        ends = (
            self.text[self.start : self.start + LONGEST_SHOWN // 2],
            self.text[self.end - LONGEST_SHOWN // 4 : self.end],
        )
        return visible(f"{ends[0]} … {size} characters in all … {ends[1]}")

    @property
    def after(self) -> str:
        """What stands behind it, as it may be shown."""
        last = reach_on(self.text, self.end, CONTEXT)
        return visible(_SPACES.sub(" ", self.text[self.end : last] + ("…" if last < len(self.text) else "")))


class Sample(NamedTuple):
    """What is shown, and of how much it is a sample."""

    findings: Sequence[Item]
    near_misses: Sequence[Item]
    texts: int
    found: Mapping[str, int]  # category → findings in all
    passed: Mapping[str, int]  # shape → near misses in all

    @property
    def items(self) -> tuple[Item, ...]:
        """All that is shown, findings first."""
        return (*self.findings, *self.near_misses)


class Share(Record):
    """A share with its Wilson interval of 95 %."""

    value: float
    low: float
    high: float
    n: int


class Summary(Record):
    """What the verdicts on a sample say of the detector."""

    findings_shown: int
    findings_judged: int
    precision: Share | None = Field(description="of the judged findings, those that are identifiers; None: none judged")
    wrong: Mapping[str, int] = Field(description="category → false positives")
    near_misses_shown: int
    near_misses_judged: int
    missed: Mapping[str, int] = Field(description="category → identifiers that were let pass")


def read_lines(file: Path, unreadable: list[int]) -> Iterator[Line]:
    """Yield the lines of a file that are JSON objects with a `text`; the numbers of the others go into `unreadable`.

    Raises:
        SourceError: the file cannot be read, or holds no such line.
    """
    fix = "give a file of JSON lines with `id` and `text`, in UTF-8"
    readable = 0
    try:
        with file.open("rb") as lines:
            for number, raw in enumerate(lines, start=1):
                if not raw.strip():
                    continue
                line = _line(raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw, number)
                if line is None:
                    unreadable.append(number)
                else:
                    readable += 1
                    yield line
    except OSError as error:
        raise SourceError(f"{visible(str(file))} cannot be read: {error.strerror}.", fix=fix) from None
    if not readable:
        told = f"none of its {len(unreadable)} lines is an object with a text" if unreadable else "the file is empty"
        raise SourceError(f"{visible(str(file))} holds nothing to review: {told}.", fix=fix)


def _line(raw: bytes, number: int) -> Line | None:
    try:
        row = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(row, dict) or not isinstance(text := row.get("text"), str):
        return None
    name = row.get("id")
    named = isinstance(name, str | int) and not isinstance(name, bool)
    return Line(str(name) if named else f"line {number}", text)


def document_digest(text: str, key: bytes) -> str:
    """Return what names a text in verdicts, under the installation's key: a short text cannot be guessed from it."""
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:DIGEST_CHARS]


def draw(lines: Iterable[Line], find: Find, key: bytes, *, size: int, seed: int) -> Sample:
    """Return up to `size` findings and as many near misses; the same for the same lines, detector and seed.

    Memory holds the sample, not the lines.
    """
    findings = _Lowest(size, seed)
    near = {shape: _Lowest(size, seed) for shape in SHAPES}
    found: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    texts = 0
    for texts, line in enumerate(lines, start=1):  # noqa: B007  # how many there were
        seen = find(line.text)
        digest = document_digest(line.text, key)
        for f in seen:
            found[f.category] += 1
            item = Item(line.text, line.id, digest, f.start, f.end, f.category, f.score, f.recognizer)
            findings.offer(f"{digest} {f.start} {f.end}", item)
        for start, end, shape in near_misses(line.text, seen):
            passed[shape] += 1
            item = Item(line.text, line.id, digest, start, end, SHAPES[shape].likely, shape=shape)
            near[shape].offer(line.text[start:end].casefold(), item)
    return Sample(findings.items(), _in_turn([n.items() for n in near.values()], size), texts, found, passed)


class _Lowest:
    """The items whose names have the lowest digests under a seed: a random sample that needs no second reading."""

    def __init__(self, size: int, seed: int) -> None:
        self._size, self._key = size, str(seed).encode()[-64:]  # blake2b takes no longer key
        self._kept: dict[bytes, Item] = {}
        self._border = b"\xff" * 17

    def offer(self, name: str, item: Item) -> None:
        """Keep the item if it is among the lowest; of several with one name the first."""
        rank = blake2b(name.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()
        if rank < self._border:
            self._kept.setdefault(rank, item)
            if len(self._kept) >= 2 * self._size + 16:
                self._prune()

    def items(self) -> list[Item]:
        """Return the sample in the order of its draw, so that its beginning is a random sample too."""
        self._prune()
        return list(self._kept.values())

    def _prune(self) -> None:
        self._kept = dict(sorted(self._kept.items())[: self._size])
        if len(self._kept) == self._size:
            self._border = max(self._kept)


def _in_turn(lists: Sequence[Sequence[Item]], size: int) -> list[Item]:
    """Return the first of each list, then the second of each, up to `size` in all."""
    turns = itertools.zip_longest(*lists)
    return [item for item in itertools.chain.from_iterable(turns) if item is not None][:size]


def summarise(sample: Sample, verdicts: Mapping[Key, tuple[Verdict, str]]) -> Summary:
    """Return what the verdicts (key → verdict and category) on the items of a sample say."""
    findings = [verdicts[item.key] for item in sample.findings if item.key in verdicts]
    near = [verdicts[item.key] for item in sample.near_misses if item.key in verdicts]
    wrong = Counter(category for verdict, category in findings if verdict == "wrong")
    missed = Counter(category for verdict, category in near if verdict == "missed")
    right = len(findings) - wrong.total()
    return Summary(
        findings_shown=len(sample.findings),
        findings_judged=len(findings),
        precision=share_of(right, len(findings)) if findings else None,
        wrong=dict(sorted(wrong.items())),
        near_misses_shown=len(sample.near_misses),
        near_misses_judged=len(near),
        missed=dict(sorted(missed.items())),
    )


def share_of(right: int, n: int) -> Share:
    """Return `right` of `n` with its 95 % interval; `n` is at least 1."""
    low, high = wilson(right, n)
    return Share(value=right / n, low=low, high=high, n=n)


# ── pieces of a text ─────────────────────────────────────────────────────────────────────────────────────────────


def reach_back(text: str, start: int, characters: int) -> int:
    """Return where a piece begins that holds up to `characters` before `start`, not within a word if that can be."""
    first = max(0, start - characters)
    if first == 0 or text[first - 1].isspace():
        return first
    space = next((i for i in range(first, start) if text[i].isspace()), None)
    return first if space is None else space + 1


def reach_on(text: str, end: int, characters: int) -> int:
    """Return where a piece ends that holds up to `characters` from `end` on, not within a word if that can be."""
    last = min(len(text), end + characters)
    if last == len(text) or text[last].isspace():
        return last
    space = next((i for i in range(last - 1, end - 1, -1) if text[i].isspace()), None)
    return last if space is None else space


def visible(text: str) -> str:
    """Return a text in which nothing steers a terminal or turns the reading direction: such characters are shown."""
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if character == "\n":
        return " ↵ "
    if category == "Zs" or character in "\t\r":
        return " "
    if category == "Cc":
        return chr(0x2400 + ord(character)) if character < " " else "�"  # the pictures of control characters
    return "�" if category in {"Cf", "Co", "Cs", "Cn", "Zl", "Zp"} else character
