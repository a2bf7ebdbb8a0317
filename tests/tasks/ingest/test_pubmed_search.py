"""No citation is lost and none comes twice, whatever the sizes, faults and interruptions; Entrez's rules are kept."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from infra.settings import Settings
from tasks.errors import ConfigError, SourceError, SourceUnavailable
from tasks.ingest.entrez import Entrez, open_entrez
from tasks.ingest.intake import Intake
from tasks.ingest.politeness import Patience, RateLimit, Service
from tasks.ingest.pubmed_search import EPOCH, Part, read_pubmed
from tests.tasks.ingest.entrez_replies import EntrezData, retract, stored
from tests.tasks.ingest.literature_server import PASSING_FAULTS, Literature, serve

TODAY = date(2026, 11, 21)
DAY = timedelta(days=1)
HASTE = Patience(tries=9, first_pause_seconds=0.0005, longest_pause_seconds=0.002, silence_seconds=5)
EXAMPLES = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def server() -> Iterator[Literature]:
    with serve(Literature(per_second={"entrez": 5000, "entrez key": 5000, "arxiv": 1})) as served:
        yield served


@pytest.fixture
def literature(server: Literature) -> Literature:
    return clean(server)


def clean(server: Literature) -> Literature:
    server.entrez = EntrezData()
    server.faults.clear()
    server.requests.clear()
    return server


def client(literature: Literature, folder: Path, *, most_ids: int = 9_999, batch: int = 250, key: str = "") -> Entrez:
    literature.entrez.most_ids = most_ids
    service = Service("Entrez", RateLimit("x", 4000, folder), address_setting="ROUNDS_ENTREZ_URL", patience=HASTE)
    return Entrez(service, literature.url, email="a@example.org", key=key, most_ids=most_ids, batch=batch)


def read(
    literature: Literature,
    folder: Path,
    *,
    since: int = 0,
    limit: int | None = None,
    query: str = "all[sb]",
    stop_after: int | None = None,
    today: date = TODAY,
    known: Collection[str] = (),
    **sizes: int,
) -> tuple[list[str], Intake]:
    """Return the PMIDs that a reading yields, broken off after some of them."""
    intake, pmids = Intake(), []
    with client(literature, folder, **sizes) as entrez:
        rows = read_pubmed(
            query,
            since=since,
            limit=limit,
            client=entrez,
            intake=intake,
            today=today,
            known=lambda pmids: set(pmids) & set(known),
        )
        for row in rows:
            pmids.append(pmid_of(row))
            if len(pmids) == stop_after:
                rows.close()
                break
    return pmids, intake


def pmid_of(row: Any) -> str:
    return row["source_id"] if isinstance(row, dict) else getattr(row, "pmid", "") or row.source_id


def everything(literature: Literature) -> list[str]:
    return sorted(c.pmid for c in literature.entrez.citations)


def days(day: date) -> int:
    return (day - EPOCH).days


# ── paging ───────────────────────────────────────────────────────────────────────────────────────────────────────

LIES = ("", "fewer", "others")  # one a reading: citations that are missing twice running are given up, and named
FAULTS = st.tuples(st.lists(st.sampled_from((*PASSING_FAULTS, "no history")), max_size=7), st.sampled_from(LIES))
SIZES = {
    "count": st.integers(0, 40),
    "per_day": st.integers(1, 40),
    "most_ids": st.integers(2, 20),
    "batch": st.integers(1, 9),
    "faults": FAULTS.flatmap(lambda faults: st.permutations([*faults[0], faults[1]])),
}


@EXAMPLES
@given(**SIZES)
def test_every_citation_comes_once_for_any_sizes_and_faults(
    server: Literature, tmp_path: Path, count: int, per_day: int, most_ids: int, batch: int, faults: list[str]
) -> None:
    clean(server).entrez.citations = stored(count, TODAY, per_day=per_day)
    server.faults.extend(faults)
    pmids, intake = read(server, tmp_path, most_ids=most_ids, batch=batch)
    assert sorted(pmids) == everything(server)
    assert intake.rejected.total() == 0
    assert intake.watermark == ({"pubmed": days(TODAY)} if count else {})


@EXAMPLES
@given(**SIZES, kills=st.lists(st.integers(1, 40), max_size=2))
def test_a_reading_that_is_broken_off_goes_on_from_its_watermark(
    server: Literature,
    tmp_path: Path,
    count: int,
    per_day: int,
    most_ids: int,
    batch: int,
    faults: list[str],
    kills: list[int],
) -> None:
    clean(server).entrez.citations = stored(count, TODAY, per_day=per_day)
    server.faults.extend(faults)
    got: list[str] = []
    since = 0
    for kill in (*kills, None):
        pmids, intake = read(server, tmp_path, since=since, stop_after=kill, most_ids=most_ids, batch=batch)
        since = intake.watermark.get("pubmed", since)
        got += pmids
        assert len(set(pmids)) == len(pmids)
    assert sorted(set(got)) == everything(server)


@EXAMPLES
@given(st.integers(0, 60), st.integers(1, 4), st.integers(1, 25), st.integers(2, 9))
def test_an_answer_in_parts_brings_every_citation_and_ends(
    server: Literature, tmp_path: Path, count: int, per_day: int, size: int, most_ids: int
) -> None:
    literature = clean(server)
    literature.entrez.citations = stored(count, TODAY, per_day=per_day)
    since, pmids, parts = 0, [], 0
    while True:
        intake = Intake()
        with client(literature, tmp_path, most_ids=most_ids) as entrez:
            rows = read_pubmed("all[sb]", since=since, limit=None, client=entrez, intake=intake, today=TODAY)
            part = Part(rows, intake, since, size)
            pmids += [pmid_of(row) for row in part]
        parts += 1
        if not part.cut:
            break
        assert intake.watermark["pubmed"] > since
        since = intake.watermark["pubmed"]
    assert set(pmids) == set(everything(literature))
    assert parts <= 1 + count


def test_a_limit_brings_others_each_time_until_all_are_known(literature: Literature, tmp_path: Path) -> None:
    literature.entrez.citations = stored(7, TODAY)
    known: set[str] = set()
    for expected in (3, 3, 1, 0):
        pmids, intake = read(literature, tmp_path, limit=3, known=known)
        assert len(pmids) == expected
        assert intake.unchanged == len(known)
        known |= set(pmids)
    assert known == set(everything(literature))


@EXAMPLES
@given(**{**SIZES, "count": st.integers(1, 40)}, runs=st.integers(1, 4))
def test_runs_on_later_days_bring_everything_that_came_in_between(
    server: Literature,
    tmp_path: Path,
    count: int,
    per_day: int,
    most_ids: int,
    batch: int,
    faults: list[str],
    runs: int,
) -> None:
    all_citations = stored(count, TODAY, per_day=per_day)
    clean(server)
    got: list[str] = []
    since = 0
    for today in (TODAY - 9 * DAY, TODAY - 2 * DAY, TODAY - DAY, TODAY)[-runs:]:
        server.entrez.citations = [c for c in all_citations if c.edat <= today]
        server.faults.extend(faults)
        pmids, intake = read(server, tmp_path, since=since, most_ids=most_ids, batch=batch, today=today)
        server.faults.clear()
        since = intake.watermark.get("pubmed", since)
        got += pmids
    assert sorted(set(got)) == everything(server)


def test_more_than_ten_thousand_citations_of_one_day_all_come(literature: Literature, tmp_path: Path) -> None:
    literature.entrez.citations = stored(10_050, TODAY, per_day=20_000)
    pmids, intake = read(literature, tmp_path, batch=2000)
    assert sorted(pmids) == everything(literature)
    assert intake.rejected.total() == 0


# ── what is new ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_new_costs_one_request(literature: Literature, tmp_path: Path) -> None:
    literature.entrez.citations = stored(30, TODAY - 3 * DAY)
    _, first = read(literature, tmp_path)
    literature.requests.clear()
    pmids, second = read(literature, tmp_path, since=first.watermark["pubmed"])
    assert (pmids, literature.counts()) == ([], {"esearch": 1})
    assert second.watermark == {"pubmed": days(TODAY)}


def test_what_the_overlap_holds_is_not_fetched_again_where_it_is_known(literature: Literature, tmp_path: Path) -> None:
    """A known paper that was retracted meanwhile is read again all the same."""
    literature.entrez.citations = stored(40, TODAY, per_day=20)
    first, _ = read(literature, tmp_path)
    literature.requests.clear()
    pmids, second = read(literature, tmp_path, since=days(TODAY), known=first)
    assert (pmids, second.unchanged, literature.counts()) == ([], 40, {"esearch": 2})
    retracted = literature.entrez.citations[0] = retract(literature.entrez.citations[0], TODAY)
    pmids, third = read(literature, tmp_path, since=days(TODAY), known=first)
    assert third.unchanged == 39
    assert list(literature.entrez.history.values())[-1] == [retracted.pmid]
    assert literature.counts()["efetch"] == 1


def test_what_came_late_on_the_day_of_the_last_run_is_read(literature: Literature, tmp_path: Path) -> None:
    literature.entrez.citations = stored(3, TODAY)
    pmids, _ = read(literature, tmp_path, since=days(TODAY), today=TODAY + 6 * DAY)
    assert sorted(pmids) == sorted(c.pmid for c in literature.entrez.citations[:2])  # of that day and of the day before


def test_an_old_paper_that_was_added_later_is_new(literature: Literature, tmp_path: Path) -> None:
    """Its Entrez date is its publication's, years ago; its creation date is that of the day it came."""
    (old,) = stored(1, date(2015, 3, 1))
    literature.entrez.citations = [replace(old, crdt=TODAY, mdat=TODAY)]
    assert read(literature, tmp_path, since=days(TODAY - 7 * DAY))[0] == [old.pmid]


