"""The parser gives back what was written, keeps what stood before a fault, and refuses what is no PubMed XML."""

import gzip
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.errors import SourceError
from tasks.ingest.intake import Intake
from tasks.ingest.papers import collect_documents
from tasks.ingest.pubmed_xml import read_citations
from tasks.records import Document
from tasks.sample.abstracts import SampleAbstract, citation_xml, plain, sample_abstracts, write_citations

XML_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=60)
REAL_TEXT = XML_TEXT.map(lambda t: " ".join(t.split())).filter(lambda t: t not in ("", "[Not Available]."))
LABEL = st.text("ABCXYZ &<>'\"-/", max_size=12).map(lambda t: " ".join(t.split()))
BASE = next(sample_abstracts(1, 1))
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def documents(*paths: Path) -> tuple[list[Document], Intake]:
    intake = Intake()
    return [Document.model_validate(row) for row in collect_documents(paths, intake)], intake


def xml_file(tmp_path: Path, body: str, head: str = '<?xml version="1.0"?>') -> Path:
    path = tmp_path / "some.xml"
    path.write_text(f"{head}<PubmedArticleSet>{body}</PubmedArticleSet>", encoding="utf-8")
    return path


def citation(article: str, *, medline: str = "", pmid: str = "99000001", after: str = "") -> str:
    return (
        f'<PubmedArticle><MedlineCitation><PMID Version="1">{pmid}</PMID><Article>{article}</Article>{medline}'
        f"</MedlineCitation>{after}</PubmedArticle>"
    )


TITLE = "<ArticleTitle>On tea</ArticleTitle>"
ABSTRACT = "<Abstract><AbstractText>Tea is warm.</AbstractText></Abstract>"


def only(path: Path) -> Document:
    (document,) = documents(path)[0]
    return document


# ── what was written comes back ──────────────────────────────────────────────────────────────────────────────────


@QUICK
@given(
    title=REAL_TEXT,
    sections=st.lists(st.tuples(LABEL, REAL_TEXT), min_size=1, max_size=4),
    mesh=st.lists(REAL_TEXT, max_size=3),
)
def test_any_text_that_was_written_comes_back(
    tmp_path: Path, title: str, sections: list[tuple[str, str]], mesh: list[str]
) -> None:
    written = tuple((label, escape(text)) for label, text in sections)
    write_citations(tmp_path / "a.xml", [replace(BASE, title=escape(title), sections=written, mesh=tuple(mesh))])
    document = only(tmp_path / "a.xml")
    assert document.title == title
    assert [(s.label, s.text) for s in document.sections] == sections
    assert list(document.mesh) == mesh


@QUICK
@given(cut=st.floats(0, 1), count=st.integers(1, 5), zipped=st.booleans())
def test_a_file_cut_anywhere_gives_the_whole_citations_before_the_cut(
    tmp_path: Path, cut: float, count: int, zipped: bool
) -> None:
    whole = [a for a in sample_abstracts(2, count) if a.sections and not a.retracted]
    write_citations(tmp_path / "a.xml", whole)
    content = (tmp_path / "a.xml").read_bytes()
    content = gzip.compress(content, mtime=0) if zipped else content
    (tmp_path / "cut.xml").write_bytes(content[: int(len(content) * cut)])
    try:
        kept, intake = documents(tmp_path / "cut.xml")
    except SourceError as error:
        assert "cut.xml" in error.what
        return
    assert [d.source_id for d in kept] == [str(a.pmid) for a in whole][: len(kept)]
    assert kept
    assert len(intake.warnings) == (0 if content == (tmp_path / "cut.xml").read_bytes() else 1) or len(kept) == len(
        whole
    )


def test_every_field_of_the_sample_comes_back(tmp_path: Path) -> None:
    truth = list(sample_abstracts(5, 80))
    write_citations(tmp_path / "a.xml", truth)
    kept, intake = documents(tmp_path / "a.xml")
    good = [a for a in truth if a.sections and not a.retracted]
    assert [expected(a) for a in good] == kept
    assert intake.rejected == {"retracted": 2, "no abstract": 1}
    assert not intake.warnings


