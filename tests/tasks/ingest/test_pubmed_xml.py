"""The reader gives back what was written, passes over what is faulty, and refuses what is no PubMed XML."""

import gzip
import tracemalloc
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.errors import SourceError
from tasks.ingest.intake import Intake
from tasks.ingest.papers import collect_documents
from tasks.ingest.pubmed_records import ESCAPED_TWICE, HTML_TAG, MONTHS
from tasks.ingest.pubmed_xml import NAMED_FAULTS, read_citations
from tasks.records import Document
from tasks.sample.abstracts import SampleAbstract, citation_xml, plain, sample_abstracts, write_citations

XML_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=60)
REAL_TEXT = XML_TEXT.map(lambda t: " ".join(t.split())).filter(
    lambda t: t not in ("", "[Not Available].") and not ESCAPED_TWICE.search(t) and not HTML_TAG.search(t)
)
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
    assert intake.rejected.total() == intake.rejected["truncated"] <= 1


def test_every_field_of_the_sample_comes_back(tmp_path: Path) -> None:
    truth = list(sample_abstracts(5, 80))
    write_citations(tmp_path / "a.xml", truth)
    kept, intake = documents(tmp_path / "a.xml")
    good = [a for a in truth if a.sections and not a.retracted]
    assert [expected(a) for a in good] == kept
    assert intake.rejected == {"no abstract": 1}
    assert intake.retracted == 2
    assert not intake.warnings


def expected(a: SampleAbstract) -> Document:
    return Document(
        source="pubmed",
        source_id=str(a.pmid),
        title=plain(a.title),
        sections=tuple({"label": label, "text": plain(text)} for label, text in a.sections),  # type: ignore[misc]
        journal=a.journal,
        published=f"{a.year}-{MONTHS.index(a.month.lower()) + 1:02}",
        publication_types=a.types,
        mesh=a.mesh,
        authors=1,
        pmid=str(a.pmid),
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
    ("<MedlineDate>2019 Sep/Oct</MedlineDate>", "2019-09", "two months"),
    ("<MedlineDate>Winter</MedlineDate>", "2018-05-04", "no year at all: the electronic date"),
    ("<Year>2021</Year><Month>Feb</Month><Day>30</Day>", "2021-02", "a day that the month does not have"),
    ("<Year>2021</Year><Month>13</Month>", "2021", "a month that the year does not have"),
    ("<Year>n.d.</Year>", "2018-05-04", "a year that is none"),
]


@pytest.mark.parametrize(("date", "iso", "why"), DATES)
def test_dates(tmp_path: Path, date: str, iso: str, why: str) -> None:
    journal = f"<Journal><JournalIssue><PubDate>{date}</PubDate></JournalIssue></Journal>"
    online = "<ArticleDate><Year>2018</Year><Month>05</Month><Day>04</Day></ArticleDate>"
    assert only(xml_file(tmp_path, citation(journal + TITLE + ABSTRACT + online))).published == iso, why


