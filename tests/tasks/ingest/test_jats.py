"""Full texts: sections without holes, licences, retractions, packages, and XML that means harm."""

import gzip
import io
import os
import re
import tarfile
import tracemalloc
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.errors import SourceError
from tasks.ingest.intake import Intake
from tasks.ingest.jats import read_articles
from tasks.records import Document

REAL = os.environ.get("ROUNDS_REAL_DATA", "")
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
BY = '<license xlink:href="http://creativecommons.org/licenses/by/4.0/"><license-p>Open.</license-p></license>'
IDS = '<article-id pub-id-type="pmc">9900001</article-id><article-id pub-id-type="pmid">99000001</article-id>'
HEAD = '<article xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML" '


def article(
    body: str = "<p>Tea is warm.</p>",
    *,
    meta: str = "",
    ids: str = IDS,
    licence: str = BY,
    title: str = "On tea",
    kind: str = "research-article",
) -> str:
    return (
        f'{HEAD}article-type="{kind}" xml:lang="en"><front><journal-meta><journal-title>A Journal</journal-title>'
        f"</journal-meta><article-meta>{ids}<title-group><article-title>{title}</article-title></title-group>"
        f"<permissions>{licence}</permissions>{meta}</article-meta></front><body>{body}</body>"
        "<back><ack><p>Ann Brask helped.</p></ack><ref-list><ref><p>A reference.</p></ref></ref-list></back></article>"
    )


def read(path: Path) -> tuple[list[Document], Intake]:
    intake = Intake()
    return list(read_articles(path, intake)), intake


def written(tmp_path: Path, xml: str, name: str = "a.nxml") -> Path:
    (tmp_path / name).write_text(xml, encoding="utf-8")
    return tmp_path / name


def only(tmp_path: Path, xml: str) -> Document:
    ((document,), intake) = read(written(tmp_path, xml))
    assert not intake.rejected
    return document


def text(tmp_path: Path, paragraph: str) -> str:
    return only(tmp_path, article(f"<p>First. {paragraph}</p>")).sections[0].text.removeprefix("First. ")


# ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────

CITE = '<xref ref-type="bibr" rid="b1">1</xref>'
OTHER = '<xref ref-type="bibr" rid="b2">2</xref>'
FIGURE = '<xref ref-type="fig" rid="f1">Figure 1</xref>'
NAMED = '<xref ref-type="bibr" rid="b1">Brask et al., 2004</xref>'


def formula(sentence: str, math: str) -> str:
    return sentence.format(f"<inline-formula><mml:math>{math}</mml:math></inline-formula>")


HOLES = [
    (f"Tea helps [{CITE}]. It is warm.", "Tea helps. It is warm."),
    (f"Tea helps [{CITE}, {OTHER}], they say.", "Tea helps, they say."),
    (f"Tea helps [{CITE}–{OTHER}].", "Tea helps."),
    (f"Tea helps {CITE.replace('>1<', '>[1]<')}, {OTHER.replace('>2<', '>[2]<')}.", "Tea helps."),
    (f"Tea<sup>{CITE}</sup> helps.<sup>{CITE},{OTHER}</sup> It is warm.", "Tea helps. It is warm."),
    ('Tea helps.<xref ref-type="bibr" rid="b"><sup>1</sup></xref> So.', "Tea helps. So."),
    (f"Tea helps ({NAMED}; {NAMED}).", "Tea helps."),
    (f"Tea helps (reviewed in {NAMED}).", "Tea helps."),
    (f"As {NAMED} said, tea helps.", "As Brask et al., 2004 said, tea helps."),
    (f"Tea helps (p = 0.03; {NAMED}).", "Tea helps (p = 0.03)."),
    (f"Tea helps ({FIGURE}).", "Tea helps."),
    (f"Tea helps ({FIGURE}A and B).", "Tea helps."),
    (f"Tea helps (n = 3, {FIGURE}).", "Tea helps (n = 3)."),
    (f"{FIGURE} shows tea.", "Figure 1 shows tea."),
    (f"It was done as described in [{CITE}]. Tea helps.", "Tea helps."),
    ("Tea helps [12]. Values were 5 [2, 8].", "Tea helps. Values were 5 [2, 8]."),
    ("Tea [hot] helps (a lot).", "Tea [hot] helps (a lot)."),
    ('Tea<xref ref-type="fn" rid="fn1">*</xref> helps.', "Tea helps."),
    ("10<sup>6</sup> cells per cm<sup>2</sup> of CD4<sup>+</sup>, H<sub>2</sub>O.", "10^6 cells per cm2 of CD4+, H2O."),
    ("5 × 10<sup>−6</sup> of <sup>131</sup>I.", "5 × 10^−6 of 131I."),
    ("Tea<fn><p>A note.</p></fn> is&#160;<italic>very</italic>  <bold>warm</bold>.", "Tea is very warm."),
    (
        formula("Where {}, tea.", "<mml:mi>p</mml:mi><mml:mo>&lt;</mml:mo><mml:mn>5</mml:mn>"),
        "Where p<5, tea.",
    ),
    (
        formula("Let {} be. Tea helps.", "<mml:mfrac><mml:mi>a</mml:mi><mml:mi>b</mml:mi></mml:mfrac>"),
        "Tea helps.",
    ),
    ("Let <inline-formula><tex-math>\\frac{a}{b}</tex-math></inline-formula> be. Tea helps.", "Tea helps."),
    ("Tea:<disp-formula><tex-math>\\alpha</tex-math></disp-formula> helps.", "Tea: helps."),
    ("Two:<list><list-item><p>Hot</p></list-item><list-item><p>Cold</p></list-item></list>", "Two:\nHot\nCold"),
]


