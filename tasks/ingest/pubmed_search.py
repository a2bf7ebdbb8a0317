"""Read what is new in PubMed for a query: every citation once, however many there are.

A PubMed search shows at most 9,999 citations, also through the history server
(https://www.ncbi.nlm.nih.gov/books/NBK25499/, retmax of ESearch), so a larger one is halved by date until each part is
small enough, and a single day by PMID. New is what has an Entrez date or a creation date since the watermark: citations
that enter PubMed more than a year after their publication bear its date as Entrez date, and only the creation date
tells when they came (https://www.nlm.nih.gov/pubs/techbull/nd08/nd08_pm_new_date_field.html). Papers that were marked
as retracted since are read again. Not covered: other changes of old citations; the update files bring those.
"""

import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tasks.errors import SourceError
from tasks.ingest.entrez import Citations, Entrez, Found, HistoryLost
from tasks.ingest.intake import Intake
from tasks.ingest.pubmed_xml import SOURCE, read_citations

FIRST_DAY = date(1700, 1, 1)  # before any citation
LAST_PMID = 2**30
EPOCH = date(1970, 1, 1)
OVERLAP = timedelta(days=1)  # a day may still fill after it was read
NOT_RETURNED = "not returned by Entrez"


@dataclass(frozen=True)
class Window:
    """A part of PubMed: days and PMIDs, both ends included."""

    first: date
    last: date
    low: int = 1
    high: int = LAST_PMID

    def term(self, query: str, *, since_start: bool) -> str:
        """Return the query for this part; a reading from the very start needs no date but the Entrez date."""
        days = self._days()
        new = f"{days}[edat]"
        if not since_start:
            new = f"({new} OR {days}[crdt] OR ({days}[mdat] AND retracted publication[pt]))"
        pmids = "" if (self.low, self.high) == (1, LAST_PMID) else f" AND {self.low}:{self.high}[uid]"
        return f"({query}) AND {new}{pmids}"

    def retracted(self, query: str) -> str:
        """Return the query for the retracted papers that were changed on these days."""
        return f"({query}) AND {self._days()}[mdat] AND retracted publication[pt]"

    def _days(self) -> str:
        return f"{self.first:%Y/%m/%d}:{self.last:%Y/%m/%d}"

    def halves(self) -> tuple["Window", "Window"]:
        """Return the earlier and the later half: of its days, or of the PMIDs of a single day."""
        if self.first < self.last:
            middle = self.first + (self.last - self.first) // 2
            return replace(self, last=middle), replace(self, first=middle + timedelta(days=1))
        if self.low >= self.high:
            raise SourceError(f"PubMed shows several citations for the PMID {self.low}.", fix="try again later")
        middle_pmid = (self.low + self.high) // 2
        return replace(self, high=middle_pmid), replace(self, low=middle_pmid + 1)


