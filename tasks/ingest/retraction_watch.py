"""Which papers are retracted, as the Retraction Watch database says, in the CSV form that Crossref publishes.

https://www.crossref.org/documentation/retrieve-metadata/retraction-watch/: a line is a notice about a paper, known by
DOI, PMID or both. Only retractions count, and only of papers that were not reinstated since; corrections and
expressions of concern are left to a reader's judgement. A paper that was recorded as
retracted and is reinstated later stays withdrawn. Names, titles and reasons are not read.
"""

import contextlib
import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from infra.settings import Settings
from tasks.errors import SourceError
from tasks.ingest.politeness import RateLimit, Service
from tasks.records import Withdrawal

DOI, PMID, NATURE, NOTICE_DOI, RECORD = (
    "OriginalPaperDOI",
    "OriginalPaperPubMedID",
    "RetractionNature",
    "RetractionDOI",
    "Record ID",
)
NEEDED = (DOI, PMID, NATURE, NOTICE_DOI, RECORD)
SOURCE = "retraction watch"
Name = tuple[str, str]  # "doi" or "pubmed", and the number there
UNKNOWN = frozenset({"", "0", "unavailable"})
csv.field_size_limit(1 << 20)  # a line names hundreds of authors and institutions


@contextlib.contextmanager
def opened(place: str, settings: Settings) -> Iterator[Iterable[str]]:
    """Open the CSV at a path or an http address as lines of text.

    Raises:
        SourceError: there is no such file, or the address refuses.
        SourceUnavailable: the address does not answer; it may later.
    """
    if "://" in place:
        limit = RateLimit("retraction-watch", 1.0, settings.data / "turns")
        with Service("Retraction Watch", limit, address_setting="ROUNDS_RETRACTIONS") as service:
            yield io.StringIO(service.get(place, bytes).decode("utf-8", "replace"), newline="")
        return
    try:
        with Path(place).expanduser().open(encoding="utf-8", errors="replace", newline="") as file:
            yield file
    except OSError as error:
        raise SourceError(
            f"{place} cannot be read: {error.strerror}.", fix="correct ROUNDS_RETRACTIONS, or unset it"
        ) from error


def read_retractions(lines: Iterable[str], place: str) -> Iterator[Withdrawal]:
    """Yield a withdrawal for each name, DOI or PMID, of each retracted paper; `place` is named in messages.

    Raises:
        SourceError: a column is missing, or the file is no CSV.
    """
    table = csv.DictReader(lines)
    try:
        missing = [name for name in NEEDED if name not in (table.fieldnames or ())]
        if missing:
            raise SourceError(
                f"{place} lacks the columns {', '.join(missing)}.",
                fix="set ROUNDS_RETRACTIONS to retraction_watch.csv as Crossref publishes it, or to its address",
            )
        # Notices come in no order of time, so whether a paper was reinstated is known at the end alone.
        retracted: list[tuple[list[Name], str]] = []
        reinstated: set[Name] = set()
        for row in table:
            nature = (row[NATURE] or "").strip().lower()
            if nature == "retraction":
                notice = _known(row[NOTICE_DOI]) or f"Retraction Watch {_known(row[RECORD])}"
                retracted.append((_names(row), notice))
            elif nature == "reinstatement":
                reinstated.update(_names(row))
    except csv.Error as error:
        raise SourceError(f"{place}, line {table.line_num}: no CSV.", fix="fetch the file again") from error
    told: set[Name] = set()
    for names, notice in retracted:
        if reinstated.isdisjoint(names):
            for source, source_id in names:
                if (source, source_id) not in told:
                    yield Withdrawal(source=source, source_id=source_id, reason="retracted", notice=notice)
            told.update(names)


def _names(row: dict[str, str]) -> list[Name]:
    names = (("doi", _known(row[DOI]).lower()), ("pubmed", _known(row[PMID])))
    return [(source, source_id) for source, source_id in names if source_id]


def _known(value: str | None) -> str:
    value = (value or "").strip()
    return "" if value.lower() in UNKNOWN else value
