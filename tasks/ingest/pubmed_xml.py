"""Read PubMed citations from efetch replies and distribution files (.xml, .xml.gz), one after the other.

The parser streams: memory does not grow with the file. It reads title, abstract with its labels, journal, date,
language, types, MeSH terms, DOI and copyright notice; author names are never read. It fetches no DTD and expands no
entity that a file declares. Not covered: books (counted), full texts (JATS). Element names after the NLM's PubMed DTD,
https://dtd.nlm.nih.gov/ncbi/pubmed/doc/out/250101/.
"""

import gzip
import html
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from tasks.errors import SourceError
from tasks.ingest.intake import Intake
from tasks.records import Document, Section

SOURCE = "pubmed"
DELETED = "deleted"
ROOTS = ("PubmedArticleSet", "PubmedArticle", "PubmedBookArticleSet")
CITATION, BOOK, DELETIONS = "PubmedArticle", "PubmedBookArticle", "DeleteCitation"
NO_TITLE = ("", "[Not Available].")  # the second is what the NLM writes where a title was never translated
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
YEAR_AND_MONTH = re.compile(r"(\d{4})(?:\s+([A-Za-z]{3}))?")
SAFE: dict[str, Any] = {  # nothing from the network, no declared entity expanded; libxml2's size limits stay on
    "load_dtd": False,
    "no_network": True,
    "resolve_entities": False,
    "remove_comments": True,
    "remove_pis": True,
}
REFETCH = "fetch the file again as PubMed XML (efetch with retmode=xml, or a pubmed*.xml.gz file), or leave it out"

Stream = gzip.GzipFile | io.BufferedReader


@dataclass(frozen=True)
class Citation:
    """One PMID as a file has it; `document` is None where there is nothing to take, for `reason`."""

    pmid: str
    version: int
    document: Document | None
    reason: str = ""


