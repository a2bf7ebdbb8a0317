"""Of each PMID its last version comes out, what is gone is withdrawn, and every citation is counted once."""

import resource
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import ConfigError, StorageError
from tasks.ingest import papers
from tasks.ingest.intake import Intake
from tasks.ingest.papers import ReaderPool, collect_documents, latest_documents
from tasks.ingest.pubmed_records import Citation
from tasks.records import Document, Withdrawal
from tasks.sample.abstracts import plain, sample_abstracts, write_citations

BASE = next(sample_abstracts(1, 1))
TITLE = "<ArticleTitle>On tea</ArticleTitle>"
ABSTRACT = "<Abstract><AbstractText>Tea is warm.</AbstractText></Abstract>"


def documents(*paths: Path) -> tuple[list[Document], Intake]:
    intake = Intake()
    return [Document.model_validate(row) for row in collect_documents(paths, intake)], intake


def withdrawn(intake: Intake) -> set[tuple[str, str, str]]:
    assert all(w.source == "pubmed" for w in list(intake.withdrawals()))
    return {(w.source_id, w.reason, w.notice) for w in list(intake.withdrawals())}


# ── versions and deletions ───────────────────────────────────────────────────────────────────────────────────────


def test_a_later_version_replaces_an_earlier_one_in_whatever_order(tmp_path: Path) -> None:
    first, second = replace(BASE, version=1), replace(BASE, version=2, title="Second")
    for name, order in (("up.xml", [first, second]), ("down.xml", [second, first])):
        write_citations(tmp_path / name, order)
        kept, intake = documents(tmp_path / name)
        assert [(d.title, d.version) for d in kept] == [("Second", 2)]
        assert intake.rejected == {"superseded": 1}


def test_the_same_version_in_a_later_file_replaces_it(tmp_path: Path) -> None:
    write_citations(tmp_path / "1.xml", [BASE])
    write_citations(tmp_path / "2.xml", [replace(BASE, title="Revised")])
    kept, intake = documents(tmp_path / "1.xml", tmp_path / "2.xml")
    assert [d.title for d in kept] == ["Revised"]
    assert intake.rejected == {"superseded": 1}


def test_a_deleted_citation_goes_and_one_that_returns_stays(tmp_path: Path) -> None:
    one, two, three = (tmp_path / f"{n}.xml" for n in (1, 2, 3))
    write_citations(one, [BASE, replace(BASE, pmid=99_000_777)])
    write_citations(two, [], deleted=[BASE.pmid, 99_000_888])
    write_citations(three, [replace(BASE, title="Back")])
    kept, intake = documents(one, two)
    assert [d.source_id for d in kept] == ["99000777"]
    assert intake.rejected == {"superseded": 1, "deleted": 2}
    assert withdrawn(intake) == {(str(BASE.pmid), "deleted", ""), ("99000888", "deleted", "")}
    kept, intake = documents(one, two, three)
    assert {d.title for d in kept} == {"Back", plain(BASE.title)}
    assert withdrawn(intake) == {("99000888", "deleted", "")}


# ── retractions ──────────────────────────────────────────────────────────────────────────────────────────────────


def links(*kinds: str, pmid: str = "99000009") -> str:
    named = f'<PMID Version="1">{pmid}</PMID>' if pmid else "<RefSource>Ann Med</RefSource>"
    found = "".join(f'<CommentsCorrections RefType="{kind}">{named}</CommentsCorrections>' for kind in kinds)
    return f"<CommentsCorrectionsList>{found}</CommentsCorrectionsList>"


def types(*names: str) -> str:
    found = "".join(f"<PublicationType>{name}</PublicationType>" for name in names)
    return f"<PublicationTypeList>{found}</PublicationTypeList>"