@pytest.mark.parametrize(("paragraph", "expected"), HOLES)
def test_what_is_left_out_leaves_no_hole(tmp_path: Path, paragraph: str, expected: str) -> None:
    assert text(tmp_path, paragraph) == expected


@QUICK
@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn")), min_size=1, max_size=60))
def test_plain_text_comes_back(tmp_path: Path, words: str) -> None:
    plain = " ".join(words.replace("^", "").replace("[", "").split())
    assert text(tmp_path, f"<italic>{escape(plain)}</italic>.") == (f"{plain}.".strip() if plain else ".")


def test_sections_are_labelled_by_their_nested_titles(tmp_path: Path) -> None:
    body = (
        "<p>Before.</p><sec><title>2. Methods</title><p>All.</p><sec><title>2.1. Participants</title><p>Forty.</p>"
        "<fig><caption><p>A figure.</p></caption></fig><table-wrap><table><tr><td>7</td></tr></table></table-wrap>"
        "</sec><p>Last.</p></sec><sec><title>Funding</title><p>A king.</p></sec>"
        '<sec sec-type="supplementary-material"><title>More</title><p>S1.</p></sec>'
    )
    abstract = "<abstract><sec><title>Aim</title><p>To drink.</p></sec></abstract>"
    document = only(tmp_path, article(body, meta=abstract + '<abstract abstract-type="toc"><p>T.</p></abstract>'))
    assert [(s.label, s.text) for s in document.sections] == [
        ("Abstract: Aim", "To drink."),
        ("", "Before."),
        ("Methods", "All."),
        ("Methods: Participants", "Forty."),
        ("Methods", "Last."),
    ]


def test_numbers_dates_keywords_and_counts_are_kept_and_names_are_not(tmp_path: Path) -> None:
    meta = (
        '<contrib-group><contrib contrib-type="author"><name><surname>Brask</surname></name></contrib>'
        '<contrib contrib-type="editor"><name><surname>Quill</surname></name></contrib></contrib-group>'
        '<pub-date pub-type="pmc-release"><year>2027</year></pub-date>'
        '<pub-date pub-type="epub"><day>3</day><month>11</month><year>2026</year></pub-date>'
        "<kwd-group><kwd>Tea</kwd><kwd><italic>C. sinensis</italic></kwd></kwd-group><funding-group><award-group>"
        "<funding-source>Crown</funding-source><award-id>T 7</award-id></award-group></funding-group>"
    )
    document = only(tmp_path, article(meta=meta))
    assert (document.source, document.source_id, document.pmid) == ("pmc", "PMC9900001", "99000001")
    assert (document.published, document.authors, document.mesh) == ("2026-11-03", 1, ("Tea", "C. sinensis"))
    assert (document.grants, document.journal, document.language) == (("Crown T 7",), "A Journal", "eng")
    assert document.licence == "CC-BY-4.0"
    assert not {"Brask", "Quill", "reference"} & set(document.model_dump_json().replace('"', " ").split())


