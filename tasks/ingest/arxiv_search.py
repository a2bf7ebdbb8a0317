"""Read what is new or changed in arXiv for a query, through its API: one request every three seconds, one at a time.

The rules are arXiv's (https://info.arxiv.org/help/api/tou.html): all machines of a user together count as one. A search
shows at most 30,000 papers (https://info.arxiv.org/help/api/user-manual.html#paging); a larger one is halved by the
date of submission, the only date that the API filters by. New versions, and withdrawals, which are versions too, are
found by reading in the order of the last update. Dates are of submission, and papers appear days or, held by a
moderator, weeks after it: each reading looks back over `OVERLAP`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import arxiv  # type: ignore[import-untyped]

from infra.settings import Settings
from tasks.errors import SourceError
from tasks.ingest.arxiv_records import IDENTIFIER, SOURCE, Feed, documents, read_feed, split_identifier
from tasks.ingest.intake import Intake
from tasks.ingest.politeness import BadReply, Patience, RateLimit, Service
from tasks.records import Document

MOST_PAPERS = 30_000
PAGE = 500  # arXiv allows 2,000, but answers pages above 1,000 late and short
IDS = 100  # a request; a URL holds no more than some 2,000 characters safely
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MOMENT = datetime(1986, 1, 1, tzinfo=UTC)  # before any paper
LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)  # after any paper, and no overflow above it
OVERLAP = timedelta(days=30)
DISORDER = timedelta(days=1)  # between neighbours in the order of the last update; more is another order
NOT_RETURNED = "not returned by arXiv"


class Arxiv(arxiv.Client):  # type: ignore[misc]
    """The client of the `arxiv` package with our address, manners and checks; sizes are parameters for tests."""

    def __init__(self, service: Service, url: str, *, most_papers: int = MOST_PAPERS, page: int = PAGE) -> None:
        super().__init__(page_size=page, delay_seconds=0, num_retries=0)
        self.query_url_format = url + "?{}"
        self.most_papers = most_papers
        self._service = service

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()
        self._service.__exit__(kind, error, trace)

    def page(self, search: Any, start: int) -> Feed:
        """Return the page of a search that begins with its paper number `start`.

        Raises:
            SourceUnavailable, SourceError: see `Service.post`; also a query that arXiv refuses.
        """

        def read(reply: bytes) -> Feed:
            feed = read_feed(reply)
            if not feed.entries and start < feed.total:
                raise BadReply(f"an empty page of a search with {feed.total} papers")
            if feed.entries and feed.total < start + feed.entries:
                raise BadReply(f"paper {start + feed.entries} of a search with {feed.total} papers")
            return feed

        size = min(self.page_size, self.most_papers - start)
        return self._service.get(self._format_url(search, start, size), read)


def open_arxiv(settings: Settings, *, patience: Patience | None = None) -> Arxiv:
    """Open the arXiv that the settings name."""
    limit = RateLimit("arxiv", per_second=1 / 3, folder=settings.data / "turns", alone=True)
    service = Service("arXiv", limit, address_setting="ROUNDS_ARXIV_URL", patience=patience)
    return Arxiv(service, settings.arxiv_url)


@dataclass(frozen=True)
class Span:
    """Papers by the time of their first submission, in minutes, both ends included; None: all."""

    times: tuple[datetime, datetime] | None = None

    def search(self, query: str) -> Any:
        """Return the search of this span, the latest updates first."""
        if self.times:
            first, last = (f"{moment:%Y%m%d%H%M}" for moment in self.times)
            query = f"({query}) AND submittedDate:[{first} TO {last}]"
        return arxiv.Search(query, sort_by=arxiv.SortCriterion.LastUpdatedDate)

    def halves(self, now: datetime) -> tuple["Span", "Span"]:
        """Return the earlier and the later half."""
        first, last = self.times or (FIRST_MOMENT, now + timedelta(days=1))
        if first >= last:
            raise SourceError("arXiv shows more papers of one minute than it lets one read.", fix="narrow the query")
        middle = first + timedelta(minutes=(last - first) // timedelta(minutes=2))
        return Span((first, middle)), Span((middle + timedelta(minutes=1), last))


def arxiv_query(query: str, categories: Sequence[str] = ()) -> str:
    """Return a query restricted to any of some categories; either may be empty."""
    within = " OR ".join(f"cat:{category}" for category in categories)
    return f"({query}) AND ({within})" if query and within else query or within


def read_arxiv(
    query: str,
    *,
    categories: Sequence[str] = (),
    since: int,
    limit: int | None,
    client: Arxiv,
    intake: Intake,
    now: datetime | None = None,
) -> Iterator[Document]:
    """Yield the papers that a query finds and that were submitted or changed since a watermark, latest first.

    `since` counts days since 1970-01-01; 0 reads everything. `intake.watermark["arxiv"]` moves when all was yielded: a
    reading that is broken off, or ends at its limit, is repeated by the next. What the overlap holds comes again.

    Raises:
        SourceUnavailable: arXiv gives no usable answer; it may later.
        SourceError: arXiv refuses the query.
    """
    now = now or datetime.now(UTC)
    cut = EPOCH + timedelta(days=since) - OVERLAP if since else None
    reading = _Reading(arxiv_query(query, categories), cut, client, intake)
    pending, taken = [Span()], 0
    while pending:
        span = pending.pop()
        for feed in reading.pages(span):
            for document in documents(feed, intake):
                if taken == limit:
                    intake.warn(f"arXiv: the reading ended at its limit of {limit}; the next starts where this one did")
                    return
                taken += 1
                yield document
        if reading.too_deep:
            pending += span.halves(now)
    if reading.found:
        intake.watermark[SOURCE] = (now - EPOCH).days
    else:
        intake.warn("arXiv: nothing was found for the query, neither old nor new")


class _Reading:
    """One reading of a query: which papers were seen, and whether arXiv keeps to the order of the last update."""

    def __init__(self, query: str, cut: datetime | None, client: Arxiv, intake: Intake) -> None:
        self.found = self.too_deep = False
        self._query, self._cut, self._client, self._intake = query, cut, client, intake
        self._seen: set[str] = set()
        self._ordered, self._lowest = True, LATEST

    def pages(self, span: Span) -> Iterator[Feed]:
        """Yield the span's pages, less the papers seen before, down to the cut; `too_deep` if there are too many."""
        search, start, most = span.search(self._query), 0, self._client.most_papers
        self.too_deep = False
        self._lowest = LATEST
        while True:
            feed = self._client.page(search, start)
            self.found = self.found or feed.total > 0
            self._check_order(feed)
            if feed.total > most and (span.times or self._cut is None or not self._ordered):
                self.too_deep = True
                return
            yield self._fresh(feed)
            start += feed.entries
            if start >= feed.total or self._is_past_cut():
                return
            if start >= most:
                self.too_deep = True
                return

    def _fresh(self, feed: Feed) -> Feed:
        results, malformed = [], []
        for result in feed.results:
            identifier, _ = split_identifier(result.entry_id)
            if identifier not in self._seen and (self._cut is None or result.updated >= self._cut):
                results.append(result)
            self._seen.add(identifier)
        for identifier in feed.malformed:
            if identifier not in self._seen or not identifier:
                malformed.append(identifier)
            self._seen.add(identifier)
        return Feed(tuple(results), feed.entries, feed.total, tuple(malformed))

    def _is_past_cut(self) -> bool:
        if self._cut is None or not self._ordered:
            return False
        return self._lowest < self._cut - DISORDER

    def _check_order(self, feed: Feed) -> None:
        """Notice another order than the one asked for, as arXiv answered in November 2025: then nothing is cut off."""
        for result in feed.results:
            if self._cut and self._ordered and result.updated > self._lowest + DISORDER:
                self._ordered = False
                self._intake.warn("arXiv: not in the order of the last update; the whole query is read")
            self._lowest = min(self._lowest, result.updated)


def read_arxiv_ids(ids: Sequence[str], *, client: Arxiv, intake: Intake) -> Iterator[Document]:
    """Yield the latest versions of papers by their ids; ids that are none, or that arXiv leaves out, are counted."""
    wanted = []
    for identifier in dict.fromkeys(ids):
        if IDENTIFIER.fullmatch(identifier):
            wanted.append(identifier)
        else:
            intake.reject("malformed id", source=SOURCE, source_id=identifier)
    for start in range(0, len(wanted), min(IDS, client.page_size)):
        batch = wanted[start : start + min(IDS, client.page_size)]
        feed = client.page(arxiv.Search(id_list=batch), 0)
        yield from documents(feed, intake)
        returned = {split_identifier(i)[0] for i in (*(r.entry_id for r in feed.results), *feed.malformed)}
        for identifier in batch:
            if split_identifier(identifier)[0] not in returned:
                intake.reject(NOT_RETURNED, source=SOURCE, source_id=identifier)