def test_a_paper_retracted_since_is_read_again_and_an_otherwise_changed_one_is_not(
    literature: Literature, tmp_path: Path
) -> None:
    changed, retracted, long_retracted = stored(3, TODAY - 400 * DAY)
    literature.entrez.citations = [
        replace(changed, mdat=TODAY),
        retract(retracted, TODAY - DAY),
        retract(long_retracted, TODAY - 100 * DAY),
    ]
    read(literature, tmp_path, since=days(TODAY - 7 * DAY))
    asked = [fields for name, fields in literature.requests if name == "efetch"]
    assert len(asked) == 1
    assert literature.entrez.history[asked[0]["WebEnv"]] == [retracted.pmid]


def test_the_query_restricts_what_is_read(literature: Literature, tmp_path: Path) -> None:
    literature.entrez.citations = stored(40, TODAY)
    literature.entrez.citations = [
        replace(c, abstract=replace(c.abstract, title=f"On {'tea' if i % 4 else 'milk'}"))
        for i, c in enumerate(literature.entrez.citations)
    ]
    pmids, _ = read(literature, tmp_path, query="milk OR honey")
    assert sorted(pmids) == sorted(c.pmid for c in literature.entrez.citations[::4])


def test_a_query_that_never_found_anything_leaves_the_watermark_and_says_so(
    literature: Literature, tmp_path: Path
) -> None:
    literature.entrez.citations = stored(3, TODAY)
    pmids, intake = read(literature, tmp_path, query="xyzzy")
    assert (pmids, intake.watermark) == ([], {})
    assert intake.warnings == [
        "PubMed knows no 'xyzzy' and leaves it out of the query",
        "PubMed: nothing was found for the query, neither old nor new",
    ]


