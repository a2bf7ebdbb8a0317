"""Read open-access full texts in JATS XML: .xml, .nxml, either with .gz, packages .tar.gz, sets of several articles.

Read are title, abstract and body by sections, licence, keywords, dates, types, numbers; authors are counted, never
named. Articles stream one after the other and memory does not grow with a package. It fetches no DTD and expands no
entity that a file declares. Only licences on a list are taken. A retracted article is withdrawn, and so is the one that
a retraction notice names. Not covered: what stands behind the body (references, appendices), responses and
sub-articles, pages of books. Elements after JATS 1.3, https://jats.nlm.nih.gov/archiving/tag-library/1.3/; its older
forms (NLM 2.3, 3.0) differ in what is read here only by `copyright-statement` and `pub-date`.
"""

import gzip
import re
import tarfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any

from lxml import etree

from tasks.errors import SourceError
from tasks.ingest import licences
from tasks.ingest.intake import Intake
from tasks.ingest.jats_links import SOURCE, XLINK, ids_of, ids_of_link, is_retracted, notice_of, withdraw
from tasks.ingest.jats_text import SIDE_ABSTRACTS, body_sections, text_of, title_of
from tasks.ingest.source_files import SAFE_PLAIN_XML, SourceStream, open_source
from tasks.records import Document, Section

ABSTRACT = "Abstract"  # labels of an abstract's sections begin so: `Abstract`, `Abstract: Methods`
PACKAGES = (".tar.gz", ".tgz", ".tar")
ARTICLES = (".xml", ".nxml", ".xml.gz", ".nxml.gz")
FIX = "give JATS XML as PMC's open-access service has it (.xml, .nxml, .tar.gz), or leave the file out"
JATS_NAMESPACE = re.compile(r"\{https?://jats\.nlm\.nih\.gov/[^}]*\}")  # OAI-PMH replies put the article into one
CORRECTIONS = {"correction", "corrections", "erratum", "addendum", "expression-of-concern", "partial-retraction"}
NOTICES = {"retraction", "withdrawal", "removal"}
LANGUAGES = {"en": "eng", "de": "ger", "fr": "fre", "es": "spa", "pt": "por", "it": "ita", "zh": "chi", "ja": "jpn"}
DATES = (
    "epub",
    "pub",
    "epub-ppub",
    "ppub",
    "collection",
)  # the first that is there; a release in PMC is no publication


Stream = IO[bytes] | SourceStream


def read_articles(path: Path, intake: Intake, *, allowed: Collection[str] = licences.ALLOWED) -> Iterator[Document]:
    """Yield the articles of one file or package in its order; what is left out is counted.

    `allowed` names licences without versions, as `licences.ALLOWED` does. Malformed XML is one rejected article, and
    ends a file that holds several.

    Raises:
        SourceError: the file cannot be read, or holds no JATS article.
    """
    met, before = 0, intake.rejected.total() + len(intake.warnings)
    try:
        for article, where in _articles(path, intake):
            met += 1
            if (document := _taken(article, intake, allowed, where)) is not None:
                yield document
    except (EOFError, gzip.BadGzipFile, zlib.error, tarfile.TarError):
        intake.warn(f"{path}: damaged or truncated archive; the {met} articles before the damage were kept")
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.", fix="check its permissions") from error
    if not met and intake.rejected.total() + len(intake.warnings) == before:
        raise SourceError(f"{path} holds no JATS article.", fix=FIX)


def _articles(path: Path, intake: Intake) -> Iterator[tuple[Any, str]]:
    if not path.name.lower().endswith(PACKAGES):
        with open_source(path) as file:
            yield from _parsed(file, str(path), intake)
        return
    with tarfile.open(path, "r|*") as package:
        for member in package:
            if member.isfile() and member.name.lower().endswith(ARTICLES):
                content = package.extractfile(member)
                if content is not None:
                    yield from _parsed(content, f"{path}!{member.name}", intake)


def _parsed(file: Stream, name: str, intake: Intake) -> Iterator[tuple[Any, str]]:
    try:
        for _, element in etree.iterparse(file, events=("end",), tag="{*}article", **SAFE_PLAIN_XML):
            _without_namespace(element)
            yield element, f"{name}:{element.sourceline}"
            element.clear(keep_tail=False)
            while element.getprevious() is not None:  # else the root keeps every article that was read
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:  # its own message may quote the text
        intake.reject("malformed XML", source=SOURCE, where=f"{name}:{error.lineno}")


def _without_namespace(article: Any) -> None:
    if article.tag != "article":
        for element in article.iter(etree.Element):
            element.tag = JATS_NAMESPACE.sub("", element.tag)


