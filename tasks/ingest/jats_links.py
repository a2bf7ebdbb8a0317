"""The numbers of a JATS article, and what its links say: that it was retracted, or which article it retracts.

Kinds of links after https://jats.nlm.nih.gov/archiving/tag-library/1.3/attribute/related-article-type.html.
"""

import re
from typing import Any

from tasks.ingest.doi import DOI
from tasks.ingest.intake import Intake

SOURCE = "pmc"
XLINK = "{http://www.w3.org/1999/xlink}"
RETRACTED_BY = {
    "retraction-forward",
    "retracted-by",
    "retraction",
}  # links of an article to the notice that retracts it
RETRACTED_TITLE = re.compile(r"\W*(?:retracted|withdrawn|removed)\b(?: article| paper)?\W*:", re.IGNORECASE)
ID = {
    "doi": DOI,
    "pmc": re.compile(r"PMC\d+"),
    "pubmed": re.compile(r"\d{1,8}"),
}


def ids_of(meta: Any) -> dict[str, str]:
    """Return the article's numbers by the source that gives them: pmc, pubmed, doi."""
    names = {"pmc": "pmc", "pmcid": "pmc", "pmid": "pubmed", "doi": "doi"}
    ids: dict[str, str] = {}
    for number in meta.iterfind("article-id"):
        if source := names.get(number.get("pub-id-type", "")):
            ids |= _id(source, number.text or "")
    return ids


def _id(source: str, text: str) -> dict[str, str]:
    text = text.strip()
    if source == "pmc" and text.isdecimal():
        text = f"PMC{text}"
    if source == "doi":
        text = (
            text.removeprefix("info:doi/").removeprefix("https://doi.org/").removeprefix("http://dx.doi.org/").lower()
        )
    return {source: text} if ID[source].fullmatch(text) else {}


def ids_of_link(link: Any) -> dict[str, str]:
    target = link.get(f"{XLINK}href", "")
    kind = {"pmc": "pmc", "pmcid": "pmc", "pubmed": "pubmed", "pmid": "pubmed"}.get(
        link.get("ext-link-type", ""), "doi"
    )
    return _id(kind, target)


def withdraw(ids: dict[str, str], intake: Intake, *, notice: str) -> None:
    """Withdraw an article under each of its numbers, because it may have been taken from another source."""
    for source, number in ids.items():
        intake.withdraw(source, number, "retracted", notice)
    if "pmc" not in ids and "doi" in ids:  # the source_id of an article that has no PMC id is its DOI
        intake.withdraw(SOURCE, ids["doi"], "retracted", notice)


def is_retracted(kind: str, title: str, meta: Any) -> bool:
    links = {link.get("related-article-type") for link in meta.iterfind("related-article")}
    return kind == "retracted-article" or bool(RETRACTED_TITLE.match(title)) or not links.isdisjoint(RETRACTED_BY)


def notice_of(meta: Any) -> str:
    for link in meta.iterfind("related-article"):
        if link.get("related-article-type") in RETRACTED_BY:
            return next(iter(ids_of_link(link).values()), "")
    return ""
