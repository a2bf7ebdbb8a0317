"""Read PubMed citations from efetch replies and distribution files (.xml, .xml.gz), one after the other.

Memory does not grow with the file. `pubmed_records` says which fields are read, `pubmed_split` how the stream is taken
apart and what is safe against a hostile file. Not covered: books (counted), full texts (JATS).
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Final

from lxml import etree

from tasks.errors import SourceError
from tasks.ingest.intake import Intake
from tasks.ingest.pubmed_records import SOURCE as SOURCE
from tasks.ingest.pubmed_records import Citation, is_pmid, read_citation, text_of, version_of
from tasks.ingest.pubmed_split import BOOK, CITATION, TRUNCATED, Broken, Piece, is_plain, parse_whole, split
from tasks.ingest.source_files import SAFE_PLAIN_XML, SourceStream, open_source

DELETED: Final = "deleted"
ROOTS = ("PubmedArticleSet", "PubmedArticle", "PubmedBookArticleSet")
CHUNK_BYTES = 1 << 18
HEAD_BYTES = 1 << 12
NAMED_FAULTS = 20  # a file; more of the same tells a person nothing
REFETCH = "fetch the file again as PubMed XML (efetch with retmode=xml, or a pubmed*.xml.gz file), or leave it out"


def read_citations(path: Path, intake: Intake) -> Iterator[Citation]:
    """Yield every citation and deletion of one file in its order; what has no PMID is counted as rejected.

    A faulty record is counted and named by its line; truncated data end the file with a warning; what is whole is kept.

    Raises:
        SourceError: the file is no PubMed XML, or holds no whole record.
    """
    faults = _Faults(path, intake)
    try:
        with open_source(path) as file:
            for piece in _pieces(path, file, faults):
                if piece.element is None:
                    faults.add(piece)
                else:
                    faults.whole += 1
                    yield from _citations(piece, path, intake)
    except Broken as broken:
        faults.broken(broken.line)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.", fix="check its permissions") from error
    faults.report()


def _pieces(path: Path, file: SourceStream, faults: "_Faults") -> Iterator[Piece]:
    chunks, start = faults.undamaged(file), b""
    while len(start) < HEAD_BYTES and (chunk := next(chunks, b"")):
        start += chunk
    whole = chain((start,), chunks)
    if is_plain(start):
        return split(whole)
    if faults.end and not start:
        return iter(())
    if seen := _other_kind(start):
        raise SourceError(f"{path} is {seen}, PubMed citations as XML were expected.", fix=REFETCH)
    return parse_whole(whole)


def _other_kind(start: bytes) -> str:
    """Say what a file is that is no PubMed XML; empty where it is, or where its start does not show it."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not text:
        return "an empty file"
    if text.startswith((b"{", b"[")):
        return "JSON"
    if text.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if not text.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        return "no XML"
    parser = etree.XMLPullParser(events=("start",), **SAFE_PLAIN_XML)
    with suppress(etree.XMLSyntaxError):  # which the reading of the whole will meet and name
        parser.feed(start)
    root = next((element.tag for _, element in parser.read_events()), ROOTS[0])
    return "" if root in ROOTS else f"XML of another kind (<{etree.QName(root).localname}>)"


def _citations(piece: Piece, path: Path, intake: Intake) -> Iterator[Citation]:
    element, where = piece.element, f"{path}:{piece.line}"
    if element.tag == CITATION:
        found = [read_citation(element)]
    elif element.tag == BOOK:
        return intake.reject("book", source=SOURCE, source_id=text_of(element.find("BookDocument/PMID")), where=where)
    else:
        found = [Citation(text_of(pmid), version_of(pmid), reason=DELETED) for pmid in element.iterfind("PMID")]
    for citation in found:
        if is_pmid(citation.pmid):
            yield citation
        else:
            intake.reject("no PMID", source=SOURCE, where=where)


class _Faults:
    """What one file holds that cannot be read."""

    def __init__(self, path: Path, intake: Intake) -> None:
        self.whole = 0  # records that were read
        self.end = ""  # why the file ended early
        self._named: list[str] = []
        self._count = 0
        self._path, self._intake = path, intake

    def undamaged(self, file: SourceStream) -> Iterator[bytes]:
        """Yield the content up to where the gzip data are damaged."""
        try:
            while chunk := file.read1(CHUNK_BYTES):
                yield chunk
        except (EOFError, gzip.BadGzipFile, zlib.error):
            self.end = f"{self._path}: damaged or truncated gzip data"

    def broken(self, line: int) -> None:
        self.end = self.end or f"{self._path}, line {line}: malformed or truncated XML"

    def add(self, piece: Piece) -> None:
        """Count a faulty record; one that was cut off is named by `report`."""
        self._intake.reject(piece.fault, source=SOURCE, source_id=piece.pmid, where=f"{self._path}:{piece.line}")
        if piece.fault != TRUNCATED:
            self._count += 1
            if self._count <= NAMED_FAULTS:
                self._named.append(f"{self._path}, line {piece.line}: {piece.fault} citation")

    def report(self) -> None:
        """Warn of what was passed over.

        Raises:
            SourceError: no record is whole.
        """
        faults = [*self._named, *filter(None, [self.end])]
        if faults and not self.whole:
            raise SourceError(f"{faults[0]}, and no citation that is whole.", fix=REFETCH)
        for fault in self._named:
            self._intake.warn(f"{fault}; it was passed over")
        if (further := self._count - len(self._named)) > 0:
            self._intake.warn(f"{self._path}: {further} further citations are faulty; they were passed over")
        if self.end:
            self._intake.warn(f"{self.end}; the {self.whole} records before it were kept")