def read_citations(path: Path, intake: Intake) -> Iterator[Citation]:
    """Yield every citation and deletion of one file in its order; books and citations without a PMID are counted.

    Malformed or truncated XML ends the file with a warning that names its line; what stood before it is kept.

    Raises:
        SourceError: the file is no PubMed XML, or is broken before its first citation.
    """
    met = 0
    try:
        _require_pubmed(path)
        with _open(path) as file:
            for citation in _elements(path, file, intake):
                met += 1
                yield citation
    except (etree.XMLSyntaxError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        fault = _fault(path, error)
        if not met:
            raise SourceError(f"{fault}, and no citation before it.", fix=REFETCH) from None
        intake.warn(f"{fault}; the {met} citations before it were kept")
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.", fix="check its permissions") from error


def _fault(path: Path, error: Exception) -> str:
    """Name file and line; libxml2's own message is left out, because it may quote the text."""
    if isinstance(error, etree.XMLSyntaxError):
        return f"{path}, line {error.lineno}: malformed or truncated XML"
    return f"{path}: damaged or truncated gzip data"


def _open(path: Path) -> Stream:
    with path.open("rb") as file:
        magic = file.read(2)
    return gzip.open(path) if magic == b"\x1f\x8b" else path.open("rb")  # a name may lie, the magic does not


def _require_pubmed(path: Path) -> None:
    with _open(path) as file:
        start = file.read(512).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    seen = ""
    if not start:
        seen = "an empty file"
    elif start.startswith((b"{", b"[")):
        seen = "JSON"
    elif start.startswith((b"<!doctype html", b"<html")):
        seen = "an HTML page"
    elif not start.startswith(b"<") and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        seen = "no XML"
    else:
        with _open(path) as file:
            _, root = next(etree.iterparse(file, events=("start",), **SAFE))
        seen = "" if root.tag in ROOTS else f"XML of another kind (<{etree.QName(root).localname}>)"
    if seen:
        raise SourceError(f"{path} is {seen}, PubMed citations as XML were expected.", fix=REFETCH)


def _elements(path: Path, file: Stream, intake: Intake) -> Iterator[Citation]:
    for _, element in etree.iterparse(file, events=("end",), tag=(CITATION, BOOK, DELETIONS), **SAFE):
        if element.tag == CITATION:
            if (citation := read_citation(element)) is None:
                intake.reject("no PMID", source=SOURCE, where=f"{path}:{element.sourceline}")
            else:
                yield citation
        elif element.tag == BOOK:
            intake.reject("book", source=SOURCE, where=f"{path}:{element.sourceline}")
        else:
            for pmid in element.iterfind("PMID"):
                yield Citation(_text(pmid), int(pmid.get("Version") or 1), None, DELETED)
        element.clear(keep_tail=False)
        while element.getprevious() is not None:  # else the root keeps every citation that was read
            del element.getparent()[0]


def read_citation(element: Any) -> Citation | None:
    """Read one PubmedArticle element; None for one without PMID or article."""
    medline = element.find("MedlineCitation")
    number = None if medline is None else medline.find("PMID")
    article = None if medline is None else medline.find("Article")
    if number is None or article is None:
        return None
    pmid, version = _text(number), int(number.get("Version") or 1)
    types = tuple(_text(t) for t in article.iterfind("PublicationTypeList/PublicationType"))
    title, sections = _title(article), tuple(_sections(article))
    reason = ""
    if _is_retracted(medline, types):
        reason = "retracted"
    elif not title:
        reason = "no title"
    elif not sections:
        reason = "no abstract"
    if reason:
        return Citation(pmid, version, None, reason)
    document = Document(
        source=SOURCE,
        source_id=pmid,
        title=title,
        sections=sections,
        journal=_found(article, "Journal/Title"),
        published=_published(article.find("Journal/JournalIssue/PubDate")),
        language=_found(article, "Language") or "eng",
        publication_types=types,
        mesh=tuple(_text(term) for term in medline.iterfind("MeshHeadingList/MeshHeading/DescriptorName")),
        doi=_doi(element, article),
        licence=_found(article, "Abstract/CopyrightInformation"),
    )
    return Citation(pmid, version, document)


def _is_retracted(medline: Any, types: tuple[str, ...]) -> bool:
    return "Retracted Publication" in types or any(
        note.get("RefType") == "RetractionIn"
        for note in medline.iterfind("CommentsCorrectionsList/CommentsCorrections")
    )


def _title(article: Any) -> str:
    title = _found(article, "ArticleTitle")
    if title in NO_TITLE:
        title = _found(article, "VernacularTitle")
    return "" if title in NO_TITLE else title


def _sections(article: Any) -> Iterator[Section]:
    for part in article.iterfind("Abstract/AbstractText"):
        if text := _text(part):
            yield Section(label=part.get("Label") or "", text=text)


def _published(date: Any) -> str:
    """Return the issue's date as far as it is known: 2026, 2026-11 or 2026-11-21; of a span its start."""
    if date is None:
        return ""
    if not (year := _found(date, "Year")):
        loose = YEAR_AND_MONTH.search(_found(date, "MedlineDate"))
        return "-".join(part for part in (loose[1], _month(loose[2] or "")) if part) if loose else ""
    month, day = _month(_found(date, "Month")), _found(date, "Day")
    if not month:
        return year
    return f"{year}-{month}-{int(day):02}" if day.isdecimal() else f"{year}-{month}"


def _month(name: str) -> str:
    if name.isdecimal():
        return f"{int(name):02}"
    short = name[:3].lower()
    return f"{MONTHS.index(short) + 1:02}" if short in MONTHS else ""


def _doi(element: Any, article: Any) -> str:
    for location in article.iterfind("ELocationID"):
        if location.get("EIdType") == "doi" and location.get("ValidYN") != "N":
            return _text(location)
    for number in element.iterfind("PubmedData/ArticleIdList/ArticleId"):  # not those of the references below it
        if number.get("IdType") == "doi":
            return _text(number)
    return ""


def _found(element: Any, path: str) -> str:
    child = element.find(path)
    return "" if child is None else _text(child)


def _text(element: Any) -> str:
    """Return all text of an element, that of inline tags too, with white space made single."""
    raw = "".join(_pieces(element)) if len(element) else element.text or ""
    return " ".join(raw.split())


def _pieces(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag is etree.Entity:  # &nbsp; and the like, which the DTD that is not fetched would declare
            yield html.unescape(child.text)
        else:
            yield from _pieces(child)
        yield child.tail or ""