def expected(a: SampleAbstract) -> Document:
    from tasks.ingest.pubmed_xml import MONTHS

    return Document(
        source="pubmed",
        source_id=str(a.pmid),
        title=plain(a.title),
        sections=tuple({"label": label, "text": plain(text)} for label, text in a.sections),  # type: ignore[misc]
        journal=a.journal,
        published=f"{a.year}-{MONTHS.index(a.month.lower()) + 1:02}",
        publication_types=a.types,
        mesh=a.mesh,
        doi=a.doi,
        licence=a.licence,
    )


def test_no_author_name_is_read(tmp_path: Path) -> None:
    write_citations(tmp_path / "a.xml", sample_abstracts(5, 10))
    assert "Whitlock" in (tmp_path / "a.xml").read_text(encoding="utf-8")
    assert not any("Whitlock" in d.model_dump_json() for d in documents(tmp_path / "a.xml")[0])


# ── forms of real replies ────────────────────────────────────────────────────────────────────────────────────────

DATES = [
    ("<Year>2020</Year><Month>Mar</Month><Day>7</Day>", "2020-03-07", "a day is padded"),
    ("<Year>2020</Year><Month>11</Month>", "2020-11", "a month as a number"),
    ("<Year>2020</Year>", "2020", "a year alone"),
    ("<Year>2020</Year><Season>Summer</Season>", "2020", "a season is no month"),
    ("<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", "1998-12", "a span keeps its start"),
    ("<MedlineDate>2000 Spring</MedlineDate>", "2000", "a loose season"),
    ("<MedlineDate>Winter</MedlineDate>", "", "no year at all"),
]


@pytest.mark.parametrize(("date", "iso", "why"), DATES)
def test_dates(tmp_path: Path, date: str, iso: str, why: str) -> None:
    journal = f"<Journal><JournalIssue><PubDate>{date}</PubDate></JournalIssue></Journal>"
    assert only(xml_file(tmp_path, citation(journal + TITLE + ABSTRACT))).published == iso, why


TEXTS = [
    ("10<sup>9</sup>/L of <i>E. <b>coli</b></i> grew", "109/L of E. coli grew", "inline tags, nested too"),
    ("a &amp;lt; b &lt; c", "a &lt; b < c", "escaped once, not twice"),
    ("at&#160;37&#xB0;C", "at 37°C", "character references; a hard space is white space"),
    ("x&nbsp;y &alpha;", "x y α", "entities that the DTD would declare"),
    ("one\n      two", "one two", "white space is made single"),
    ("a<!-- no -->b<?pi no?>c", "abc", "comments and instructions are no text"),
    ("<mml:math xmlns:mml='m'><mml:mi>x</mml:mi></mml:math> rose", "x rose", "formulas keep their letters"),
]


@pytest.mark.parametrize(("markup", "text", "why"), TEXTS)
def test_text_of_inline_markup_is_kept(tmp_path: Path, markup: str, text: str, why: str) -> None:
    head = '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://example.org/none.dtd">'
    abstract = f"<Abstract><AbstractText>{markup}</AbstractText></Abstract>"
    assert only(xml_file(tmp_path, citation(TITLE + abstract), head)).sections[0].text == text, why


DOIS = [
    ('<ELocationID EIdType="pii">S1</ELocationID><ELocationID EIdType="doi">10.5555/a</ELocationID>', "", "10.5555/a"),
    ('<ELocationID EIdType="doi" ValidYN="N">10.5555/bad</ELocationID>', "", ""),
    ("", '<ArticleIdList><ArticleId IdType="doi">10.5555/b</ArticleId></ArticleIdList>', "10.5555/b"),
    (
        "",
        "<ReferenceList><Reference><ArticleIdList>"
        '<ArticleId IdType="doi">10.5555/cited</ArticleId></ArticleIdList></Reference></ReferenceList>',
        "",
    ),
]


@pytest.mark.parametrize(("location", "pubmed_data", "doi"), DOIS)
def test_the_doi_is_the_paper_s_own(tmp_path: Path, location: str, pubmed_data: str, doi: str) -> None:
    body = citation(TITLE + location + ABSTRACT, after=f"<PubmedData>{pubmed_data}</PubmedData>")
    assert only(xml_file(tmp_path, body)).doi == doi