TEXTS = [
    ("10<sup>9</sup>/L of <i>E. <b>coli</b></i> grew", "109/L of E. coli grew", "inline tags, nested too"),
    ("a &lt; b &amp; c", "a < b & c", "escaped once"),
    ("p &amp;lt; 0.05 &amp;mdash; so &amp;#945;", "p < 0.05 — so α", "escaped twice, as publishers sometimes send it"),
    ("&lt;i&gt;E. coli&lt;/i&gt; at 10&lt;SUP&gt;9&lt;/SUP&gt;", "E. coli at 109", "HTML tags as text"),
    ("&amp;lt;i&amp;gt;E. coli&amp;lt;/i&amp;gt;", "E. coli", "HTML tags escaped twice"),
    ("a &lt;b and c&gt; d; p&lt;0.05, &lt;img&gt;", "a <b and c> d; p<0.05, <img>", "a comparison is no tag"),
    ("Q&amp;A; R&amp;D", "Q&A; R&D", "an ampersand before a semicolon is no entity"),
    ("\u05ea\u05d4 \u202bחם\u202c", "\u05ea\u05d4 \u202bחם\u202c", "right to left, with its marks"),
    ("<![CDATA[a <b> & </PubmedArticle>]]> c", "a & </PubmedArticle> c", "CDATA is text, tags in it too"),
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
    assert only(xml_file(tmp_path, citation(f"<ArticleTitle>{markup}</ArticleTitle>" + ABSTRACT))).title == text, why


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


def test_grants_ids_and_counts_are_read(tmp_path: Path) -> None:
    article = (
        f'{TITLE}{ABSTRACT}<AuthorList><Author ValidYN="Y"><LastName>Whitlock</LastName></Author><Author ValidYN="N">'
        "<LastName>Whitlok</LastName></Author><Author><CollectiveName>Tea Group</CollectiveName></Author></AuthorList>"
        "<Language>fre</Language><Language>eng</Language><GrantList><Grant><GrantID>R01 HL000000</GrantID>"
        "<Agency>NHLBI</Agency></Grant><Grant><Agency>Tea Board</Agency></Grant></GrantList>"
    )
    ids = (
        '<ArticleIdList><ArticleId IdType="pubmed">99000001</ArticleId><ArticleId IdType="pmc">PMC0000001</ArticleId>'
        '<ArticleId IdType="mid">NIHMS1</ArticleId></ArticleIdList>'
    )
    document = only(xml_file(tmp_path, citation(article, after=f"<PubmedData>{ids}</PubmedData>")))
    assert document.authors == 2  # a name marked as not valid is the misspelling of another one
    assert document.grants == ("NHLBI R01 HL000000", "Tea Board")
    assert (document.pmid, document.pmcid, document.language) == ("99000001", "PMC0000001", "fre")


def test_a_row_is_a_document_as_json(tmp_path: Path) -> None:
    write_citations(tmp_path / "a.xml", sample_abstracts(3, 5))
    for row in collect_documents([tmp_path / "a.xml"], Intake()):
        assert Document.model_validate(row).model_dump(mode="json") == row


SKIPPED = [
    (citation(TITLE), "no abstract"),
    (citation(TITLE + "<Abstract><AbstractText> </AbstractText></Abstract>"), "no abstract"),
    (citation(TITLE, medline="<OtherAbstract><AbstractText>Du the.</AbstractText></OtherAbstract>"), "no abstract"),
    (citation(ABSTRACT), "no title"),
    (citation("<ArticleTitle>[Not Available].</ArticleTitle>" + ABSTRACT), "no title"),
    ("<PubmedBookArticle><BookDocument><PMID>5</PMID></BookDocument></PubmedBookArticle>", "book"),
    ("<PubmedArticle><MedlineCitation/></PubmedArticle>", "no PMID"),
    (citation(TITLE + ABSTRACT, pmid="PMC123"), "no PMID"),
    ("<PubmedArticle/>", "no PMID"),
]


@pytest.mark.parametrize(("body", "reason"), SKIPPED)
def test_what_cannot_be_used_is_counted(tmp_path: Path, body: str, reason: str) -> None:
    kept, intake = documents(xml_file(tmp_path, body))
    assert not kept
    assert intake.rejected == {reason: 1}
    assert intake.retracted == 0


def test_a_title_that_was_never_translated_is_taken_in_its_language(tmp_path: Path) -> None:
    article = "<ArticleTitle>[Not Available].</ArticleTitle><VernacularTitle>Du <i>the</i></VernacularTitle>" + ABSTRACT
    assert only(xml_file(tmp_path, citation(article))).title == "Du the"


def test_a_byte_order_mark_and_other_encodings_are_read(tmp_path: Path) -> None:
    body = f'<?xml version="1.0" encoding="UTF-16"?><PubmedArticleSet>{citation(TITLE + ABSTRACT)}</PubmedArticleSet>'
    (tmp_path / "a.xml").write_text(body, encoding="utf-16")
    (tmp_path / "b.xml").write_text(body.replace("UTF-16", "UTF-8"), encoding="utf-8-sig")
    (tmp_path / "c.xml").write_text(body.replace("UTF-16", "ISO-8859-1").replace("warm", "café"), encoding="latin-1")
    assert only(tmp_path / "a.xml") == only(tmp_path / "b.xml")
    assert only(tmp_path / "c.xml").sections[0].text == "Tea is café."


def test_a_set_without_citations_is_empty_and_no_error(tmp_path: Path) -> None:
    assert documents(xml_file(tmp_path, ""))[0] == []


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────


BROKEN = [
    (b"<PubmedArticle></Broken></PubmedArticle>", "", "a tag that was never opened"),
    (b'<PubmedArticle><MedlineCitation><PMID Version="1">7</PMID>', "7", "a record that was never closed"),
    (b"<PubmedArticle><PMID>7</PMID>a & b</PubmedArticle>", "7", "a bare ampersand"),
    (b"<PubmedArticle>\x00</PubmedArticle>", "", "a NUL byte"),
    (b"<PubmedArticle>\x0b</PubmedArticle>", "", "a control character"),
    (b"<PubmedArticle>caf\xe9</PubmedArticle>", "", "Latin-1 in a file that says UTF-8"),
    (b"<PubmedArticle>" + b"<b>" * 300 + b"</b>" * 300 + b"</PubmedArticle>", "", "nested without end"),
    (b"<MedlineCitation></MedlineCitation></PubmedArticle>", "", "a record without its beginning"),
    (b"garbage", "", "what is no record at all"),
]


@pytest.mark.parametrize(("fault", "pmid", "why"), BROKEN)
def test_a_faulty_record_costs_only_itself_and_is_named_by_its_line(
    tmp_path: Path, fault: bytes, pmid: str, why: str
) -> None:
    good = [a for a in sample_abstracts(1, 4) if a.sections]
    before = f"<PubmedArticleSet>{''.join(map(citation_xml, good[:3]))}\n".encode()
    path = tmp_path / "some.xml"
    path.write_bytes(before + fault + b"\n" + citation_xml(good[3]).encode() + b"</PubmedArticleSet>")
    line = 1 + before.count(b"\n")
    kept, intake = documents(path)
    assert [d.source_id for d in kept] == [str(a.pmid) for a in good], why
    assert intake.warnings == [f"{path}, line {line}: malformed citation; it was passed over"]
    (rejected,) = intake.rejects()
    assert (rejected.reason, rejected.source_id, rejected.where) == ("malformed", pmid, f"{path}:{line}"), why


def test_of_many_faults_some_are_named_and_all_are_counted(tmp_path: Path) -> None:
    bad = "<PubmedArticle></x></PubmedArticle>\n" * (NAMED_FAULTS + 5)
    kept, intake = documents(xml_file(tmp_path, bad + citation(TITLE + ABSTRACT)))
    assert len(kept) == 1
    assert intake.rejected == {"malformed": NAMED_FAULTS + 5}
    assert len(intake.warnings) == NAMED_FAULTS + 1
    assert "5 further" in intake.warnings[-1]


def test_cut_gzip_keeps_the_citations_before_it_and_names_the_file(tmp_path: Path) -> None:
    write_citations(tmp_path / "a.xml", sample_abstracts(1, 5))
    content = gzip.compress((tmp_path / "a.xml").read_bytes())
    (tmp_path / "cut.xml.gz").write_bytes(content[:-600])
    kept, intake = documents(tmp_path / "cut.xml.gz")
    assert 1 <= len(kept) < 5
    (warning,) = intake.warnings
    assert f"{tmp_path / 'cut.xml.gz'}: damaged or truncated gzip data; the {len(kept)} records" in warning
    assert intake.rejected == {"truncated": 1}


def test_an_abstract_of_10_megabytes_is_passed_over_in_little_memory(tmp_path: Path) -> None:
    huge = "<Abstract><AbstractText>" + "tea " * 2_500_000 + "</AbstractText></Abstract>"
    path = xml_file(tmp_path, citation(TITLE + huge, pmid="99000002") + citation(TITLE + ABSTRACT))
    kept, intake = documents(path)
    assert [d.source_id for d in kept] == ["99000001"]
    (rejected,) = intake.rejects()
    assert (rejected.reason, rejected.source_id) == ("too large", "99000002")


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    write_citations(tmp_path / "a.xml", sample_abstracts(1, 3_000))
    assert (tmp_path / "a.xml").stat().st_size > 4 << 20
    tracemalloc.start()
    count = sum(1 for _ in read_citations(tmp_path / "a.xml", Intake()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3_000
    assert peak < 2 << 20


def test_replies_that_were_concatenated_are_all_read(tmp_path: Path) -> None:
    whole = list(sample_abstracts(1, 4))
    for number, a in enumerate(whole):
        write_citations(tmp_path / f"{number}.xml", [a])
    parts = [(tmp_path / f"{number}.xml").read_bytes() for number in range(4)]
    (tmp_path / "all.xml").write_bytes(b"".join(parts))
    assert [d.source_id for d in documents(tmp_path / "all.xml")[0]] == [str(a.pmid) for a in whole]


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
    path = xml_file(tmp_path, citation(TITLE + ABSTRACT) + "<PubmedArticle>Tamsin Secret</b></PubmedArticle>")
    intake = documents(path)[1]
    assert intake.warnings
    assert not any("Secret" in word for word in [*intake.warnings, *map(str, intake.rejects())])


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
