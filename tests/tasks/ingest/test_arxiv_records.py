"""Records of every form become the same papers; withdrawn ones are recognised; what is no record is named."""

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.errors import SourceError
from tasks.ingest.arxiv_oai import _count_names, licence, read_arxiv_file
from tasks.ingest.arxiv_records import first_doi, is_withdrawn, split_identifier
from tasks.ingest.intake import Intake
from tasks.records import Document
from tests.tasks.ingest.arxiv_replies import ArxivData, error_feed, papers

REAL = Path(os.environ.get("ROUNDS_REAL_DATA", "/nowhere")) / "arxiv"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def read(tmp_path: Path, content: str | bytes) -> tuple[list[Document], Intake]:
    path, intake = tmp_path / "records.xml", Intake()
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_arxiv_file(path, intake)), intake


# ── withdrawn papers ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "comment",
    [
        "This paper has been withdrawn by the author due to a crucial error in eq. (3)",
        "The paper has been withdrawn because of a gap in the proof of Lemma 2.",
        "Withdrawn",
        "withdrawn by the authors",
        "[Withdrawn]",
        "Withdrawn: Theorem 4 is false",
        "Paper withdrawn due to an error in section 5",
        "12 pages, 3 figures. This article is withdrawn",
        "5 pages; withdrawn due to overlap",
        "arXiv admin note: submission has been withdrawn by arXiv administrators",
        "This version withdrawn by arXiv administrators",
        "The authors have withdrawn this paper because the data were mislabelled",
        "We withdraw this manuscript.",
        "This preprint was temporarily withdrawn",
        "Retracted by the authors",
    ],
)
def test_a_comment_that_withdraws_the_paper(comment: str) -> None:
    assert is_withdrawn(comment, "We count spoons.")


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "12 pages, 3 figures",
        "Replaces the withdrawn arXiv:0000.00000",
        "This paper supersedes a withdrawn submission",
        "Theorem 4 of the first version has been withdrawn",
        "A survey of withdrawn drugs, 20 pages",
        "On why the paper was retracted in 2010",
        "Withdrawn drugs and their labels; 9 pages",
        "Money withdrawn, 3 tables",
        "v2: not withdrawn",
    ],
)
def test_a_comment_that_does_not(comment: str) -> None:
    assert not is_withdrawn(comment, "We count spoons.")


@pytest.mark.parametrize(
    ("abstract", "withdrawn"),
    [
        ("This paper has been withdrawn by the author.", True),
        ("Withdrawn.", True),
        ("This submission was withdrawn. " + "It held a long text. " * 30, True),
        ("The paper has been withdrawn due to a sign error.", True),
        ("This paper studies why drugs are withdrawn from the market.", False),
        ("Withdrawn drugs are seldom studied.", False),
        ("Withdrawn due to toxicity, the drug was studied again. " + "We followed patients. " * 20, False),
        ("We study citations. The paper was retracted in 2010, and is cited still.", False),
        ("After this paper was retracted, its citations went on.", False),
    ],
)
def test_an_abstract_counts_by_its_beginning(abstract: str, withdrawn: bool) -> None:
    assert is_withdrawn("", abstract) is withdrawn


# ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("http://arxiv.org/abs/2104.12255v1", ("2104.12255", 1)),
        ("http://arxiv.org/abs/quant-ph/0201082v12", ("quant-ph/0201082", 12)),
        ("http://arxiv.org/abs/math.GT/0309136", ("math.GT/0309136", 1)),
        ("0704.0001v2", ("0704.0001", 2)),
        ("http://example.org/x", ("http://example.org/x", 1)),
    ],
)
def test_an_identifier_is_split_from_its_version(address: str, parts: tuple[str, int]) -> None:
    assert split_identifier(address) == parts


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("http://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/", "CC-BY-NC-ND-4.0"),
        ("http://creativecommons.org/licenses/by-nc-sa/3.0/", "CC-BY-NC-SA-3.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/", "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"),
        ("", ""),
    ],
)
def test_a_licence_has_its_spdx_name_where_there_is_one(address: str, name: str) -> None:
    assert licence(address) == name


