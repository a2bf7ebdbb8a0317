"""How much of an annotated corpus the detector finds, and how much else it takes.

A span is found only if every letter and digit of it lies in findings, whatever their category: what matters is what is
left. Labels `KEEP_*` must not be touched; labels `X_*` are neither missed nor false. Precision counts findings that
touch an annotated identifier. It does not judge annotations: a corpus with labels of its own kind is read through
`category_of`.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tasks.errors import SourceError
from tasks.phi.categories import CATEGORIES, category_of
from tasks.phi.intervals import wilson
from tasks.records import PhiFinding


class Span(NamedTuple):
    """An annotated part of a text: characters, half-open."""

    start: int
    end: int
    label: str


class Annotated(NamedTuple):
    """A text with its annotations."""

    id: str
    text: str
    spans: list[Span]

    @property
    def identifiers(self) -> list[Span]:
        """The spans that have to be found."""
        return [span for span in self.spans if not span.label.startswith(("KEEP_", "X_"))]


@dataclass
class Share:
    """So many of so many, with the 95 % Wilson interval."""

    hit: int
    of: int

    @property
    def value(self) -> float:
        """The share, 0-1; of nothing it is 0."""
        return self.hit / self.of if self.of else 0.0

    def figures(self) -> dict[str, float]:
        """Return the counts, the share and its interval as JSON holds them."""
        low, high = wilson(self.hit, self.of)
        return asdict(self) | {"value": self.value, "low": low, "high": high}


@dataclass
class Evaluation:
    """Counts over a corpus, in the order in which texts are added."""

    texts: int = 0
    characters: int = 0
    found: Counter[str] = field(default_factory=Counter)  # label → spans found
    spans: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)  # category → findings that touch an identifier
    findings: Counter[str] = field(default_factory=Counter)
    clean: int = 0  # texts without an identifier
    clean_hit: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    keep: Counter[str] = field(default_factory=Counter)

    def add(self, row: Annotated, findings: list[PhiFinding]) -> None:
        """Count one text."""
        self.texts += 1
        self.characters += len(row.text)
        covered = bytearray(len(row.text))
        for finding in findings:
            covered[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
        for span in row.identifiers:
            self.spans[span.label] += 1
            self.found[span.label] += all(covered[at] for at in range(span.start, span.end) if row.text[at].isalnum())
        for span in row.spans:
            if span.label.startswith("KEEP_"):
                self.keep[span.label] += 1
                self.kept[span.label] += not any(covered[span.start : span.end])
        for finding in findings:
            touched = [s.label for s in row.spans if s.start < finding.end and finding.start < s.end]
            if any(label.startswith("X_") for label in touched):
                continue
            self.findings[finding.category] += 1
            self.right[finding.category] += any(not label.startswith("KEEP_") for label in touched)
        if not row.identifiers:
            self.clean += 1
            self.clean_hit += bool(findings)

    @property
    def recall(self) -> Share:
        """Spans found, of all."""
        return Share(self.found.total(), self.spans.total())

    def figures(self) -> dict[str, Any]:
        """Return everything as JSON holds it."""
        leaked = Share(self.spans.total() - self.found.total(), self.spans.total())
        return {
            "texts": self.texts,
            "characters": self.characters,
            "recall": self.recall.figures(),
            "leak_rate": leaked.figures(),
            "precision": Share(self.right.total(), self.findings.total()).figures(),
            "hard_negatives_hit": Share(self.clean_hit, self.clean).figures(),
            "keep_rate": Share(self.kept.total(), self.keep.total()).figures(),
            "labels": {
                label: {"category": category_of(label), "recall": Share(self.found[label], of).figures()}
                for label, of in sorted(self.spans.items())
            },
            "categories": {
                category: Share(self.right[category], self.findings[category]).figures()
                for category in CATEGORIES
                if self.findings[category]
            },
            "keep": {label: Share(self.kept[label], of).figures() for label, of in sorted(self.keep.items())},
        }


def evaluate(rows: Iterable[Annotated], find: Callable[[str], list[PhiFinding]]) -> Evaluation:
    """Run a detector's `find` over annotated texts and count."""
    evaluation = Evaluation()
    for row in rows:
        evaluation.add(row, find(row.text))
    return evaluation


def annotated_rows(corpus: Path) -> Iterator[Annotated]:
    """Yield the texts of a corpus: JSON lines with `id`, `text` and `spans` of `start`, `end`, `label`.

    Raises:
        SourceError: the file cannot be read, or a line is not of this form; the message names the line.
    """
    try:
        with corpus.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.isspace():
                    yield _annotated(line, corpus, number)
    except OSError as error:
        raise SourceError(f"{corpus} cannot be read: {error.strerror}.", fix="name a file of JSON lines") from None


def _annotated(line: bytes, corpus: Path, number: int) -> Annotated:
    try:
        row = json.loads(line)
        text = str(row["text"])
        spans = [Span(int(span["start"]), int(span["end"]), str(span["label"])) for span in row["spans"]]
        inside = all(0 <= span.start < span.end <= len(text) for span in spans)
    except (ValueError, KeyError, TypeError, RecursionError):
        inside = False
    if not inside:
        raise SourceError(
            f"{corpus}, line {number}: not an annotated text.",
            fix='a line is {"id", "text", "spans": [{"start", "end", "label"}]}; offsets in characters, end exclusive',
        )
    return Annotated(str(row.get("id", number)), text, spans)
