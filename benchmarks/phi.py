"""Measure how fast identifiers are found, redacted and proven.

    python -m benchmarks.phi [--quick] [--json]

Detection: MB/s of the rules beside Presidio's predefined recognizers, both in one process, over the same texts and with
the same no-op language engine; and the share of the marked identifiers of benchmarks/notes/unseen that each covers
whole. Redaction: MB/s of a file of JSON lines by two processes beside one, start-up of the processes included. Memory:
peak MiB of the redacting process on a large file beside a small one. The texts are those of
ROUNDS_REAL_DATA/phi/*_dev.jsonl where that variable names a folder; else the fictional notes and made-up abstracts. MB
are 10^6 bytes of UTF-8.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks.figures import Figure, main, rates
from tasks.phi.evaluation import Annotated, Span, annotated_rows, evaluate
from tasks.phi.presidio import AnalyzerEngine, NoOpNlpEngine, RecognizerRegistry
from tasks.records import PhiFinding
from tasks.sample.abstracts import plain, sample_abstracts

NOTES = Path(__file__).parent / "notes"
MARK = re.compile(r"⟦(\w+)\|(.*?)⟧", re.DOTALL)
PEAK = """
import resource, sys
from pathlib import Path
from tasks.phi.line_files import redact_file
from tasks.phi.setup import setup_of
redact_file(Path(sys.argv[1]), Path(sys.argv[2]), setup_of("rules", "placeholder"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measure(quick: bool) -> list[Figure]:
    """Return all figures."""
    texts = list(itertools.islice(texts_to_read(), 600 if quick else None))
    with tempfile.TemporaryDirectory() as folder:
        return [
            *against_presidio(texts),
            in_two_processes(texts, Path(folder), quick),
            memory(texts, Path(folder), quick),
        ]


def texts_to_read() -> Iterator[str]:
    """Yield texts of all kinds in turn, so that a part of them is a sample."""
    real = Path(os.environ.get("ROUNDS_REAL_DATA", "/nowhere")) / "phi"
    if corpora := [[row.text for row in annotated_rows(file)] for file in sorted(real.glob("*_dev.jsonl"))]:
        kinds = corpora
    else:
        papers = sample_abstracts(1, 500)
        kinds = [[note.text for note in notes()], [plain(" ".join(text for _, text in p.sections)) for p in papers]]
    shortest = min(map(len, kinds))
    steps = [max(1, len(kind) // shortest) for kind in kinds]
    for index in range(shortest):
        for kind, step in zip(kinds, steps, strict=True):
            yield from kind[index * step : (index + 1) * step]


def notes(folder: Path = NOTES) -> Iterator[Annotated]:
    """Yield the fictional notes, whose identifiers stand as `⟦MRN|0048213⟧`, and words that must survive as KEEP."""
    for file in sorted(folder.rglob("*.txt")):
        marked = file.read_text(encoding="utf-8")
        text, done = "", 0
        spans = []
        for mark in MARK.finditer(marked):
            text += marked[done : mark.start()]
            label = "KEEP_MEDICINE" if mark[1] == "KEEP" else mark[1]
            spans.append(Span(len(text), len(text) + len(mark[2]), label))
            text += mark[2]
            done = mark.end()
        yield Annotated(f"{file.parent.name}/{file.stem}", text + marked[done:], spans)


def megabytes(texts: Iterable[str]) -> float:
    """Return the size of texts in 10^6 bytes."""
    return sum(len(text.encode()) for text in texts) / 1e6


def against_presidio(texts: list[str]) -> list[Figure]:
    """Compare the rules with Presidio's predefined recognizers: speed on all texts, recall on the unseen notes."""
    engine = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "no_op"}])
    engine.load()
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    predefined = AnalyzerEngine(registry=registry, nlp_engine=engine)

    # Presidio finds its predefined classes by name among all recognizers that are imported: some of ours share a name
    from tasks.phi.detection import Detector

    detector = Detector()

    def presidio_finds(text: str) -> list[PhiFinding]:
        results = predefined.analyze(text, language="en")
        return [
            PhiFinding(category="OTHER_ID", start=r.start, end=r.end, score=r.score, recognizer="predefined")
            for r in results
        ]

    def all_of(find: Callable[[str], object]) -> None:
        for text in texts:
            find(text)

    detector.find(texts[0])
    presidio_finds(texts[0])  # its first call looks for a list of domains
    mine, theirs = rates(megabytes(texts), lambda: all_of(detector.find), lambda: all_of(presidio_finds))
    unseen = list(notes(NOTES / "unseen"))
    found, predefined_found = evaluate(unseen, detector.find).recall, evaluate(unseen, presidio_finds).recall
    return [
        Figure("phi.rules_vs_presidio", mine, theirs, "MB/s", len(texts)),
        Figure("phi.recall_on_unseen_notes", found.value, predefined_found.value, "of spans", found.of),
    ]


def in_two_processes(texts: list[str], folder: Path, quick: bool) -> Figure:
    """Compare two processes with one on a file that takes one of them seconds."""
    size = 4e6 if quick else 20e6
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    lines = write_lines(source, texts, size)

    from tasks.phi.line_files import redact_file
    from tasks.phi.setup import setup_of

    def by(workers: int) -> None:
        redact_file(source, target, setup_of("rules", "placeholder"), workers=workers)

    two, one = rates(source.stat().st_size / 1e6, lambda: by(2), lambda: by(1))
    return Figure("phi.workers_2_vs_1", two, one, "MB/s", lines)


def memory(texts: list[str], folder: Path, quick: bool) -> Figure:
    """Compare the peak of a process on a large file with one on a small file."""
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    peaks = []
    for size in (10e6 if quick else 1000e6, 2e6 if quick else 10e6):
        lines = write_lines(source, texts, size)
        program = [sys.executable, "-c", PEAK, str(source), str(target)]
        peaks.append((float(subprocess.run(program, check=True, capture_output=True, text=True).stdout), lines))
    (large, lines), (small, _) = peaks
    return Figure("phi.memory_large_vs_small_file", large, small, "MiB", lines)


def write_lines(file: Path, texts: list[str], size: float) -> int:
    """Write texts over and over as JSON lines until the file has the size in bytes; return how many."""
    written = lines = 0
    with file.open("w", encoding="utf-8") as out:
        for text in itertools.cycle(texts):
            if written >= size:
                return lines
            lines += 1
            written += out.write(json.dumps({"id": lines, "text": text}, ensure_ascii=False) + "\n")
    return lines


if __name__ == "__main__":
    main(__doc__, measure)