@pytest.mark.parametrize(
    ("authors", "count"),
    [
        ("Tansy Whitlock", 1),
        ("T. Whitlock, O. Marsh and R. Reed", 3),
        ("T. Whitlock (1), O. Marsh, Jr. (2) ((1) Larkmoor, (2) Port Ember (old town))", 2),
        ("The Larkmoor Collaboration: T. Whitlock, et al.", 1),
        ("Sandy Andersson", 1),
        ("", 0),
    ],
)
def test_names_are_counted(authors: str, count: int) -> None:
    assert _count_names(authors) == count


@pytest.mark.parametrize(
    ("field", "doi"),
    [
        ("10.5555/a 10.5555/b", "10.5555/a"),
        ("https://doi.org/10.5555/a", "10.5555/a"),
        (None, ""),
        ("10.5555/x,", "10.5555/x"),
        ("not a doi", ""),
    ],
)
def test_the_first_doi_is_taken(field: str | None, doi: str) -> None:
    assert first_doi(field) == doi


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("zipped", [False, True])
def test_an_atom_feed_comes_back(tmp_path: Path, zipped: bool) -> None:
    truth = papers(3, NOW)
    feed = ArxivData().feed(truth, total=3).encode()
    documents, intake = read(tmp_path, gzip.compress(feed) if zipped else feed)
    assert [(d.source_id, d.version, d.published) for d in documents] == [
        (p.identifier, p.version, f"{p.submitted:%Y-%m-%d}") for p in truth
    ]
    first = documents[0]
    assert (first.title, first.sections[0].text) == (truth[0].title, truth[0].summary)
    assert (first.mesh, first.authors) == (truth[0].categories, 2)
    assert intake.rejected.total() == 0


RAW = """<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>2611.00001</id><submitter>T. Whitlock</submitter>
<version version="v1"><date>Mon, 2 Nov 2026 22:41:50 GMT</date><size>4kb</size><source_type>D</source_type></version>
<version version="v2"><date>Tue, 3 Nov 2026 11:17:09 GMT</date><source_type>{type}</source_type></version>
<title>On  spoons</title><authors>T. Whitlock and O. Marsh</authors><categories>q-bio.QM stat.AP</categories>
<comments>4 pages</comments><journal-ref>Spoons 1 (2026)</journal-ref><doi>10.5555/spoons</doi>
<license>http://creativecommons.org/licenses/by/4.0/</license><abstract>  We count
spoons.
</abstract></arXivRaw>"""
ARXIV = """<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2611.00001</id><created>2026-11-02</created>
<updated>2026-11-03</updated><authors><author><keyname>Whitlock</keyname></author><author><keyname>Marsh</keyname>
</author></authors><title>On spoons</title><categories>q-bio.QM stat.AP</categories><comments>4 pages</comments>
<journal-ref>Spoons 1 (2026)</journal-ref><doi>10.5555/spoons</doi>
<license>http://creativecommons.org/licenses/by/4.0/</license><abstract>We count spoons.</abstract></arXiv>"""
DUBLIN_CORE = """<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>On spoons</dc:title><dc:creator>Whitlock, Tansy</dc:creator>
<dc:creator>Marsh, Oswin</dc:creator><dc:subject>Quantitative Methods</dc:subject>
<dc:description>We count spoons.</dc:description><dc:description>Comment: {comment}</dc:description>
<dc:date>2026-11-02</dc:date><dc:date>2026-11-03</dc:date><dc:identifier>http://arxiv.org/abs/2611.00001</dc:identifier>
<dc:identifier>doi:10.5555/spoons</dc:identifier></oai_dc:dc>"""


def record(metadata: str, identifier: str = "oai:arXiv.org:2611.00001", status: str = "") -> str:
    body = f"<metadata>{metadata}</metadata>" if metadata else ""
    return f"<record><header{status}><identifier>{identifier}</identifier></header>{body}</record>"


def oai(*records: str) -> str:
    return (
        '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>'
        f"{''.join(records)}</ListRecords></OAI-PMH>"
    )