# ── what is not taken ────────────────────────────────────────────────────────────────────────────────────────────

NC = '<license><license_ref xmlns="http://www.niso.org/schemas/ali/1.0/">https://creativecommons.org/licenses/by-nc/4.0/</license_ref></license>'
LINK = '<related-article related-article-type="{}" ext-link-type="doi" xlink:href="10.9999/Old.1"/>'
REFUSED = [
    (article(licence=NC), "licence not allowed"),
    (article(licence="<license><license-p>All rights reserved.</license-p></license>"), "licence not allowed"),
    (article(licence="<copyright-statement>© A Publisher</copyright-statement>"), "no licence stated"),
    (article(licence=""), "no licence stated"),
    (article(ids=""), "no PMC id or DOI"),
    (article(ids='<article-id pub-id-type="pmc">Ann Brask</article-id>'), "no PMC id or DOI"),
    (article(title=""), "no title"),
    (article(body="<fig><caption><p>A figure.</p></caption></fig>"), "no text"),
    (article(kind="correction"), "correction notice"),
    (article(kind="partial-retraction"), "correction notice"),
    (article(kind="retraction", meta=LINK.format("retracted-article")), "retraction notice"),
    (article(kind="editorial", meta=LINK.format("retracted-article")), "retraction notice"),
    ("<article><front/></article>", "no PMC id or DOI"),
    (article()[:-30], "malformed XML"),
]


@pytest.mark.parametrize(("xml", "reason"), REFUSED)
def test_what_is_not_taken_is_counted_once(tmp_path: Path, xml: str, reason: str) -> None:
    documents, intake = read(written(tmp_path, xml))
    assert documents == []
    assert intake.rejected == {reason: 1}
    assert intake.retracted == 0


@pytest.mark.parametrize(
    ("title", "meta", "kind"),
    [
        ("RETRACTED: On tea", "", "research-article"),
        ("Retracted Article: On tea", "", "research-article"),
        ("[RETRACTED] : On tea", "", "research-article"),
        ("On tea", LINK.format("retraction-forward"), "research-article"),
        ("On tea", "", "retracted-article"),
    ],
)
def test_a_retracted_article_is_withdrawn_under_each_of_its_numbers(
    tmp_path: Path, title: str, meta: str, kind: str
) -> None:
    documents, intake = read(written(tmp_path, article(title=title, meta=meta, kind=kind)))
    assert (documents, intake.retracted, intake.rejected) == ([], 1, {})
    assert {(w.source, w.source_id) for w in intake.withdrawals()} == {("pmc", "PMC9900001"), ("pubmed", "99000001")}
    assert {w.reason for w in intake.withdrawals()} == {"retracted"}


@pytest.mark.parametrize("title", ["Retracted articles in dentistry", "How papers are retracted: a survey", "On tea"])
def test_an_article_about_retractions_is_taken(tmp_path: Path, title: str) -> None:
    assert only(tmp_path, article(title=title, meta=LINK.format("companion"))).title == title


def test_a_notice_withdraws_the_article_that_it_names(tmp_path: Path) -> None:
    _, intake = read(written(tmp_path, article(kind="retraction", meta=LINK.format("retracted-article"))))
    assert {(w.source, w.source_id, w.notice) for w in intake.withdrawals()} == {
        ("doi", "10.9999/old.1", "PMC9900001"),
        ("pmc", "10.9999/old.1", "PMC9900001"),
    }


def test_a_list_of_licences_of_ones_own_decides(tmp_path: Path) -> None:
    path = written(tmp_path, article(licence=NC))
    assert len(list(read_articles(path, Intake(), allowed=("CC-BY-NC",)))) == 1


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────


def package(tmp_path: Path, *members: tuple[str, bytes]) -> Path:
    path = tmp_path / "p.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def numbered(number: int) -> str:
    return article(ids=f'<article-id pub-id-type="pmc">{number}</article-id>')


@pytest.mark.parametrize("root", ["pmc-articleset", "records"])
def test_several_articles_of_one_file_are_read(tmp_path: Path, root: str) -> None:
    path = written(tmp_path, f"<{root}>{numbered(1)}{numbered(2)}</{root}>", "set.xml")
    assert [d.source_id for d in read(path)[0]] == ["PMC1", "PMC2"]


