"""Collect the papers of PubMed files: of each PMID its latest version, less what was deleted or retracted."""

import tempfile
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import orjson

from infra.storage_errors import cannot_write
from tasks.errors import ConfigError
from tasks.ingest.intake import Intake, Rejected
from tasks.ingest.pubmed_records import RETRACTED, SOURCE, Citation
from tasks.ingest.pubmed_xml import DELETED, read_citations
from tasks.ingest.tolerance import Tolerance

Met = tuple[list[Rejected], list[str]]  # what the intake of another process named and warned of


class ReaderPool(ProcessPoolExecutor):
    """Processes that read files, for as many calls as one likes: each takes 0.3 s to start, a file 5 s to read."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers, mp_context=get_context("spawn"))  # a fork of a process with threads may hang
        self.workers = workers


def collect_documents(
    paths: Sequence[Path], intake: Intake, *, pool: ReaderPool | None = None
) -> Iterator[dict[str, Any]]:
    """Yield one `Document` row a PMID; `intake` is complete when the last one was yielded.

    Files are taken in the given order, as update files must be, and read by `pool` where there is one. Memory holds
    about 130 bytes a citation and no text: a distribution file takes 4 MB, so a baseline is for one call a file or few.

    Raises:
        SourceError: no file holds a whole record.
        StorageError: the disk has no room for the rows that wait.
    """
    return latest_documents(read_files(paths, intake, pool=pool), intake)


def latest_documents(citations: Iterable[Citation], intake: Intake) -> Iterator[dict[str, Any]]:
    """Yield the last row of each PMID, and count every other citation.

    A higher version, or the same version again, replaces what came before; one without an abstract removes it. So does
    a retraction or a deletion, of whatever version. A paper that a notice names is retracted, whatever its own citation
    says. What is gone is withdrawn, also where it was not among these citations.

    Raises:
        StorageError: the disk has no room for the rows that wait.
    """
    latest = _Latest(intake)
    try:
        with tempfile.TemporaryFile() as spool:
            for citation in citations:
                latest.add(citation)
                spool.write(citation.row + b"\n")
            latest.withdraw()
            spool.seek(0)
            for row in latest.of(spool):
                yield orjson.loads(row)
    except OSError as error:
        raise cannot_write(Path(tempfile.gettempdir()), error) from error


class _Latest:
    """Which of the citations, by their numbers, holds for its PMID; counts the others."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._holds: dict[int, int] = {}  # PMID → citation
        self._versions = array("L")  # citation → version
        self._kept = bytearray()  # citation → 1 where its row is kept
        self._gone: dict[str, Citation] = {}  # PMID → what deleted or retracted it
        self._noticed: dict[str, str] = {}  # PMID → the notice that retracts it

    def add(self, citation: Citation) -> None:
        """Take in the next citation."""
        number, pmid = len(self._kept), int(citation.pmid)
        self._versions.append(citation.version)
        self._kept.append(0)
        self._noticed.update(dict.fromkeys(citation.retracts, citation.pmid))
        if citation.reason == RETRACTED:
            self._intake.retracted += 1
        elif citation.reason:
            self._reject(citation.pmid, citation.reason)
        before = self._holds.get(pmid)
        removes = citation.reason in (RETRACTED, DELETED)
        if before is not None and citation.version < self._versions[before] and not removes:
            if citation.row:
                self._reject(citation.pmid, "superseded")
            return
        if before is not None and self._kept[before]:
            self._kept[before] = 0
            self._reject(citation.pmid, "superseded")
        self._holds[pmid] = number
        if removes:
            self._gone[citation.pmid] = citation
        if citation.row:
            self._kept[number] = 1
            self._gone.pop(citation.pmid, None)

    def withdraw(self) -> None:
        """Say what is gone, and take out the rows of papers that a notice names."""
        for pmid, citation in self._gone.items():
            if citation.reason == DELETED:
                self._intake.withdraw(SOURCE, pmid, DELETED)
            else:
                self._intake.withdraw(SOURCE, pmid, RETRACTED, citation.notice or self._noticed.get(pmid, ""))
        for pmid in self._noticed.keys() - self._gone.keys():
            self._intake.withdraw(SOURCE, pmid, RETRACTED, self._noticed[pmid])
            number = self._holds.get(int(pmid))
            if number is not None and self._kept[number]:
                self._kept[number] = 0
                self._intake.retracted += 1

    def of(self, rows: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the rows that are kept, of all citations' rows in their order."""
        return (row for row, kept in zip(rows, self._kept, strict=True) if kept)

    def _reject(self, pmid: str, reason: str) -> None:
        self._intake.reject(reason, source=SOURCE, source_id=pmid)


def read_files(paths: Sequence[Path], intake: Intake, *, pool: ReaderPool | None = None) -> Iterator[Citation]:
    """Yield the citations of several files in their order, read by the processes of `pool` where there is one.

    What they read before its turn comes waits in temporary files, of one file more than there are processes at most.

    A file that is no PubMed XML is rejected.

    Raises:
        SourceError: no file holds a whole record.
        ConfigError: a process was killed.
    """
    tolerance = Tolerance(SOURCE, len(paths), intake)
    if pool is None or len(paths) < 2:
        for path in paths:
            with tolerance.of(path):
                yield from read_citations(path, intake)
        return
    unread, waiting = deque(enumerate(paths)), deque[tuple[Future[Met], Path, Path]]()
    with tempfile.TemporaryDirectory() as folder:
        try:
            while unread or waiting:
                while unread and len(waiting) <= pool.workers:
                    number, path = unread.popleft()
                    spool = Path(folder) / str(number)
                    waiting.append((pool.submit(_read_into, spool, path), spool, path))
                reading, spool, path = waiting.popleft()
                with tolerance.of(path):
                    yield from _taken(reading, spool, intake)
        finally:
            wait([reading for reading, *_ in waiting if not reading.cancel()])  # their files go with the folder


def _read_into(spool: Path, path: Path) -> Met:
    """Read a file in a process of its own; a line is a citation: its fields, a tab, its row."""
    intake = Intake()
    with spool.open("wb") as lines:
        for *fields, row in read_citations(path, intake):
            lines.write(orjson.dumps(fields) + b"\t" + row + b"\n")
    return list(intake.rejects()), intake.warnings


def _taken(reading: Future[Met], spool: Path, intake: Intake) -> Iterator[Citation]:
    try:
        rejects, warnings = reading.result()
    except BrokenProcessPool as error:
        raise ConfigError(
            "A process that reads PubMed files was killed.", fix="run with fewer workers or more memory"
        ) from error
    for rejected in rejects:
        intake.reject(rejected.reason, source=SOURCE, source_id=rejected.source_id, where=rejected.where)
    for warning in warnings:
        intake.warn(warning)
    with spool.open("rb") as lines:
        for line in lines:
            fields, _, row = line.partition(b"\t")
            yield Citation._make([*orjson.loads(fields), row.rstrip()])
    spool.unlink()