NOTICE = (
    '<CommentsCorrectionsList><CommentsCorrections RefType="{}"><PMID Version="1">1</PMID></CommentsCorrections>'
    "</CommentsCorrectionsList>"
)
SKIPPED = [
    (citation(TITLE + ABSTRACT, medline=NOTICE.format("RetractionIn")), "retracted"),
    (
        citation(
            TITLE
            + ABSTRACT
            + "<PublicationTypeList><PublicationType>Retracted Publication</PublicationType></PublicationTypeList>"
        ),
        "retracted",
    ),
    (citation(TITLE), "no abstract"),
    (citation(TITLE + "<Abstract><AbstractText> </AbstractText></Abstract>"), "no abstract"),
    (citation(ABSTRACT), "no title"),
    (citation("<ArticleTitle>[Not Available].</ArticleTitle>" + ABSTRACT), "no title"),
    ("<PubmedBookArticle><BookDocument><PMID>5</PMID></BookDocument></PubmedBookArticle>", "book"),
    ("<PubmedArticle><MedlineCitation/></PubmedArticle>", "no PMID"),
]


@pytest.mark.parametrize(("body", "reason"), SKIPPED)
def test_what_cannot_be_used_is_counted(tmp_path: Path, body: str, reason: str) -> None:
    kept, intake = documents(xml_file(tmp_path, body))
    assert not kept
    assert intake.rejected == {reason: 1}


NEARLY_SKIPPED = [
    citation(TITLE + ABSTRACT, medline=NOTICE.format("RetractionOf")),  # the notice, not the retracted paper
    citation(TITLE + ABSTRACT, medline=NOTICE.format("ErratumIn")),
    citation("<ArticleTitle>[Not Available].</ArticleTitle><VernacularTitle>Du thé</VernacularTitle>" + ABSTRACT),
]


@pytest.mark.parametrize("body", NEARLY_SKIPPED)
def test_what_looks_like_it_is_kept(tmp_path: Path, body: str) -> None:
    assert only(xml_file(tmp_path, body))


def test_a_byte_order_mark_and_other_encodings_are_read(tmp_path: Path) -> None:
    body = f'<?xml version="1.0" encoding="UTF-16"?><PubmedArticleSet>{citation(TITLE + ABSTRACT)}</PubmedArticleSet>'
    (tmp_path / "a.xml").write_text(body, encoding="utf-16")
    (tmp_path / "b.xml").write_text(body.replace("UTF-16", "UTF-8"), encoding="utf-8-sig")
    assert only(tmp_path / "a.xml") == only(tmp_path / "b.xml")


def test_a_set_without_citations_is_empty_and_no_error(tmp_path: Path) -> None:
    assert documents(xml_file(tmp_path, ""))[0] == []


# ── versions and deletions ───────────────────────────────────────────────────────────────────────────────────────


def test_a_later_version_replaces_an_earlier_one_in_whatever_order(tmp_path: Path) -> None:
    first, second = replace(BASE, version=1), replace(BASE, version=2, title="Second")
    for name, order in (("up.xml", [first, second]), ("down.xml", [second, first])):
        write_citations(tmp_path / name, order)
        kept, intake = documents(tmp_path / name)
        assert [d.title for d in kept] == ["Second"]
        assert intake.rejected == {"superseded": 1}


def test_the_same_version_in_a_later_file_replaces_it(tmp_path: Path) -> None:
    write_citations(tmp_path / "1.xml", [BASE])
    write_citations(tmp_path / "2.xml", [replace(BASE, title="Revised")])
    assert [d.title for d in documents(tmp_path / "1.xml", tmp_path / "2.xml")[0]] == ["Revised"]


