"""Made-up abstracts are well-formed efetch replies with the oddities of real ones."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from Bio import Entrez

from tasks.sample.abstracts import FIRST_PMID, plain, sample_abstracts, write_pubmed_xml


def test_another_parser_reads_back_what_was_written(tmp_path: Path) -> None:
    write_pubmed_xml(tmp_path / "a.xml", seed=3, count=120)
    articles = ElementTree.parse(tmp_path / "a.xml").getroot().findall("PubmedArticle")
    truth = list(sample_abstracts(3, 120))
    assert [a.findtext("MedlineCitation/PMID") for a in articles] == [str(t.pmid) for t in truth]
    for article, expected in zip(articles, truth, strict=True):
        title = article.find("MedlineCitation/Article/ArticleTitle")
        assert title is not None
        assert "".join(title.itertext()) == plain(expected.title)
        texts = article.findall("MedlineCitation/Article/Abstract/AbstractText")
        assert ["".join(t.itertext()) for t in texts] == [plain(f) for _, f in expected.sections]
        assert [t.get("Label") or "" for t in texts] == [label for label, _ in expected.sections]


def test_biopython_reads_it_as_a_pubmed_reply(tmp_path: Path) -> None:
    write_pubmed_xml(tmp_path / "a.xml", seed=4, count=12)
    with (tmp_path / "a.xml").open("rb") as file:
        record = Entrez.read(file, validate=True)
    pmids = [int(article["MedlineCitation"]["PMID"]) for article in record["PubmedArticle"]]
    assert pmids == [abstract.pmid for abstract in sample_abstracts(4, 12)]


def test_the_collection_holds_retracted_plain_licensed_and_empty_ones() -> None:
    abstracts = list(sample_abstracts(1, 120))
    assert sum(a.retracted for a in abstracts) == 2
    assert sum(not a.sections for a in abstracts) == 1
    assert any(len(a.sections) == 1 for a in abstracts)
    assert any(a.licence for a in abstracts)
    assert all(a.pmid >= FIRST_PMID for a in abstracts)


def test_abstracts_are_short() -> None:
    words = [sum(len(plain(f).split()) for _, f in a.sections) for a in sample_abstracts(2, 300) if a.sections]
    assert min(words) >= 90
    assert max(words) <= 160


def test_seeds_share_no_pmid() -> None:
    assert not {a.pmid for a in sample_abstracts(1, 500)} & {a.pmid for a in sample_abstracts(2, 500)}