def _taken(article: Any, intake: Intake, allowed: Collection[str], where: str) -> Document | None:
    """Return an article as a document, or None after it was counted for what it is."""
    meta = article.find("front/article-meta")
    ids = {} if meta is None else ids_of(meta)
    if meta is None or not ids:
        intake.reject("no PMC id or DOI", source=SOURCE, where=where)
        return None
    source_id = ids.get("pmc") or ids.get("doi") or ids["pubmed"]
    title = "" if (heading := meta.find("title-group/article-title")) is None else text_of(heading)
    kind = article.get("article-type", "")
    named = [
        link for link in meta.iterfind("related-article") if link.get("related-article-type") == "retracted-article"
    ]
    if kind in NOTICES or named:
        for link in named:
            withdraw(ids_of_link(link), intake, notice=source_id)
        reason = "retraction notice"
    elif kind in CORRECTIONS:
        reason = "correction notice"
    elif is_retracted(kind, title, meta):
        intake.retracted += 1
        withdraw(ids, intake, notice=notice_of(meta) or source_id)
        return None
    else:
        document = _document(article, meta, ids, source_id, title)
        reason = _reason(document, allowed)
        if not reason:
            return document
    intake.reject(reason, source=SOURCE, source_id=source_id, where=where)
    return None


def _reason(document: Document, allowed: Collection[str]) -> str:
    if not document.licence:
        return "no licence stated"
    if not licences.is_allowed(document.licence, allowed):
        return "licence not allowed"
    if not document.title:
        return "no title"
    return "" if document.sections else "no text"


def _document(article: Any, meta: Any, ids: dict[str, str], source_id: str, title: str) -> Document:
    language = article.get("{http://www.w3.org/XML/1998/namespace}lang", "en").lower()
    return Document(
        source=SOURCE,
        source_id=source_id,
        title=title,
        sections=tuple(_sections(article, meta)),
        journal=_found(article, "front/journal-meta//journal-title"),
        published=_published(meta),
        language=LANGUAGES.get(language[:2], language),
        publication_types=(article.get("article-type"),) if article.get("article-type") else (),
        mesh=tuple(dict.fromkeys(term for kwd in meta.iterfind("kwd-group//kwd") if (term := text_of(kwd)))),
        authors=len(meta.findall("contrib-group/contrib[@contrib-type='author']")),
        grants=tuple(dict.fromkeys(_grants(meta))),
        pmid=ids.get("pubmed", ""),
        pmcid=ids.get("pmc", ""),
        doi=ids.get("doi", ""),
        licence=licences.licence_of(_statements(meta)),
    )


def _sections(article: Any, meta: Any) -> Iterator[Section]:
    for abstract in meta.iterfind("abstract"):
        if abstract.get("abstract-type") not in SIDE_ABSTRACTS:
            title = title_of(abstract)
            prefix = title if title and title.lower() != ABSTRACT.lower() else ABSTRACT
            yield from body_sections(abstract, prefix)
    if (body := article.find("body")) is not None:
        yield from body_sections(body)


def _statements(meta: Any) -> Iterator[str]:
    """Yield every address and sentence in which a licence is stated, for publishers put it into any of them."""
    for licence in meta.iterfind(".//license"):
        for element in licence.iter(etree.Element):
            if etree.QName(element).localname in {"license", "license_ref", "ext-link", "uri"}:
                yield element.get(f"{XLINK}href", "")
        yield " ".join(licence.itertext())
    for free in meta.iterfind(".//permissions/{*}license_ref"):
        yield free.text or ""
    for statement in meta.iterfind(".//copyright-statement"):
        text = " ".join(statement.itertext())
        if licences.licence_of([text]) != licences.UNKNOWN:  # a bare copyright line states no licence
            yield text


def _grants(meta: Any) -> Iterator[str]:
    for award in meta.iterfind("funding-group/award-group"):
        agency, number = _found(award, "funding-source"), _found(award, "award-id")
        if grant := " ".join(part for part in (agency, number) if part):
            yield grant


def _published(meta: Any) -> str:
    """Return the date of publication as far as it is known: 2026, 2026-11 or 2026-11-21."""
    dates = {date.get("pub-type") or date.get("date-type") or "pub": date for date in meta.iterfind("pub-date")}
    date = next((dates[kind] for kind in DATES if kind in dates), None)
    known: list[str] = []
    for part in ("year", "month", "day") if date is not None else ():
        if not (number := _found(date, part)).isdecimal():
            break
        known.append(f"{int(number):02}")
    return "-".join(known)


def _found(element: Any, path: str) -> str:
    child = element.find(path)
    return "" if child is None else text_of(child)
