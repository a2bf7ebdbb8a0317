"""A file of JSON lines becomes a redacted file, in any number of processes and in constant memory.

Lines keep their order. A line that is refused is named by its number and reason in a file beside the result, never
quoted; every other line is redacted. It does not cover compressed files.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import orjson

from infra.whole_files import write_whole
from tasks.errors import SourceError
from tasks.phi.lines import MAX_BYTES, LineRedactor, Refused
from tasks.phi.pool import ordered
from tasks.phi.setup import Setup

CHUNK_BYTES = 256 << 10
"""Of lines that go to a process at once: a fraction of a second's work, so that none waits for another at the end."""


@dataclass
class Rejects:
    """Refused lines: how many, why, and the first of them by number."""

    total: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Told:
    """What became of a file: lines redacted, bytes read, refused lines, texts by risk, findings by category."""

    lines: int = 0
    bytes: int = 0
    rejects: Rejects = field(default_factory=Rejects)
    risk: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)


@dataclass
class _Chunk:
    first: int  # number of its first line, from 1
    lines: list[bytes] = field(default_factory=list)
    size: int = 0  # bytes read for it, also of what was too long to keep


@dataclass
class _Result:
    redacted: list[bytes]
    refused: list[tuple[int, str]]
    size: int
    risk: Counter[str]
    findings: Counter[str]


def redact_file(
    source: Path,
    target: Path,
    setup: Setup,
    *,
    keep: frozenset[str] = frozenset(),
    workers: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> Told:
    """Write the redacted lines of `source` to `target`; refused ones are named in `rejects_of(target)`.

    `progress` is told of the bytes read so far. An older file of refused lines is removed.

    Raises:
        SourceError: the source cannot be read.
        StorageError: the target cannot be written.
        PrivacyError: a recognizer failed. In each case the target is as it was.
    """
    told = Told()
    with _opened(source) as lines, tempfile.TemporaryFile() as named:

        def redacted() -> Iterator[bytes]:
            results = ordered(_redact, _chunks(lines), workers=workers, initialise=_initialise, arguments=(setup, keep))
            for result in results:
                _tell(told, result, named)
                progress(told.bytes)
                yield from result.redacted

        write_whole(target, redacted())
        if told.rejects.total:
            named.seek(0)
            write_whole(rejects_of(target), named)
        else:
            rejects_of(target).unlink(missing_ok=True)
    return told


def rejects_of(target: Path) -> Path:
    """Return where the refused lines of a result are named."""
    return target.with_name(f"{target.name}.rejects.jsonl")


def _tell(told: Told, result: _Result, named: BinaryIO) -> None:
    told.lines += len(result.redacted)
    told.bytes += result.size
    told.risk += result.risk
    told.findings += result.findings
    for number, reason in result.refused:
        told.rejects.total += 1
        told.rejects.reasons[reason.split(" at ")[0]] += 1
        if len(told.rejects.first) < 10:  # as many as a person reads
            told.rejects.first.append((number, reason))
        named.write(orjson.dumps({"line": number, "reason": reason}, option=orjson.OPT_APPEND_NEWLINE))


def _opened(source: Path) -> BinaryIO:
    try:
        return source.open("rb", buffering=1 << 20)
    except OSError as error:
        raise SourceError(f"{source} cannot be read: {error.strerror}.", fix="name a file of JSON lines") from None


def _chunks(lines: BinaryIO) -> Iterator[_Chunk]:
    """Yield lines in chunks of a size; of a line that is too long only so much is kept that this can be seen."""
    number = 1
    chunk = _Chunk(number)
    while line := lines.readline(MAX_BYTES + 1):
        size = len(line)
        if size > MAX_BYTES and not line.endswith(b"\n"):
            size += _skip_line(lines)
        chunk.lines.append(line)
        chunk.size += size
        number += 1
        if chunk.size >= CHUNK_BYTES:
            yield chunk
            chunk = _Chunk(number)
    if chunk.lines:
        yield chunk


def _skip_line(lines: BinaryIO) -> int:
    skipped = 0
    while part := lines.readline(1 << 20):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped


_redactor: LineRedactor  # of this process, made once


def _initialise(setup: Setup, keep: frozenset[str]) -> None:
    global _redactor  # noqa: PLW0603  # a process pool has no other place for what its processes keep
    _redactor = LineRedactor(setup.redactor(), keep)


def _redact(chunk: _Chunk) -> _Result:
    """Redact a chunk in whichever process this is."""
    result = _Result([], [], chunk.size, Counter(), Counter())
    for number, line in enumerate(chunk.lines, chunk.first):
        if line.isspace():
            continue
        try:
            redacted = _redactor.redact(line)
        except Refused as refused:
            result.refused.append((number, str(refused)))
            continue
        result.redacted.append(redacted.line)
        result.risk[redacted.risk] += 1
        result.findings.update(redacted.categories)
    return result
