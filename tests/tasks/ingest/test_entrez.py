"""A reply of Entrez is an answer, or is asked for again, or is refused with its reason."""

import os
from datetime import date
from pathlib import Path

import pytest

from tasks.errors import SourceError
from tasks.ingest.entrez import MOST_IDS, HistoryLost, _citations, _found, _from_history
from tasks.ingest.politeness import BadReply
from tests.tasks.ingest.entrez_replies import EntrezData, fetch_error, search_error, stored
from tests.tasks.ingest.literature_server import HTML, RATE_LIMITED

REAL = Path(os.environ.get("ROUNDS_REAL_DATA", "/nowhere")) / "pubmed"
real = pytest.mark.skipif(not REAL.exists(), reason="no real data: set ROUNDS_REAL_DATA")
DATA = EntrezData(stored(3, date(2026, 11, 21)))
ONE = DATA.citation_set([DATA.citations[0].pmid])


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (RATE_LIMITED, "API rate limit exceeded"),
        ("[1]", "malformed"),
        ("{", "JSON instead of XML"),
        (HTML, "an HTML page"),
        ("<html><head><title>PmFetch response</title></head></html>", "an HTML page"),
        ("", "an empty reply"),
        (" \n", "an empty reply"),
        (ONE[:-1].removesuffix("</PubmedArticleSet>"), "malformed or truncated"),
        (ONE[: len(ONE) // 2], "malformed or truncated"),
        (ONE + "<html/>", "malformed or truncated"),
        (fetch_error("Search Backend failed: read request has failed"), "Search Backend failed"),
        (search_error("x" * 1000), "the error .x{200}."),
        ("<eSummaryResult/>", "<eSummaryResult> instead of <PubmedArticleSet>"),
    ],
)
def test_what_is_no_set_of_citations_is_asked_for_again(reply: str, said: str) -> None:
    with pytest.raises(BadReply, match=said) as raised:
        _citations(reply.encode())
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ('{"error":"API key invalid","api-key":"0123","type":"api-key"}', "ROUNDS_ENTREZ_API_KEY"),
        (fetch_error("Invalid db name specified: pubmedd"), "Invalid db name"),
        (search_error("'retstart' cannot be larger than 9998."), "cannot be larger"),
        (search_error("Empty term and query_key - nothing todo"), "Empty term"),
    ],
)
def test_what_asking_again_cannot_cure_is_refused(reply: str, said: str) -> None:
    with pytest.raises(SourceError, match=said) as raised:
        _citations(reply.encode())
    assert not raised.value.retryable
    assert "0123" not in str(raised.value)


@pytest.mark.parametrize(
    "said",
    [
        "Cannot retrieve history data. query_key: 1, WebEnv: MCID_0",
        "Cannot retrieve history data: OUT OF RANGE. Parameter retstart=4 is greater than the number of records.",
        "Unable to obtain query #1",
        "Invalid WebEnv",
    ],
)
def test_a_search_that_the_history_server_lost_is_told_apart(said: str) -> None:
    with pytest.raises(HistoryLost):
        _from_history(fetch_error(said).encode())
    with pytest.raises(BadReply):
        _citations(fetch_error(said).encode())


def test_ids_of_which_none_exists_give_no_citations() -> None:
    assert _citations(fetch_error("ID list is empty! Possibly it has no correct IDs.").encode()).pmids == frozenset()
    assert _citations(DATA.citation_set([]).encode()).pmids == frozenset()


def test_the_pmids_of_a_reply_are_its_own_and_not_those_it_cites() -> None:
    pmids = [c.pmid for c in DATA.citations]
    assert _citations(DATA.citation_set(pmids).encode()).pmids == frozenset(pmids)


def search_result(count: int, ids: list[int]) -> bytes:
    listed = "".join(f"<Id>{pmid}</Id>" for pmid in ids)
    return f"<eSearchResult><Count>{count}</Count><IdList>{listed}</IdList></eSearchResult>".encode()


@pytest.mark.parametrize(
    ("count", "ids", "why"),
    [
        (3, [1, 2], "one is left out"),
        (1, [], "all are left out"),
        (2, [1, 2, 3], "one too many"),
        (2, [1, 1], "one twice"),
    ],
)
def test_a_search_that_does_not_show_what_it_counts_is_asked_again(count: int, ids: list[int], why: str) -> None:
    with pytest.raises(BadReply, match=f"{count} citations"):
        _found(search_result(count, ids), MOST_IDS)


def test_a_search_with_too_many_citations_shows_only_some() -> None:
    found = _found(search_result(MOST_IDS + 1, [1, 2]), MOST_IDS)
    assert (found.count, found.pmids) == (10_000, ("1", "2"))


@pytest.mark.parametrize("count", ["", "many", "-1"])
def test_a_search_without_a_count_is_asked_again(count: str) -> None:
    with pytest.raises(BadReply, match="without a count"):
        _found(f"<eSearchResult><Count>{count}</Count></eSearchResult>".encode(), MOST_IDS)


# ── real replies ─────────────────────────────────────────────────────────────────────────────────────────────────


@real
@pytest.mark.parametrize(
    ("name", "most_ids", "count", "shown", "unknown"),
    [
        ("esearch2.xml", 9_999, 42_249, 100, ()),
        ("esearch5.xml", 9_999, 5, 5, ()),
        ("esearch8.xml", 9_999, 0, 0, ("abcXYZ",)),
        ("esearch1.xml", 20, 63, 20, ()),
    ],
)
def test_recorded_searches(name: str, most_ids: int, count: int, shown: int, unknown: tuple[str, ...]) -> None:
    found = _found((REAL / "entrez" / name).read_bytes(), most_ids)
    assert (found.count, len(found.pmids), found.unknown_phrases) == (count, shown, unknown)
    assert bool(found.webenv and found.query_key) is (name == "esearch2.xml")


@real
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("entrez/pubmed1.xml", 2),
        ("entrez/pubmed2.xml", 2),
        ("entrez/pubmed4.xml", 1),
        ("entrez/pubmed7.xml", 1),
        ("entrez/pubmed-29768149.xml", 1),
        ("exports/pubmed_result_mainfinding.xml", 121),
        ("exports/pubmed_result_srproject.xml", 106),
    ],
)
def test_recorded_citations(name: str, count: int) -> None:
    assert len(_citations((REAL / name).read_bytes()).pmids) == count


@real
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pubmed3.html", BadReply),
        ("einfo4.xml", BadReply),
        ("epost2.xml", SourceError),
        ("epost3.xml", BadReply),
        ("esummary8.xml", BadReply),
        ("journals.xml", BadReply),
        ("efetch_pmc.xml", BadReply),
        ("pubmed_result1.txt", BadReply),
    ],
)
def test_recorded_replies_that_are_no_answer(name: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        _citations((REAL / "entrez" / name).read_bytes())