@pytest.mark.parametrize("limit", [1, 7, 12])
def test_a_limit_takes_the_latest_and_leaves_the_watermark(literature: Literature, tmp_path: Path, limit: int) -> None:
    literature.entrez.citations = stored(30, TODAY)
    pmids, intake = read(literature, tmp_path, limit=limit, most_ids=8, batch=3)
    assert sorted(pmids) == sorted(c.pmid for c in literature.entrez.citations[:limit])
    assert intake.watermark == {}
    assert "limit" in intake.warnings[0]


def test_a_limit_that_nothing_exceeds_moves_the_watermark(literature: Literature, tmp_path: Path) -> None:
    literature.entrez.citations = stored(30, TODAY)
    pmids, intake = read(literature, tmp_path, limit=30, most_ids=8)
    assert (len(pmids), intake.watermark, intake.warnings) == (30, {"pubmed": days(TODAY)}, [])


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────


def test_citations_that_entrez_does_not_return_are_named(literature: Literature, tmp_path: Path) -> None:
    literature.entrez.citations = stored(9, TODAY)
    lost = {c.pmid for c in literature.entrez.citations[2:4]}
    literature.entrez.lost = lost
    pmids, intake = read(literature, tmp_path, batch=4)
    assert {*pmids, *lost} == set(everything(literature))
    assert {(r.source_id, r.reason) for r in intake.rejects()} == {(pmid, "not returned by Entrez") for pmid in lost}