def xml_file(path: Path, article: str, medline: str, pmid: str = "99000001") -> Path:
    path.write_text(
        f"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article>{TITLE}{article}</Article>"
        f"{medline}</MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )
    return path


RETRACTED = [
    (types("Journal Article", "Retracted Publication"), "", "", "by its type"),
    ("", links("RetractionIn"), "99000009", "by its link"),
    ("", links("RetractionIn", pmid=""), "", "by a link to a notice without PMID"),
    ("", links("CommentIn", "RetractedandRepublishedIn"), "99000009", "published again in another form"),
    (types("Retracted Publication", "Retraction of Publication"), links("RetractionIn"), "99000009", "a notice itself"),
]


@pytest.mark.parametrize("abstract", [ABSTRACT, ""], ids=["abstract", "no abstract"])
@pytest.mark.parametrize(("article", "medline", "notice", "why"), RETRACTED)
def test_a_retracted_paper_is_no_row_and_is_withdrawn(
    tmp_path: Path, abstract: str, article: str, medline: str, notice: str, why: str
) -> None:
    kept, intake = documents(xml_file(tmp_path / "a.xml", abstract + article, medline))
    assert (kept, intake.retracted, intake.rejected) == ([], 1, {}), why
    assert withdrawn(intake) == {("99000001", "retracted", notice)}, why


NOT_RETRACTED = [
    ("", links("ErratumIn", "ExpressionOfConcernIn", "UpdateIn", "CommentIn", "Cites"), "a warning is no retraction"),
    (types("Corrected and Republished Article"), links("CorrectedandRepublishedFrom"), "a corrected paper"),
    (types("Expression of Concern"), "", "a note about another paper"),
    ("", links("RetractionIn").replace("CommentsCorrectionsList", "OtherList"), "another list"),
]


@pytest.mark.parametrize(("article", "medline", "why"), NOT_RETRACTED)
def test_errata_and_concerns_do_not_retract(tmp_path: Path, article: str, medline: str, why: str) -> None:
    kept, intake = documents(xml_file(tmp_path / "a.xml", ABSTRACT + article, medline))
    assert len(kept) == 1, why
    assert not list(intake.withdrawals()), why


@pytest.mark.parametrize("kind", ["Retraction of Publication", "Retraction Notice"])
def test_a_notice_is_no_study_and_withdraws_the_paper_that_it_names(tmp_path: Path, kind: str) -> None:
    notice = xml_file(tmp_path / "a.xml", ABSTRACT + types(kind), links("RetractionOf", "CommentOn"))
    kept, intake = documents(notice)
    assert (kept, intake.retracted, intake.rejected) == ([], 0, {"retraction notice": 1})
    assert withdrawn(intake) == {("99000009", "retracted", "99000001")}


def test_a_paper_that_was_published_again_stays_and_withdraws_its_first_form(tmp_path: Path) -> None:
    kept, intake = documents(xml_file(tmp_path / "a.xml", ABSTRACT, links("RetractedandRepublishedFrom")))
    assert len(kept) == 1
    assert withdrawn(intake) == {("99000009", "retracted", "99000001")}


@pytest.mark.parametrize("notice_first", [True, False])
def test_a_paper_that_a_notice_names_is_not_taken_whatever_its_own_citation_says(
    tmp_path: Path, notice_first: bool
) -> None:
    paper = xml_file(tmp_path / "paper.xml", ABSTRACT, "", pmid="99000009")
    notice = xml_file(tmp_path / "notice.xml", types("Retraction Notice"), links("RetractionOf"))
    kept, intake = documents(*((notice, paper) if notice_first else (paper, notice)))
    assert (kept, intake.retracted, intake.rejected) == ([], 1, {"retraction notice": 1})
    assert withdrawn(intake) == {("99000009", "retracted", "99000001")}


def test_a_paper_that_was_retracted_later_goes(tmp_path: Path) -> None:
    write_citations(tmp_path / "1.xml", [BASE])
    write_citations(tmp_path / "2.xml", [replace(BASE, retracted=True)])
    kept, intake = documents(tmp_path / "1.xml", tmp_path / "2.xml")
    assert (kept, intake.retracted, intake.rejected) == ([], 1, {"superseded": 1})
    assert withdrawn(intake) == {(str(BASE.pmid), "retracted", str(BASE.pmid + 500_000))}


# ── every citation is counted once ───────────────────────────────────────────────────────────────────────────────

CITATIONS = st.builds(
    lambda pmid, version, kind, serial: Citation(
        pmid,
        version,
        "" if kind in ("row", "retracting") else kind,
        retracts=("3",) if kind == "retracting" else (),
        row=orjson.dumps({"source_id": pmid, "serial": serial}) if kind in ("row", "retracting") else b"",
    ),
    st.sampled_from("123"),
    st.integers(1, 3),
    st.sampled_from(["row", "row", "row", "retracted", "deleted", "no abstract", "retraction notice", "retracting"]),
    st.integers(0, 1_000),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(CITATIONS, max_size=12))
def test_whatever_comes_in_is_counted_once(citations: list[Citation]) -> None:
    intake = Intake()
    rows = list(latest_documents(citations, intake))
    assert len(rows) + intake.rejected.total() + intake.retracted == len(citations)
    assert sum(1 for _ in intake.rejects()) == intake.rejected.total()
    ids = Counter(str(row["source_id"]) for row in rows)
    assert not ids or max(ids.values()) == 1
    gone = {w.source_id for w in list(intake.withdrawals())}
    assert gone.isdisjoint(ids)
    assert len(gone) == len(list(intake.withdrawals()))
    assert {row["source_id"]: row["serial"] for row in rows} == last_rows(citations)


def last_rows(citations: list[Citation]) -> dict[str, int]:
    """Say what is to be kept, read from the rules one PMID at a time."""
    kept = {}
    for pmid in "123":
        held = Citation(pmid, 0)
        for citation in (c for c in citations if c.pmid == pmid):
            if citation.version >= held.version or citation.reason in ("retracted", "deleted"):
                held = citation
        if held.row and not any(pmid in c.retracts for c in citations):
            kept[pmid] = orjson.loads(held.row)["serial"]
    return kept


# ── several processes ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    with ReaderPool(2) as pool:
        yield pool


def test_two_processes_give_what_one_gives(tmp_path: Path, pool: ReaderPool) -> None:
    paths = []
    for number in range(5):
        write_citations(tmp_path / f"{number}.xml", sample_abstracts(number % 4, 20), deleted=[99_010_003 + number])
        paths.append(tmp_path / f"{number}.xml")
    paths[1].write_bytes(paths[1].read_bytes()[:-200])
    alone, together = Intake(), Intake()
    rows = list(collect_documents(paths, alone))
    assert list(collect_documents(paths, together, pool=pool)) == rows
    assert len(rows) > 60
    assert list(together.withdrawals()) == list(alone.withdrawals()) != []
    for name in ("rejected", "retracted", "warnings"):
        assert getattr(together, name) == getattr(alone, name) != ([] if name != "retracted" else 0)
    assert sorted(map(str, together.rejects())) == sorted(map(str, alone.rejects()))


def test_a_refused_file_is_named_from_another_process_too_and_nothing_is_left(
    tmp_path: Path, pool: ReaderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "waiting").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "waiting"))
    write_citations(tmp_path / "a.xml", [BASE])
    (tmp_path / "b.xml").write_text("<html>")
    files = [tmp_path / "a.xml", tmp_path / "b.xml", *[tmp_path / "a.xml"] * 5]
    intake = Intake()
    assert len(list(collect_documents(files, intake, pool=pool))) == 1
    assert intake.rejected == {"superseded": 5, "unreadable file": 1}
    assert ["b.xml is an HTML page" in warning for warning in intake.warnings] == [True]
    assert not list((tmp_path / "waiting").iterdir())
    assert len(list(collect_documents(files[:1], Intake(), pool=pool))) == 1


def test_a_killed_process_is_explained(tmp_path: Path) -> None:
    reading: Future[papers.Met] = Future()
    reading.set_exception(BrokenProcessPool())
    with pytest.raises(ConfigError, match="fewer workers"):
        list(papers._taken(reading, tmp_path / "0", Intake()))


def test_a_full_disk_is_explained(tmp_path: Path) -> None:
    write_citations(tmp_path / "a.xml", sample_abstracts(1, 200))
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, allowed[1]))
    try:
        with pytest.raises(StorageError, match="File too large"):
            list(collect_documents([tmp_path / "a.xml"], Intake()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)


def test_withdrawals_are_records(tmp_path: Path) -> None:
    write_citations(tmp_path / "a.xml", [], deleted=[BASE.pmid])
    _, intake = documents(tmp_path / "a.xml")
    assert list(intake.withdrawals()) == [Withdrawal(source="pubmed", source_id=str(BASE.pmid), reason="deleted")]
