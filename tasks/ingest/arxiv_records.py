"""Read arXiv's records: Atom feeds as its API answers them, what is a paper, and what was withdrawn.

A record without its version is the paper; a later version replaces it. Withdrawn papers are recognised by what authors
and administrators write into the comment or in place of the abstract. Not covered: full texts. Form after
https://info.arxiv.org/help/api/user-manual.html.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from arxiv import Result  # type: ignore[import-untyped]
from arxiv._feed import parse as parse_atom  # type: ignore[import-untyped]
from lxml import etree

from tasks.errors import SourceError
from tasks.ingest.doi import doi_or_none
from tasks.ingest.intake import Intake
from tasks.ingest.politeness import BadReply
from tasks.ingest.source_files import SAFE_XML
from tasks.records import Document, Section

SOURCE = "arxiv"
ATOM = "{http://www.w3.org/2005/Atom}"
ERRORS = "/api/errors"  # an error is an entry whose id holds it
IDENTIFIER = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v(\d+))?")
THING = r"(?:paper|article|submission|manuscript|preprint|e-?print|work|note|version|draft|report)"
GONE = r"(?:withdrawn|retracted)"
STATED = (  # of the paper itself; "the" only where a sentence begins: others tell of the papers of others
    rf"(?:(?:this|our|the present)\s+|(?<![\w,] )(?:the\s+)?)(?:arxiv\s+)?\b{THING}\s+"
    rf"(?:(?:has|have)\s+been\s+|is\s+|was\s+)?(?:\w+ly\s+|being\s+|now\s+)?{GONE}\b"
)
DONE = rf"(?:the\s+authors?|we|i)\s+(?:\w+\s+){{0,2}}?(?:{GONE}|withdr[ae]w|retract)\s+(?:this|the|our|my)\s+{THING}\b"
BY = r"by\s+(?:the\s+)?(?:authors?|submitter|arxiv)"
BARE = rf"{GONE}(?:\s*(?:$|[:.;)\]])|\s+(?:due|because|owing|pending|until|{BY})\b)"
IN_COMMENT = re.compile(rf"{STATED}|{DONE}|(?:^|[.,;:(\[]\s*){BARE}", re.IGNORECASE)
FIRST_IN_ABSTRACT = re.compile(rf"\W*(?:{STATED}|{DONE})", re.IGNORECASE)
ONLY_IN_ABSTRACT = re.compile(rf"\W*{BARE}", re.IGNORECASE)
NO_ABSTRACT_CHARS = 300  # an abstract is longer than a notice in its place


@dataclass(frozen=True)
class Paper:
    """One record, whatever its form."""

    identifier: str
    version: int
    title: str
    abstract: str
    comment: str = ""
    categories: tuple[str, ...] = ()
    authors: int = 0
    doi: str = ""
    journal: str = ""
    published: str = ""
    licence: str = ""
    marked_withdrawn: bool = False


@dataclass(frozen=True)
class Feed:
    """One page of the API: `entries` counts all of it, `malformed` has the ids of those that cannot be read."""

    results: tuple[Any, ...]
    entries: int
    total: int
    malformed: tuple[str, ...]


def read_feed(content: bytes) -> Feed:
    """Read a whole Atom feed.

    Raises:
        BadReply: it is none, or not whole.
        SourceError: it says that the request was wrong.
    """
    start = content[:300].lstrip().lower()
    if not start:
        raise BadReply("an empty reply")
    try:
        root = etree.fromstring(content, etree.XMLParser(**SAFE_XML))
    except etree.XMLSyntaxError:
        raise BadReply("an HTML page" if b"<html" in start else "malformed or truncated XML") from None
    if root.tag != f"{ATOM}feed":
        raise BadReply("no Atom feed")
    ids = [entry.findtext(f"{ATOM}id") or "" for entry in root.iterfind(f"{ATOM}entry")]
    for error in (identifier for identifier in ids if ERRORS in identifier):
        said = error.partition("#")[2].replace("_", " ") or "no reason given"
        raise SourceError(f"arXiv refuses the request: {said}.", fix="correct the query or the ids")
    parsed = parse_atom(content)
    read = {result.entry_id for result in parsed.results}
    malformed = tuple(split_identifier(identifier)[0] for identifier in ids if identifier not in read)
    return Feed(tuple(parsed.results), len(ids), parsed.header.total_results, malformed)


def documents(feed: Feed, intake: Intake, *, where: str = "") -> Iterator[Document]:
    """Yield the papers of a page; each of its other entries is counted and named."""
    for identifier in feed.malformed:
        intake.reject("malformed entry", source=SOURCE, source_id=identifier, where=where)
    for result in feed.results:
        if document := admit(paper_of(result), intake, where=where):
            yield document


def admit(paper: Paper, intake: Intake, *, where: str = "") -> Document | None:
    """Return a paper as a document; one that is withdrawn, or has nothing to read, is counted."""
    if paper.marked_withdrawn or is_withdrawn(paper.comment, paper.abstract):
        intake.retracted += 1
        intake.withdraw(SOURCE, paper.identifier, "withdrawn", f"v{paper.version}")
        return None
    reason = "no id" if not paper.identifier else "no title" if not paper.title else ""
    reason = reason or ("" if paper.abstract else "no abstract")
    if reason:
        intake.reject(reason, source=SOURCE, source_id=paper.identifier, where=where)
        return None
    return Document(
        source=SOURCE,
        source_id=paper.identifier,
        version=paper.version,
        title=paper.title,
        sections=(Section(text=paper.abstract),),
        journal=paper.journal,
        published=paper.published,
        publication_types=("Preprint",),
        mesh=paper.categories,
        authors=paper.authors,
        doi=paper.doi,
        licence=paper.licence,
    )


def is_withdrawn(comment: str, abstract: str) -> bool:
    """Say whether a comment or an abstract states that the paper itself was withdrawn.

    An abstract counts only by its beginning: papers are written about withdrawn drugs and retracted papers.
    """
    return bool(
        IN_COMMENT.search(comment)
        or FIRST_IN_ABSTRACT.match(abstract)
        or (len(abstract) < NO_ABSTRACT_CHARS and ONLY_IN_ABSTRACT.match(abstract))
    )


def paper_of(result: Result) -> Paper:
    """Return an entry of the API as a paper."""
    identifier, version = split_identifier(result.entry_id)
    return Paper(
        identifier=identifier,
        version=version,
        title=one_line(result.title),
        abstract=one_line(result.summary),
        comment=one_line(result.comment),
        categories=tuple(result.categories),
        authors=len(result.authors),
        doi=first_doi(result.doi),
        journal=one_line(result.journal_ref),
        published=f"{result.published:%Y-%m-%d}",
    )


def split_identifier(address: str) -> tuple[str, int]:
    """Return id and version of http://arxiv.org/abs/2104.12255v1; an unknown form is returned as it is."""
    found = IDENTIFIER.fullmatch(address.rpartition("/abs/")[2])
    return (found[1], int(found[2] or 1)) if found else (address, 1)


def one_line(text: str | None) -> str:
    """Return a text with white space made single."""
    return " ".join((text or "").split())


def first_doi(text: str | None) -> str:
    """Return the first DOI of a field that may hold several, without its resolver."""
    return doi_or_none((text or "").split(" ")[0].rpartition("doi.org/")[2].strip(" ,;"))
