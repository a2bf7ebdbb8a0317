"""Real PubMed files, read by us and by ElementTree: the same citations and the same fields."""

import gzip
import html
import os
import xml.etree.ElementTree as ElementTree
from datetime import date
from pathlib import Path
from typing import Any

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
    return "" if element is None else " ".join(html.unescape("".join(element.itertext())).split())


def all_of(element: ElementTree.Element, path: str) -> list[str]:
    return [flat(found) for found in element.findall(path)]


def valid(element: ElementTree.Element) -> bool:
    return element.get("ValidYN", "Y") == "Y"


def by_element_tree(article: ElementTree.Element) -> dict[str, Any]:
    """Read the fields with paths of the DTD alone."""
    inner = "MedlineCitation/Article/"
    pmid = article.find("MedlineCitation/PMID")
    assert pmid is not None
    placed = list(filter(valid, article.findall(inner + "ELocationID[@EIdType='doi']")))
    listed = article.findall("PubmedData/ArticleIdList/ArticleId[@IdType='doi']")
    grants = article.findall(inner + "GrantList/Grant")
    return {
        "pmid": flat(pmid),
        "version": int(pmid.get("Version", "1")),
        "title": flat(article.find(inner + "ArticleTitle")),
        "texts": [text for text in all_of(article, inner + "Abstract/AbstractText") if text],
        "journal": flat(article.find(inner + "Journal/Title")),
        "year": "".join(all_of(article, inner + "Journal/JournalIssue/PubDate/Year")),
        "language": flat(article.find(inner + "Language")),
        "publication_types": all_of(article, inner + "PublicationTypeList/PublicationType"),
        "mesh": all_of(article, "MedlineCitation/MeshHeadingList/MeshHeading/DescriptorName"),
        "authors": sum(valid(author) for author in article.findall(inner + "AuthorList/Author")),
        "grants": [" ".join(all_of(grant, "Agency") + all_of(grant, "GrantID")) for grant in grants],
        "pmcid": "".join(all_of(article, "PubmedData/ArticleIdList/ArticleId[@IdType='pmc']")),
        "doi": next(map(flat, placed + listed), ""),
        "licence": flat(article.find(inner + "Abstract/CopyrightInformation")),
    }


@pytest.mark.parametrize("path", CITATION_FILES, ids=lambda p: p.name)
def test_the_same_citations_as_element_tree(path: Path) -> None:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    root = ElementTree.fromstring(content)
    articles = [root] if root.tag == "PubmedArticle" else root.findall("PubmedArticle")
    there = {found["pmid"]: found for found in map(by_element_tree, articles) if found["title"] and found["texts"]}
    intake = Intake()
    rows = {row["pmid"]: row for row in collect_documents([path], intake)}
    assert len(there) - len(rows) == intake.retracted
    assert len(articles) == len(rows) + intake.rejected.total() + intake.retracted - intake.rejected["book"]
    for pmid, row in rows.items():
        texts, year = [part["text"] for part in row["sections"]], there[pmid].pop("year") or row["published"][:4]
        assert row | {"texts": texts} == row | there[pmid]
        assert row["published"].startswith(year)
        date.fromisoformat((row["published"] + "-01-01")[:10])
    assert not intake.warnings


@pytest.mark.parametrize("path", OTHER_FILES, ids=lambda p: p.name)
def test_other_replies_are_refused(path: Path) -> None:
    with pytest.raises(SourceError):
        list(collect_documents([path], Intake()))