def test_every_form_of_oai_gives_the_same_paper(tmp_path: Path) -> None:
    (raw, arxiv, dc), intake = read(tmp_path, oai(*map(record, (RAW.format(type="D"), ARXIV, DUBLIN_CORE))))
    assert raw == Document(
        source="arxiv",
        source_id="2611.00001",
        version=2,
        title="On spoons",
        sections=({"text": "We count spoons."},),  # type: ignore[arg-type]
        journal="Spoons 1 (2026)",
        published="2026-11-02",
        publication_types=("Preprint",),
        mesh=("q-bio.QM", "stat.AP"),
        authors=2,
        doi="10.5555/spoons",
        licence="CC-BY-4.0",
    )
    assert arxiv == raw.model_copy(update={"version": 1})
    assert dc == arxiv.model_copy(update={"journal": "", "mesh": ("Quantitative Methods",), "licence": ""})
    assert intake.rejected.total() == 0


def test_oai_says_what_was_withdrawn_or_deleted(tmp_path: Path) -> None:
    gone = "This paper has been withdrawn by the author"
    documents, intake = read(
        tmp_path,
        oai(
            record(RAW.format(type="I")),
            record(DUBLIN_CORE.format(comment=gone), "oai:arXiv.org:2611.00002"),
            record("", "oai:arXiv.org:math/0309136", ' status="deleted"'),
        ),
    )
    assert (documents, intake.retracted) == ([], 3)
    assert [(w.source_id, w.reason) for w in intake.withdrawals()] == [
        ("2611.00001", "withdrawn"),
        ("2611.00002", "withdrawn"),
        ("math/0309136", "deleted"),
    ]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record("<x xmlns='urn:x'/>"), "unknown metadata format"),
        (record(""), "malformed entry"),
        (record(ARXIV, identifier=""), "malformed entry"),
        (record(ARXIV.replace("We count spoons.", " ")), "no abstract"),
        (record(ARXIV.replace("On spoons", "")), "no title"),
    ],
)
def test_a_record_that_cannot_be_taken_is_named(tmp_path: Path, bad: str, reason: str) -> None:
    documents, intake = read(tmp_path, oai(bad, record(ARXIV)))
    assert len(documents) == 1
    assert [(r.reason, r.where) for r in intake.rejects()] == [(reason, f"{tmp_path}/records.xml:1")]


def test_an_oai_file_that_breaks_off_gives_the_records_before(tmp_path: Path) -> None:
    documents, intake = read(tmp_path, oai(record(ARXIV), record(ARXIV))[:-400])
    assert len(documents) == 1
    assert "the 1 records before it were kept" in intake.warnings[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "an empty reply"),
        ("{}", "malformed"),
        ("<html><body>Rate exceeded</body></html>", "no Atom feed"),
        ("<html><p>Rate exceeded</html>", "an HTML page"),
        ('<feed xmlns="http://www.w3.org/2005/Atom"><entry>', "malformed or truncated"),
        (error_feed("incorrect_id_format_for_abc"), "incorrect id format for abc"),
        (oai("<error code='noRecordsMatch'/>"), "noRecordsMatch"),
        (oai(record(ARXIV))[:300], "no record before it"),
        (gzip.compress(oai(record(ARXIV)).encode())[:-30], "truncated"),
    ],
)
def test_a_file_that_is_neither_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(tmp_path, content)


def test_a_declared_entity_is_not_expanded(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "spoons spoons"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    content = oai(record(ARXIV.replace("We count spoons.", "We count &c;."))).replace("?>", f"?>{bomb}", 1)
    documents, _ = read(tmp_path, content)
    assert all("spoons spoons" not in d.sections[0].text for d in documents)


# ── real replies ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(not REAL.exists(), reason="no real data: set ROUNDS_REAL_DATA")
@pytest.mark.parametrize("path", sorted(REAL.glob("*")), ids=lambda p: p.name[:40])
def test_recorded_replies_give_all_their_entries(tmp_path: Path, path: Path) -> None:
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        content = json.loads(content)["body"]
    if "api/errors" in content:
        with pytest.raises(SourceError, match="incorrect id format"):
            read(tmp_path, content)
        return
    documents, intake = read(tmp_path, content)
    assert len(documents) == content.count("<entry>") + content.count("<record>")
    assert intake.rejected.total() == intake.retracted == 0
    assert all(d.title and d.published and d.mesh and d.authors for d in documents)
