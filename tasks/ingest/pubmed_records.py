"""Read one PubMed citation, an element of PubMed's XML, as a row of documents.

Read are the fields of `Document`; authors are counted and never named. A paper counts as retracted by its publication
type or by a link to the notice of its retraction; a retraction notice is no study, and names the papers it retracts.
Expressions of concern, errata and corrected papers that were published again stay. Not covered: books, full texts,
references, chemicals, keywords, abstracts in a second language. Elements after the NLM's PubMed DTD of January 2025,
https://dtd.nlm.nih.gov/ncbi/pubmed/doc/out/250101/.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import orjson
from lxml import etree

from tasks.ingest.doi import doi_or_none

SOURCE = "pubmed"
RETRACTED: Final = "retracted"
RETRACTED_TYPE = "Retracted Publication"
NOTICE_TYPES = {"Retraction of Publication", "Retraction Notice"}  # the second is MeSH's newer name of it
RETRACTED_BY = {"RetractionIn", "RetractedandRepublishedIn"}  # links of a retracted paper to what retracts it
RETRACTS = {"RetractionOf", "RetractedandRepublishedFrom"}  # and the other way round
NO_TITLE = ("", "[Not Available].")  # the second is what the NLM writes where a title was never translated
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
YEAR_AND_MONTH = re.compile(r"(\d{4})(?:\s+([A-Za-z]{3}))?")
PMCID = re.compile(r"PMC\d+")
ESCAPED_TWICE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
HTML_TAG = re.compile(r"</?(?:i|b|u|p|em|strong|sub|sup|br|span|italic|bold)\s*/?>", re.IGNORECASE)

Children = Mapping[str, Any]


class Citation(NamedTuple):
    """One PMID as a file has it; without a row there is nothing to take, for `reason`."""

    pmid: str
    version: int
    reason: str = ""
    notice: str = ""  # PMID of what says that this paper is retracted
    retracts: Sequence[str] = ()  # PMIDs of the papers that this one says are retracted
    row: bytes = b""  # a `Document` as JSON: it waits in a temporary file for a later version of itself


def read_citation(element: Any) -> Citation:
    """Read one PubmedArticle element; one without PMID or article has an empty `pmid` and the reason "no PMID"."""
    citation = _children(element)
    medline = _children(citation.get("MedlineCitation"))
    number, article = medline.get("PMID"), _children(medline.get("Article"))
    pmid = text_of(number)
    if not article or not is_pmid(pmid):
        return Citation("", 1, reason="no PMID")
    version = version_of(number)
    types = [text_of(kind) for kind in _each(article.get("PublicationTypeList"), "PublicationType")]
    notices, retracts = _links(medline.get("CommentsCorrectionsList"))
    abstract = article.get("Abstract")
    title, sections = _title(article), list(_sections(abstract))
    if reason := _reason(bool(notices), types, title, sections):
        return Citation(pmid, version, reason, next(filter(None, notices), ""), retracts)
    journal, ids = _children(article.get("Journal")), _article_ids(citation.get("PubmedData"))
    pmcid = ids.get("pmc", "")
    row = {
        "source": SOURCE,
        "source_id": pmid,
        "version": version,
        "title": title,
        "sections": sections,
        "journal": text_of(journal.get("Title")),
        "published": _published(journal, article),
        "language": text_of(article.get("Language")) or "eng",
        "publication_types": types,
        "mesh": [text_of(term) for term in _each(medline.get("MeshHeadingList"), "DescriptorName")],
        "authors": sum(author.get("ValidYN") != "N" for author in _each(article.get("AuthorList"), "Author")),
        "grants": [grant for one in _each(article.get("GrantList"), "Grant") if (grant := _grant(one))],
        "pmid": pmid,
        "pmcid": pmcid if PMCID.fullmatch(pmcid) else "",
        "doi": _doi(medline["Article"], ids),
        "licence": text_of(_children(abstract).get("CopyrightInformation")),
        "subject_key": "",
    }
    return Citation(pmid, version, retracts=retracts, row=orjson.dumps(row))


def _reason(has_notice: bool, types: Sequence[str], title: str, sections: Sequence[object]) -> str:
    """Say why a citation is not taken; empty where it is."""
    if has_notice or RETRACTED_TYPE in types:
        return RETRACTED
    if not NOTICE_TYPES.isdisjoint(types):
        return "retraction notice"
    return "" if title and sections else "no abstract" if title else "no title"


def is_pmid(text: str) -> bool:
    """Say whether a text is a PubMed id: one to nine digits."""
    return text.isascii() and text.isdecimal() and len(text) < 10


def version_of(pmid: Any) -> int:
    """Return the version that a PMID element bears; 1 where it bears none."""
    version = pmid.get("Version") or ""
    return max(int(version), 1) if version.isascii() and version.isdecimal() and len(version) < 6 else 1


def _links(group: Any) -> tuple[list[str], tuple[str, ...]]:
    """Return the PMIDs of the notices of this paper's retraction (empty where unknown), and those that it retracts."""
    notices: list[str] = []
    retracts: list[str] = []
    for link in _each(group, "CommentsCorrections"):
        kind = link.get("RefType")
        if kind in RETRACTED_BY or kind in RETRACTS:
            pmid = text_of(link.find("PMID"))
            (notices if kind in RETRACTED_BY else retracts).append(pmid if is_pmid(pmid) else "")
    return notices, tuple(filter(None, retracts))


