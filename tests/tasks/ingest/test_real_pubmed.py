"""Real PubMed files, read by us and by ElementTree: the same PMIDs, titles and abstracts."""

import gzip
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tasks.errors import SourceError
from tasks.ingest.intake import Intake
from tasks.ingest.papers import collect_documents

REAL = os.environ.get("ROUNDS_REAL_DATA", "")
pytestmark = pytest.mark.skipif(not REAL, reason="ROUNDS_REAL_DATA names no folder with real files")

PUBMED = Path(REAL or "absent") / "pubmed"
CITATION_FILES = sorted(
    [*PUBMED.glob("exports/*.xml"), *PUBMED.glob("baseline/*.xml.gz"), *PUBMED.glob("entrez/pubmed*.xml")]
)
OTHER_FILES = sorted(set(PUBMED.glob("entrez/*")) - set(CITATION_FILES))


def flat(element: ElementTree.Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())


@pytest.mark.parametrize("path", CITATION_FILES, ids=lambda p: p.name)
def test_the_same_citations_as_element_tree(path: Path) -> None:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    root = ElementTree.fromstring(content)
    articles = [root] if root.tag == "PubmedArticle" else root.findall("PubmedArticle")
    there = {}
    for article in articles:
        abstract = [t for t in article.findall("MedlineCitation/Article/Abstract/AbstractText") if flat(t)]
        title = flat(article.find("MedlineCitation/Article/ArticleTitle"))
        if abstract and title:
            there[flat(article.find("MedlineCitation/PMID"))] = (title, [flat(t) for t in abstract])
    intake = Intake()
    rows = list(collect_documents([path], intake))
    ours = {row["source_id"]: (row["title"], [part["text"] for part in row["sections"]]) for row in rows}
    assert ours == {pmid: there[pmid] for pmid in ours}
    assert len(there) - len(ours) == intake.rejected["retracted"]
    assert len(articles) == len(ours) + intake.rejected.total() - intake.rejected["book"]
    assert not intake.warnings


@pytest.mark.parametrize("path", OTHER_FILES, ids=lambda p: p.name)
def test_other_replies_are_refused(path: Path) -> None:
    with pytest.raises(SourceError):
        list(collect_documents([path], Intake()))