def test_a_history_that_was_lost_is_replaced_by_pmids(literature: Literature, tmp_path: Path) -> None:
    literature.entrez.citations = stored(9, TODAY)
    literature.faults.extend(["", "", "no history", "", "no history"])
    pmids, _ = read(literature, tmp_path, batch=4)
    assert sorted(pmids) == everything(literature)
    asked = ["WebEnv" if "WebEnv" in fields else "id" for name, fields in literature.requests if name == "efetch"]
    assert asked == ["WebEnv", "WebEnv", "id", "WebEnv", "id"]


def test_a_service_that_stays_down_is_unavailable(literature: Literature, tmp_path: Path) -> None:
    literature.entrez.citations = stored(9, TODAY)
    literature.faults.extend(["error"] * HASTE.tries)
    with pytest.raises(SourceUnavailable, match="read request has failed"):
        read(literature, tmp_path)


def test_a_query_that_entrez_refuses_is_not_asked_again(literature: Literature, tmp_path: Path) -> None:
    with client(literature, tmp_path) as entrez, pytest.raises(SourceError, match="Empty term") as raised:
        entrez.search(" ")
    assert not raised.value.retryable
    assert len(literature.requests) == 1


def test_the_text_of_a_citation_is_in_no_message(literature: Literature, tmp_path: Path) -> None:
    (citation,) = literature.entrez.citations = stored(1, TODAY)
    literature.faults.extend(["", *["truncated"] * HASTE.tries])
    with pytest.raises(SourceUnavailable) as raised:
        read(literature, tmp_path)
    assert not {word for word in citation.abstract.title.split() if len(word) > 4} & set(str(raised.value).split())


# ── the rules ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("key", "per_second"), [(None, 3), (SecretStr("0123456789abcdef"), 10)])
def test_the_real_limits_are_kept(tmp_path: Path, key: SecretStr | None, per_second: int) -> None:
    with serve(Literature(EntrezData(stored(5, TODAY)))) as literature:
        settings = Settings(
            data_dir=tmp_path, entrez_url=literature.url, entrez_email="a@example.org", entrez_api_key=key
        )
        with open_entrez(settings) as entrez:
            for _ in range(per_second + 2):
                entrez.search("all[sb]")
    assert literature.violations == []
    assert len(literature.requests) == per_second + 2
    assert all(fields.get("api_key") == (key and key.get_secret_value()) for _, fields in literature.requests)


def test_the_server_notices_a_client_that_is_too_fast(tmp_path: Path) -> None:
    literature = Literature()
    with (
        pytest.raises(AssertionError, match="requests within"),
        serve(literature),
        client(literature, tmp_path) as entrez,
    ):
        for _ in range(4):
            entrez.search("all[sb]")


def test_without_an_address_for_ncbi_nothing_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ROUNDS_ENTREZ_EMAIL"):
        open_entrez(Settings(data_dir=tmp_path, entrez_email=""))