def read_pubmed(
    query: str,
    *,
    since: int,
    limit: int | None,
    client: Entrez,
    intake: Intake,
    known: Callable[[Sequence[str]], Collection[str]] | None = None,
    today: date | None = None,
) -> Iterator[Any]:
    """Yield the citations that a query finds and that entered PubMed since a watermark.

    `since` counts days since 1970-01-01; 0 reads from the start. Without a limit the earliest come first, and
    `intake.watermark["pubmed"]` is at all times a day up to which all was yielded: a reading that is broken off goes on
    from there. With one, the latest `limit` that are not known are read, and the watermark moves only if there were no
    more. What a day holds may come again at the next reading, unless `known` tells which of some PMIDs were taken
    before: those are not fetched again, but where they were retracted since, and count as unchanged.

    Raises:
        SourceUnavailable: Entrez gives no usable answer; it may later.
        SourceError: Entrez refuses the query.
    """
    today = today or datetime.now(UTC).date()
    first = EPOCH + timedelta(days=since) - OVERLAP if since else FIRST_DAY
    pending = [Window(first, today + timedelta(days=1))]  # tomorrow: it has begun elsewhere
    seen: set[str] = set()
    cut, taken = False, 0
    while pending and not cut:
        window = pending.pop()
        found = client.search(window.term(query, since_start=not since))
        if not seen:
            _warn_of_phrases(found, intake)
        if found.count > client.most_ids:
            earlier, later = window.halves()
            pending += (later, earlier) if limit is None else (earlier, later)
            continue
        fresh = [pmid for pmid in found.pmids if pmid not in seen]
        seen.update(fresh)
        if known:
            fresh = _unknown(fresh, known, window.retracted(query), client, intake)
        if limit is not None:
            cut = len(fresh) > limit - taken
            fresh = fresh[: limit - taken]
            taken += len(fresh)
        yield from _read(found, fresh, client, intake)
        if limit is None and window.high == LAST_PMID:
            intake.watermark[SOURCE] = (min(window.last, today) - EPOCH).days
    if cut:
        intake.warn(f"PubMed: the reading ended at its limit of {limit}; the next one takes the rest")
    elif seen or since:
        intake.watermark[SOURCE] = (today - EPOCH).days
    else:
        intake.watermark.pop(SOURCE, None)
        intake.warn("PubMed: nothing was found for the query, neither old nor new")


class Part:
    """The beginning of a reading: at least `size` citations, and as many more as it takes to get on.

    `cut` says, after the last one, whether there were more; `intake.watermark` is then where to go on.
    """

    def __init__(self, citations: Iterator[Any], intake: Intake, start: int, size: int) -> None:
        self.cut = False
        self._citations, self._intake, self._start, self._size = citations, intake, start, size

    def __iter__(self) -> Iterator[Any]:
        for number, citation in enumerate(self._citations, start=1):
            # Seen at the next citation, because the watermark moves behind the last one of a window.
            if number > self._size and self._intake.watermark.get(SOURCE, self._start) > self._start:
                self.cut = True
                return
            yield citation


def _warn_of_phrases(found: Found, intake: Intake) -> None:
    for phrase in found.unknown_phrases:
        warning = f"PubMed knows no {phrase!r} and leaves it out of the query"
        if warning not in intake.warnings:
            intake.warn(warning)


def _unknown(
    pmids: Sequence[str],
    known: Callable[[Sequence[str]], Collection[str]],
    retracted: str,
    client: Entrez,
    intake: Intake,
) -> list[str]:
    taken = set(known(pmids))
    if taken:
        taken.difference_update(client.search(retracted).pmids)
    intake.unchanged += len(taken)
    return [pmid for pmid in pmids if pmid not in taken]


def _read(found: Found, wanted: Sequence[str], client: Entrez, intake: Intake) -> Iterator[Any]:
    for start in range(0, len(wanted), client.batch):
        batch = wanted[start : start + client.batch]
        reply = _fetch(found, start, batch, client)
        yield from _parse(reply, intake)
        if missing := [pmid for pmid in batch if pmid not in reply.pmids]:
            second = client.fetch_pmids(missing)
            yield from _parse(second, intake)
            for pmid in missing:
                if pmid not in second.pmids:
                    intake.reject(NOT_RETURNED, source=SOURCE, source_id=pmid)


def _fetch(found: Found, start: int, batch: Sequence[str], client: Entrez) -> Citations:
    """Return a batch from the history server, or by PMID where that has lost it or gives another one."""
    if found.webenv and tuple(batch) == found.pmids[start : start + len(batch)]:
        try:
            reply = client.fetch(found, start, len(batch))
            if reply.pmids <= set(batch):
                return reply
        except HistoryLost:
            pass
    return client.fetch_pmids(batch)


def _parse(reply: Citations, intake: Intake) -> Iterator[Any]:
    with tempfile.TemporaryDirectory(prefix="rounds-efetch-") as folder:
        path = Path(folder) / "efetch.xml"
        path.write_bytes(reply.xml)
        yield from read_citations(path, intake)