def test_an_article_in_a_namespace_is_read(tmp_path: Path) -> None:
    xml = numbered(1).replace(HEAD, f'{HEAD}xmlns="https://jats.nlm.nih.gov/ns/archiving/1.3/" ')
    assert only(tmp_path, f"<OAI-PMH>{xml}</OAI-PMH>").source_id == "PMC1"


def test_packages_are_read_past_a_broken_member_and_other_files(tmp_path: Path) -> None:
    good = numbered(1).encode()
    members = (("a/1.nxml", good), ("a/2.nxml", good[:-20]), ("a/f.jpg", b"x"), ("a/3.xml.gz", b"x"), ("4.nxml", good))
    documents, intake = read(package(tmp_path, *members))
    assert len(documents) == 2
    assert intake.rejected == {"malformed XML": 2}
    assert [r.where.split("!")[1].split(":")[0] for r in intake.rejects()] == ["a/2.nxml", "a/3.xml.gz"]


def test_gzipped_files_are_known_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(gzip.compress(numbered(1).encode()))
    assert len(read(tmp_path / "a.xml")[0]) == 1


def test_a_cut_package_keeps_what_stood_before(tmp_path: Path) -> None:
    members = [(f"{n}.nxml", article(f"<p>{os.urandom(3000).hex()}</p>").encode()) for n in range(20)]
    path = package(tmp_path, *members)
    path.write_bytes(path.read_bytes()[:-20_000])
    documents, intake = read(path)
    assert 0 < len(documents) < 20
    assert "archive" in intake.warnings[0]


@pytest.mark.parametrize("content", [b"<PubmedArticleSet/>", b"<html><p>Busy</p></html>"])
def test_a_file_without_articles_is_a_source_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xml").write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.xml holds no JATS article"):
        read(tmp_path / "a.xml")


@pytest.mark.parametrize("content", [b"", b"{}", b"<article><fro", b"\x1f\x8bno gzip"])
def test_a_broken_file_does_not_stop_a_folder(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xml").write_bytes(content)
    documents, intake = read(tmp_path / "a.xml")
    assert documents == []
    assert intake.rejected or intake.warnings


def test_a_bomb_of_entities_is_refused(tmp_path: Path) -> None:
    bomb = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    documents, intake = read(
        written(tmp_path, f'<!DOCTYPE article [<!ENTITY l0 "lol">{bomb}]>{article("<p>Tea &l8; is.</p>")}')
    )
    assert documents == []
    assert intake.rejected == {"malformed XML": 1}


def test_declared_entities_are_not_expanded_and_known_ones_are_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("SECRET")
    dtd = f'<!DOCTYPE article [<!ENTITY l "lol"><!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]>'
    document = only(tmp_path, dtd + article("<p>Tea &l; &x; is.</p>"))
    assert "lol" not in document.sections[0].text
    assert "SECRET" not in document.sections[0].text
    external = '<!DOCTYPE article SYSTEM "http://127.0.0.1:9/JATS.dtd">'
    assert only(tmp_path, external + article("<p>Tea&nbsp;is &alpha;.</p>")).sections[0].text == "Tea is α."


def test_memory_does_not_grow_with_a_set(tmp_path: Path) -> None:
    one = article("<p>" + "tea " * 5000 + "</p>")
    with gzip.open(tmp_path / "set.xml.gz", "wt", compresslevel=1) as file:
        file.write("<pmc-articleset>" + one * 600 + "</pmc-articleset>")
    tracemalloc.start()
    count = sum(1 for _ in read_articles(tmp_path / "set.xml.gz", Intake()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 600
    assert peak < 3_000_000  # of 12 MB


@pytest.mark.skipif(not REAL, reason="ROUNDS_REAL_DATA names no folder with real files")
def test_real_articles_are_read_without_citations_or_holes() -> None:
    intake = Intake()
    files = [path for path in sorted((Path(REAL) / "jats").rglob("*")) if path.suffix in {".xml", ".nxml"}]
    documents = [document for path in files for document in read_articles(path, intake)]
    assert len(documents) + intake.rejected.total() == len(files) == 30
    assert intake.rejected == {"retraction notice": 3, "correction notice": 1}
    assert len({w.source_id for w in intake.withdrawals()}) == 3
    whole = "\n".join(section.text for document in documents for section in document.sections)
    assert re.findall(r" [.,](?![.\d])|\(\)|\[\d*\]|[\ue000-\ue004]", whole) == []