def _title(article: Children) -> str:
    title = text_of(article.get("ArticleTitle"))
    if title in NO_TITLE:
        title = text_of(article.get("VernacularTitle"))
    return "" if title in NO_TITLE else title


def _sections(abstract: Any) -> Iterator[dict[str, str]]:
    for part in _each(abstract, "AbstractText"):
        if text := text_of(part):
            label = part.get("Label") or ""
            yield {"label": "" if label == "UNLABELLED" else label, "text": text}


def _published(journal: Children, article: Children) -> str:
    """Return the issue's date, else the electronic one, as far as known: 2026, 2026-11 or 2026-11-21."""
    issue = _children(journal.get("JournalIssue"))
    return _iso(issue.get("PubDate")) or _iso(article.get("ArticleDate"))


def _iso(element: Any) -> str:
    parts = _children(element)
    year, month, day = (text_of(parts.get(name)) for name in ("Year", "Month", "Day"))
    if not year and (loose := YEAR_AND_MONTH.search(text_of(parts.get("MedlineDate")))):  # of a span its start
        year, month = loose[1], loose[2] or ""
    if not (len(year) == 4 and year.isdecimal()):
        return ""
    number = _month(month)
    if not number:
        return year
    try:
        return date(int(year), number, int(day)).isoformat()
    except ValueError:  # no day, or one that the month does not have
        return f"{year}-{number:02}"


def _month(name: str) -> int:
    """Return 1-12, or 0 for what is no month."""
    if name.isdecimal():
        return int(name) if len(name) < 3 and 1 <= int(name) <= 12 else 0
    short = name[:3].lower()
    return MONTHS.index(short) + 1 if short in MONTHS else 0


def _grant(grant: Any) -> str:
    parts = _children(grant)
    return " ".join(filter(None, (text_of(parts.get("Agency")), text_of(parts.get("GrantID")))))


def _doi(article: Any, ids: Mapping[str, str]) -> str:
    for location in article.iterchildren("ELocationID"):
        if location.get("EIdType") == "doi" and location.get("ValidYN") != "N":
            return doi_or_none(text_of(location))
    return doi_or_none(ids.get("doi", ""))


def _article_ids(pubmed_data: Any) -> dict[str, str]:
    """Return the paper's own ids, kind → first id; those of the references stand below another element."""
    ids: dict[str, str] = {}
    for number in _each(_children(pubmed_data).get("ArticleIdList"), "ArticleId"):
        ids.setdefault(number.get("IdType") or "pubmed", text_of(number))
    return ids


def _children(element: Any) -> Children:
    """Return the first child of each name: one walk instead of a search per field, which took twice the time."""
    return {} if element is None else {child.tag: child for child in reversed(element)}


def _each(group: Any, name: str) -> Iterable[Any]:
    """Return the elements of one name below a group; none where the group is missing."""
    return () if group is None else group.iter(name)


def text_of(element: Any) -> str:
    """Return all text of an element, that of inline tags too, with white space made single and markup taken out."""
    if element is None:
        return ""
    raw = "".join(_pieces(element)) if len(element) else element.text or ""
    if "&" in raw:
        raw = ESCAPED_TWICE.sub(lambda reference: html.unescape(reference[0]), raw)
    if "<" in raw:
        raw = HTML_TAG.sub("", raw)
    if raw.isascii() and "  " not in raw and "\n" not in raw and "\t" not in raw and "\r" not in raw:
        return raw.strip()  # all other white space is outside ASCII; most texts end here, in a third of the time
    return " ".join(raw.split())


def _pieces(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag is etree.Entity:  # &nbsp; and the like, which the DTD that is not fetched would declare
            yield html.unescape(child.text)
        else:
            yield from _pieces(child)
        yield child.tail or ""