def test_a_deleted_citation_goes_and_one_that_returns_stays(tmp_path: Path) -> None:
    write_citations(tmp_path / "1.xml", [BASE, replace(BASE, pmid=99_000_777)])
    write_citations(tmp_path / "2.xml", [], deleted=[BASE.pmid])
    write_citations(tmp_path / "3.xml", [replace(BASE, title="Back")])
    two, three = (tmp_path / "1.xml", tmp_path / "2.xml"), (tmp_path / "1.xml", tmp_path / "2.xml", tmp_path / "3.xml")
    kept, intake = documents(*two)
    assert [d.source_id for d in kept] == ["99000777"]
    assert intake.rejected == {"deleted": 1}
    assert {d.title for d in documents(*three)[0]} == {"Back", plain(BASE.title)}


def test_a_paper_that_was_retracted_later_goes(tmp_path: Path) -> None:
    write_citations(tmp_path / "1.xml", [BASE])
    write_citations(tmp_path / "2.xml", [replace(BASE, retracted=True)])
    kept, intake = documents(tmp_path / "1.xml", tmp_path / "2.xml")
    assert not kept
    assert intake.rejected == {"retracted": 1}


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_fault_in_the_middle_keeps_what_stood_before_and_names_the_line(tmp_path: Path) -> None:
    good = [a for a in sample_abstracts(1, 4) if a.sections]
    text = "".join(citation_xml(a) for a in good)
    path = xml_file(tmp_path, text + "\n<PubmedArticle></Broken>" + citation(TITLE + ABSTRACT))
    line = 1 + text.count("\n") + 1
    kept, intake = documents(path)
    assert [d.source_id for d in kept] == [str(a.pmid) for a in good]
    (warning,) = intake.warnings
    assert f"{path}, line {line}:" in warning
    assert "4 citations" in warning


WRONG = [
    ("", "an empty file"),
    ("   \n", "an empty file"),
    ('{"error": "API rate limit exceeded"}', "JSON"),
    ("<!DOCTYPE html><html><body>Error</body></html>", "an HTML page"),
    ("\n <HTML><body>", "an HTML page"),
    ("PMID- 12345\nTI  - A title", "no XML"),
    ("<eFetchResult><ERROR>cannot get document</ERROR></eFetchResult>", "<eFetchResult>"),
    ("<pmc-articleset/>", "<pmc-articleset>"),
    ("<PubmedArticleSet><PubmedArticle>", "line 1"),
    ("<PubmedArticleSet>&#1;</PubmedArticleSet>", "line 1"),
]


@pytest.mark.parametrize(("content", "named"), WRONG)
def test_what_is_no_pubmed_xml_is_refused_with_its_kind_and_a_fix(tmp_path: Path, content: str, named: str) -> None:
    path = tmp_path / "reply.xml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        list(read_citations(path, Intake()))
    assert str(path) in caught.value.what
    assert named in caught.value.what
    assert caught.value.fix


def test_no_message_quotes_the_text(tmp_path: Path) -> None:
    path = xml_file(tmp_path, citation(TITLE + ABSTRACT) + "<a>Tamsin Secret</b>")
    assert not any("Secret" in w for w in documents(path)[1].warnings)


def test_declared_entities_are_not_expanded_and_no_file_or_address_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("swordfish", encoding="utf-8")
    head = (
        '<!DOCTYPE PubmedArticleSet [<!ENTITY own "expanded">'
        f'<!ENTITY x SYSTEM "{(tmp_path / "secret.txt").as_uri()}"><!ENTITY % p SYSTEM "http://127.0.0.1:9/p.dtd">]>'
    )
    abstract = "<Abstract><AbstractText>tea &own; &x; end</AbstractText></Abstract>"
    text = only(xml_file(tmp_path, citation(TITLE + abstract), head)).sections[0].text
    assert "swordfish" not in text
    assert "expanded" not in text


def test_nested_entities_that_would_grow_without_end_are_refused_at_once(tmp_path: Path) -> None:
    nested = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(12))
    head = f'<!DOCTYPE PubmedArticleSet [<!ENTITY l0 "ha">{nested}]>'
    abstract = "<Abstract><AbstractText>tea &l12;</AbstractText></Abstract>"
    with pytest.raises(SourceError):
        only(xml_file(tmp_path, citation(TITLE + abstract), head))


def test_a_missing_file_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        list(read_citations(tmp_path / "none.xml", Intake()))
