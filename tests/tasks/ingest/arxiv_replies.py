"""arXiv's answers over made-up papers: searches with categories and times of submission, id lists, pages, orders."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from xml.sax.saxutils import escape, quoteattr

from tests.tasks.ingest.literature_terms import Predicate, compile_query

TIMES = re.compile(r"submittedDate:\[(\d{12}) TO (\d{12})\]")
ID = re.compile(r"\d{4}\.\d{4,5}(v\d+)?|[a-z-]+/\d{7}(v\d+)?")


@dataclass(frozen=True)
class StoredPaper:
    """The latest version of a paper."""

    identifier: str
    submitted: datetime
    updated: datetime
    version: int = 1
    title: str = "On the counting of spoons"
    summary: str = "We count the spoons of Larkmoor and model how they get lost."
    comment: str = "4 pages"
    categories: tuple[str, ...] = ("q-bio.QM", "stat.AP")


def papers(count: int, last: datetime, *, every: timedelta = timedelta(hours=7), seed: int = 1) -> list[StoredPaper]:
    """Make `count` papers, one `every` so often up to `last`; a third of them have later versions."""
    rng = Random(seed)
    made = []
    for index in range(count):
        submitted = last - every * index
        later = rng.random() < 1 / 3
        updated = submitted + (last - submitted) * rng.random() if later else submitted
        made.append(StoredPaper(f"{2600 + index // 9000}.{index % 9000 + 10000}", submitted, updated, 1 + later))
    return made


@dataclass(repr=False)
class ArxivData:
    """What the server knows; `keeps_order` False ignores the order asked for, `short` leaves out the end of pages."""

    papers: list[StoredPaper] = field(default_factory=list)
    most_papers: int = 30_000
    keeps_order: bool = True
    short: int = 0
    broken: set[str] = field(default_factory=set)  # papers whose entries have no date

    def answer(self, fields: Mapping[str, str]) -> tuple[int, str]:
        """Return HTTP status and body."""
        start, size = int(fields.get("start", 0)), int(fields.get("max_results", 10))
        if start + size > self.most_papers or size > 2000:
            return 400, error_feed("max_results_must_be_smaller")
        found = self.papers
        if ids := [i for i in fields.get("id_list", "").split(",") if i]:
            if bad := [i for i in ids if not ID.fullmatch(i)]:
                return 400, error_feed(f"incorrect_id_format_for_{bad[0]}")
            found = [p for p in found if p.identifier in {i.partition("v")[0] for i in ids}]
        if fields.get("search_query"):
            matches = compile_query(fields["search_query"], _leaf)
            found = [p for p in found if matches(p)]
        if self.keeps_order and fields.get("sortBy") in {"lastUpdatedDate", "submittedDate"}:
            by = "updated" if fields["sortBy"] == "lastUpdatedDate" else "submitted"
            found = sorted(
                found, key=lambda p: (getattr(p, by), p.identifier), reverse=fields.get("sortOrder") == "descending"
            )
        page = found[start : start + size]
        return 200, self.feed(page[: len(page) - self.short] or page, total=len(found), start=start)

    def feed(self, page: Sequence[StoredPaper], *, total: int, start: int = 0) -> str:
        """Return papers as an Atom feed."""
        return (
            "<?xml version='1.0' encoding='UTF-8'?>\n"
            '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom"'
            ' xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/api/made-up</id><title>arXiv Query</title>'
            f"<updated>2026-11-21T00:00:00Z</updated><opensearch:itemsPerPage>{len(page)}</opensearch:itemsPerPage>"
            f"<opensearch:totalResults>{total}</opensearch:totalResults>"
            f"<opensearch:startIndex>{start}</opensearch:startIndex>{''.join(map(self._entry, page))}</feed>\n"
        )

    def _entry(self, paper: StoredPaper) -> str:
        updated = "" if paper.identifier in self.broken else f"<updated>{_moment(paper.updated)}</updated>"
        categories = "".join(f"<category term={quoteattr(name)}/>" for name in paper.categories)
        return (
            f"<entry><id>http://arxiv.org/abs/{paper.identifier}v{paper.version}</id><title>{escape(paper.title)}</title>"
            f"{updated}<summary>{escape(paper.summary)}</summary>{categories}"
            f"<published>{_moment(paper.submitted)}</published><arxiv:comment>{escape(paper.comment)}</arxiv:comment>"
            "<author><name>Tansy Whitlock</name></author><author><name>Oswin Marsh</name></author></entry>\n"
        )


def error_feed(slug: str) -> str:
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns="http://www.w3.org/2005/Atom">'
        "<id>https://arxiv.org/</id><opensearch:totalResults>1</opensearch:totalResults><entry>"
        f"<id>https://arxiv.org/api/errors#{slug}</id><title>Error</title><updated>2026-11-21T00:00:00Z</updated>"
        f"<summary>{slug.replace('_', ' ')}</summary></entry></feed>"
    )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _leaf(text: str) -> Predicate:
    if span := TIMES.fullmatch(text):
        first, last = (datetime.strptime(part, "%Y%m%d%H%M").replace(tzinfo=UTC) for part in span.groups())
        return lambda p: first <= p.submitted.replace(second=0, microsecond=0) <= last  # type: ignore[attr-defined]
    kind, _, value = text.partition(":")
    if kind == "cat":
        return lambda p: value in p.categories  # type: ignore[attr-defined]
    assert kind == "all", text
    return lambda p: value.lower() in f"{p.title} {p.summary}".lower()  # type: ignore[attr-defined]
