"""No paper is lost and none comes twice, whatever the sizes, faults and orders; arXiv's rules are kept."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.settings import Settings
from tasks.errors import SourceError, SourceUnavailable
from tasks.ingest.arxiv_search import EPOCH, OVERLAP, Arxiv, arxiv_query, open_arxiv, read_arxiv, read_arxiv_ids
from tasks.ingest.intake import Intake
from tasks.ingest.politeness import Patience, RateLimit, Service
from tasks.records import Document
from tests.tasks.ingest.arxiv_replies import ArxivData, StoredPaper, papers
from tests.tasks.ingest.literature_server import PASSING_FAULTS, Literature, serve

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
TODAY = (NOW - EPOCH).days
HASTE = Patience(tries=9, first_pause_seconds=0.0005, longest_pause_seconds=0.002, silence_seconds=5)
EXAMPLES = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def server() -> Iterator[Literature]:
    with serve(Literature(per_second={"entrez": 1, "entrez key": 1, "arxiv": 5000})) as served:
        yield served


@pytest.fixture
def literature(server: Literature) -> Literature:
    return clean(server)


def clean(server: Literature) -> Literature:
    server.arxiv = ArxivData()
    server.faults.clear()
    server.requests.clear()
    return server


def client(literature: Literature, folder: Path, *, most_papers: int = 30_000, page: int = 500) -> Arxiv:
    literature.arxiv.most_papers = most_papers
    limit = RateLimit("x", 4000, folder, alone=True)
    service = Service("arXiv", limit, address_setting="ROUNDS_ARXIV_URL", patience=HASTE)
    return Arxiv(service, f"{literature.url}/api/query", most_papers=most_papers, page=page)


def read(
    literature: Literature,
    folder: Path,
    *,
    since: int = 0,
    limit: int | None = None,
    query: str = "all:spoons",
    now: datetime = NOW,
    stop_after: int | None = None,
    **sizes: int,
) -> tuple[list[Document], Intake]:
    intake, documents = Intake(), []
    with client(literature, folder, **sizes) as arxiv:
        for document in read_arxiv(query, since=since, limit=limit, client=arxiv, intake=intake, now=now):
            documents.append(document)
            if len(documents) == stop_after:
                break
    return documents, intake


def ids(rows: list[Any]) -> list[str]:
    return sorted(row.source_id if isinstance(row, Document) else row.identifier for row in rows)


# ── paging ───────────────────────────────────────────────────────────────────────────────────────────────────────

SIZES = {
    "count": st.integers(0, 40),
    "most_papers": st.integers(3, 25),
    "page": st.integers(1, 12),
    "short": st.integers(0, 2),
    "faults": st.lists(st.sampled_from(PASSING_FAULTS), max_size=8),
}


@EXAMPLES
@given(**SIZES, keeps_order=st.booleans())
def test_every_paper_comes_once_for_any_sizes_orders_and_faults(
    server: Literature,
    tmp_path: Path,
    count: int,
    most_papers: int,
    page: int,
    short: int,
    keeps_order: bool,
    faults: list[str],
) -> None:
    clean(server).arxiv = ArxivData(papers(count, NOW), keeps_order=keeps_order, short=short)
    server.faults.extend(faults)
    documents, intake = read(server, tmp_path, most_papers=most_papers, page=page)
    assert ids(documents) == ids(server.arxiv.papers)
    assert intake.watermark == ({"arxiv": TODAY} if count else {})


@EXAMPLES
@given(**SIZES, days_ago=st.integers(0, 20), kill=st.none() | st.integers(1, 9))
def test_what_was_submitted_or_changed_since_the_watermark_comes_once(
    server: Literature,
    tmp_path: Path,
    count: int,
    most_papers: int,
    page: int,
    short: int,
    faults: list[str],
    days_ago: int,
    kill: int | None,
) -> None:
    clean(server).arxiv = ArxivData(papers(count, NOW, every=timedelta(days=2)), short=short)
    server.faults.extend(faults)
    since = TODAY - days_ago
    cut = EPOCH + timedelta(days=since) - OVERLAP
    if kill:
        _, broken_off = read(server, tmp_path, since=since, most_papers=most_papers, page=page, stop_after=kill)
        since = broken_off.watermark.get("arxiv", since)
    documents, intake = read(server, tmp_path, since=since, most_papers=most_papers, page=page)
    assert ids(documents) == ids([p for p in server.arxiv.papers if p.updated >= cut])
    assert intake.watermark == ({"arxiv": TODAY} if count else {})


def test_nothing_new_costs_one_request(literature: Literature, tmp_path: Path) -> None:
    literature.arxiv = ArxivData(papers(900, NOW - timedelta(days=90)))
    documents, intake = read(literature, tmp_path, since=TODAY)
    assert (documents, literature.counts(), intake.watermark) == ([], {"query": 1}, {"arxiv": TODAY})


def test_a_paper_held_back_for_weeks_is_not_lost(literature: Literature, tmp_path: Path) -> None:
    """It bears the date of its submission, which lies before the last run."""
    held = StoredPaper("2611.00001", NOW - timedelta(days=20), NOW - timedelta(days=20))
    literature.arxiv = ArxivData([*papers(5, NOW - timedelta(days=200)), held])
    assert ids(read(literature, tmp_path, since=TODAY - 1)[0]) == ["2611.00001"]


def test_a_paper_withdrawn_since_is_found(literature: Literature, tmp_path: Path) -> None:
    old = papers(1, NOW - timedelta(days=700))[0]
    gone = replace(old, version=3, updated=NOW, comment="This paper has been withdrawn by the author: an error in (3)")
    literature.arxiv = ArxivData([gone, *papers(3, NOW - timedelta(days=300), seed=2)])
    documents, intake = read(literature, tmp_path, since=TODAY - 7)
    assert (documents, intake.retracted) == ([], 1)
    assert [(w.source, w.source_id, w.reason) for w in intake.withdrawals()] == [("arxiv", old.identifier, "withdrawn")]


def test_another_order_than_asked_for_is_noticed_and_nothing_is_cut_off(literature: Literature, tmp_path: Path) -> None:
    old = papers(20, NOW - timedelta(days=300))
    fresh = StoredPaper("2611.00001", NOW, NOW)
    literature.arxiv = ArxivData([*old[::-1], fresh], keeps_order=False)
    documents, intake = read(literature, tmp_path, since=TODAY - 7, page=5)
    assert ids(documents) == ["2611.00001"]
    assert ["order" in warning for warning in intake.warnings] == [True]


def test_categories_restrict_the_query(literature: Literature, tmp_path: Path) -> None:
    some = papers(6, NOW)
    literature.arxiv = ArxivData([replace(p, categories=("cs.LG",)) if i % 2 else p for i, p in enumerate(some)])
    intake = Intake()
    with client(literature, tmp_path) as arxiv:
        rows = read_arxiv(
            "all:spoons", categories=("cs.LG", "cs.CL"), since=0, limit=None, client=arxiv, intake=intake, now=NOW
        )
        assert ids(list(rows)) == ids(some[1::2])


@pytest.mark.parametrize(
    ("query", "categories", "whole"),
    [
        ("all:tea OR all:milk", (), "all:tea OR all:milk"),
        ("", ("q-bio.QM",), "cat:q-bio.QM"),
        ("all:tea OR all:milk", ("cs.LG", "cs.CL"), "(all:tea OR all:milk) AND (cat:cs.LG OR cat:cs.CL)"),
    ],
)
def test_a_query_and_categories_are_joined(query: str, categories: tuple[str, ...], whole: str) -> None:
    assert arxiv_query(query, categories) == whole


def test_a_limit_takes_the_latest_and_leaves_the_watermark(literature: Literature, tmp_path: Path) -> None:
    literature.arxiv = ArxivData(papers(30, NOW))
    documents, intake = read(literature, tmp_path, limit=7, page=5)
    latest = sorted(literature.arxiv.papers, key=lambda p: p.updated)[-7:]
    assert ids(documents) == ids(latest)
    assert intake.watermark == {}
    assert "limit" in intake.warnings[0]


def test_a_query_that_finds_nothing_leaves_the_watermark(literature: Literature, tmp_path: Path) -> None:
    literature.arxiv = ArxivData(papers(3, NOW))
    _, intake = read(literature, tmp_path, since=TODAY, query="all:forks")
    assert intake.watermark == {}
    assert "nothing was found" in intake.warnings[0]


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_error_entry_is_an_error_with_its_reason(literature: Literature, tmp_path: Path) -> None:
    with client(literature, tmp_path, page=2500) as arxiv, pytest.raises(SourceError, match="must be smaller") as error:
        list(read_arxiv("all:tea", since=0, limit=None, client=arxiv, intake=Intake()))
    assert not error.value.retryable
    assert len(literature.requests) == 1


def test_a_service_that_stays_down_is_unavailable(literature: Literature, tmp_path: Path) -> None:
    literature.faults.extend(["502"] * HASTE.tries)
    with pytest.raises(SourceUnavailable, match="HTTP 502"):
        read(literature, tmp_path)


def test_an_entry_without_a_date_is_counted_and_the_others_are_kept(literature: Literature, tmp_path: Path) -> None:
    some = papers(9, NOW)
    literature.arxiv = ArxivData(some, broken={some[3].identifier})
    documents, intake = read(literature, tmp_path, page=4)
    assert len(documents) == 8
    assert [(r.source_id, r.reason) for r in intake.rejects()] == [(some[3].identifier, "malformed entry")]


def test_ids_that_do_not_come_back_are_named(literature: Literature, tmp_path: Path) -> None:
    some = papers(5, NOW)
    literature.arxiv = ArxivData(some)
    intake = Intake()
    wanted = [*(p.identifier for p in some[:4]), "0808.05394", "abc", f"{some[4].identifier}v1"]
    with client(literature, tmp_path, page=3) as arxiv:
        documents = list(read_arxiv_ids(wanted, client=arxiv, intake=intake))
    assert ids(documents) == ids(some)
    assert {(r.source_id, r.reason) for r in intake.rejects()} == {
        ("0808.05394", "not returned by arXiv"),
        ("abc", "malformed id"),
    }


# ── the rules ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_real_limit_is_kept(tmp_path: Path) -> None:
    with serve(Literature(arxiv=ArxivData(papers(2, NOW)))) as literature:
        settings = Settings(data_dir=tmp_path, arxiv_url=f"{literature.url}/api/query")
        with open_arxiv(settings) as arxiv:
            list(read_arxiv("all:spoons", since=0, limit=None, client=arxiv, intake=Intake()))
            list(read_arxiv("all:spoons", since=0, limit=None, client=arxiv, intake=Intake()))
    assert literature.counts() == {"query": 2}
