"""Read arXiv's records from files: Atom feeds of its API, and OAI-PMH records as arXiv, arXivRaw or oai_dc.

arXivRaw marks withdrawn papers itself: source type I (`SourceFlag` of arXiv/arxiv-base). Only OAI records tell the
licence. Forms after https://info.arxiv.org/help/oa/index.html.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from lxml import etree

from tasks.errors import SourceError
from tasks.ingest.arxiv_records import SOURCE, Paper, admit, documents, first_doi, one_line, read_feed
from tasks.ingest.intake import Intake
from tasks.ingest.politeness import BadReply
from tasks.ingest.source_files import SAFE_XML, SourceStream, open_source
from tasks.records import Document

OAI = "{http://www.openarchives.org/OAI/2.0/}"
DC = "{http://purl.org/dc/elements/1.1/}"
CREATIVE_COMMONS = re.compile(r"creativecommons\.org/(?:licenses/([a-z-]+)|publicdomain/(zero))/(\d\.\d)")
FIX = "give a feed of arXiv's API (Atom) or records of its OAI-PMH interface, as they were answered"


def read_arxiv_file(path: Path, intake: Intake) -> Iterator[Document]:
    """Yield the papers of one file, an Atom feed or OAI-PMH records, also if it is gzipped.

    OAI records are streamed; where their file breaks off, those before the fault are kept, with a warning.

    Raises:
        SourceError: the file is neither, is an error of arXiv's, or is broken from the start.
    """
    try:
        with open_source(path) as file:
            start = file.read(2000)
            file.seek(0)
            if f'"{OAI[1:-1]}"'.encode() in start:
                yield from _oai_documents(file, path, intake)
            else:
                yield from documents(read_feed(file.read()), intake, where=str(path))
    except BadReply as error:
        raise SourceError(f"{path} cannot be read: {error}.", fix=FIX) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise SourceError(f"{path} cannot be read: damaged or truncated gzip data.", fix=FIX) from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.", fix="check its permissions") from error


def _oai_documents(file: SourceStream, path: Path, intake: Intake) -> Iterator[Document]:
    met = 0
    try:
        for _, element in etree.iterparse(file, tag=(f"{OAI}record", f"{OAI}error"), **SAFE_XML):
            if element.tag == f"{OAI}error":
                raise SourceError(f"{path} is an error of arXiv's: {element.get('code')}.", fix=FIX)
            met += 1
            if document := _document(element, f"{path}:{element.sourceline}", intake):
                yield document
            element.clear()
            while element.getprevious() is not None:  # else the root keeps every record that was read
                del element.getparent()[0]
    except (etree.XMLSyntaxError, EOFError, zlib.error) as error:
        line = f", line {error.lineno}" if isinstance(error, etree.XMLSyntaxError) else ""
        if not met:
            raise SourceError(f"{path}{line}: malformed or truncated, and no record before it.", fix=FIX) from None
        intake.warn(f"{path}{line}: malformed or truncated; the {met} records before it were kept")


def _document(record: Any, where: str, intake: Intake) -> Document | None:
    header, metadata = record.find(f"{OAI}header"), record.find(f"{OAI}metadata")
    identifier = "" if header is None else (header.findtext(f"{OAI}identifier") or "").rpartition("arXiv.org:")[2]
    if header is not None and header.get("status") == "deleted":
        intake.retracted += 1
        intake.withdraw(SOURCE, identifier, "deleted")
        return None
    if metadata is None or not len(metadata) or not identifier:
        intake.reject("malformed entry", source=SOURCE, source_id=identifier, where=where)
        return None
    if (read := FORMS.get(etree.QName(metadata[0]).localname)) is None:
        intake.reject("unknown metadata format", source=SOURCE, source_id=identifier, where=where)
        return None
    return admit(read(identifier, metadata[0]), intake, where=where)


def _of_arxiv(identifier: str, data: Any) -> Paper:
    ns = "{http://arxiv.org/OAI/arXiv/}"
    return _paper(identifier, data, ns, authors=len(data.findall(f"{ns}authors/{ns}author")))


def _of_raw(identifier: str, data: Any) -> Paper:
    ns = "{http://arxiv.org/OAI/arXivRaw/}"
    versions = data.findall(f"{ns}version")
    last = versions[-1] if versions else None
    return _paper(
        identifier,
        data,
        ns,
        authors=_count_names(data.findtext(f"{ns}authors") or ""),
        version=1 if last is None else int((last.get("version") or "v1").lstrip("v")),
        published=_day(versions[0].findtext(f"{ns}date") or "") if versions else "",
        marked_withdrawn=last is not None and "I" in (last.findtext(f"{ns}source_type") or ""),
    )


def _paper(identifier: str, data: Any, ns: str, **more: Any) -> Paper:
    def text(name: str) -> str:
        return one_line(data.findtext(f"{ns}{name}"))

    fields: dict[str, Any] = {
        "identifier": identifier,
        "version": 1,
        "title": text("title"),
        "abstract": text("abstract"),
        "comment": text("comments"),
        "categories": tuple(text("categories").split()),
        "doi": first_doi(text("doi")),
        "journal": text("journal-ref"),
        "published": text("created"),
        "licence": licence(text("license")),
    }
    return Paper(**{**fields, **more})


def _of_dublin_core(identifier: str, data: Any) -> Paper:
    """Read oai_dc; its descriptions are the abstract and, from the second on, comments."""
    descriptions = [one_line(part.text) for part in data.iterfind(f"{DC}description")]
    identifiers = [part.text or "" for part in data.iterfind(f"{DC}identifier")]
    return Paper(
        identifier=identifier,
        version=1,
        title=one_line(data.findtext(f"{DC}title")),
        abstract=descriptions[0] if descriptions else "",
        comment=" ".join(part.removeprefix("Comment: ") for part in descriptions[1:]),
        categories=tuple(one_line(part.text) for part in data.iterfind(f"{DC}subject")),
        authors=len(data.findall(f"{DC}creator")),
        doi=first_doi(next((part[4:] for part in identifiers if part.startswith("doi:")), "")),
        published=(data.findtext(f"{DC}date") or "")[:10],
        licence=licence(one_line(data.findtext(f"{DC}rights"))),
    )


FORMS = {"arXiv": _of_arxiv, "arXivRaw": _of_raw, "dc": _of_dublin_core}


def licence(address: str) -> str:
    """Return the SPDX id of a Creative Commons address; of another one, the address."""
    if not (found := CREATIVE_COMMONS.search(address)):
        return address
    return f"CC0-{found[3]}" if found[2] else f"CC-{found[1].upper()}-{found[3]}"


def _count_names(authors: str) -> int:
    """Count the names of a list such as `A. Whitlock (1), T. Marsh and O. Reed ((1) Larkmoor)`."""
    while (shorter := re.sub(r"\([^()]*\)", "", authors)) != authors:
        authors = shorter
    names = (name.strip(" .").lower() for name in re.split(r"[,;&]|\band\b", authors))
    return sum(bool(name) and name not in {"jr", "sr", "et al"} for name in names)


def _day(moment: str) -> str:
    try:
        return f"{parsedate_to_datetime(moment):%Y-%m-%d}"
    except ValueError:
        return ""
