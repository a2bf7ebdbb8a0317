"""Split a stream of PubMed XML into its records by their bytes, and parse each by itself.

That is faster than one parser over the file, and a faulty record costs only itself. It is as exact: a slice that begins
where a record begins, and that parses, is that record, because XML is read from left to right; of one that does not
parse, the end is looked for again past comments, CDATA and instructions. Where bytes do not show the structure (another
encoding, a DTD within the file), `parse_whole` reads with one parser. Memory holds a record and a chunk.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import Any, NamedTuple

from lxml import etree

from tasks.ingest.pubmed_elements import parse_record
from tasks.ingest.source_files import SAFE_PLAIN_XML

CITATION, BOOK, DELETIONS = RECORDS = ("PubmedArticle", "PubmedBookArticle", "DeleteCitation")
MALFORMED, TRUNCATED, TOO_LARGE = "malformed", "truncated", "too large"
MAX_RECORD_BYTES = 8 << 20  # 15,000 collaborators with affiliations take 5 MB; libxml2 stops at 10 MB of one text
MAX_TAG_BYTES = 4 << 10
START = re.compile(rb"<(PubmedArticle|PubmedBookArticle|DeleteCitation)(?=[\s/>])")
BETWEEN = re.compile(  # what may stand between records; a second head too, because replies are often concatenated
    rb"\s+|\xef\xbb\xbf|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*>|<(?P<closing>/?)Pubmed(?:Book)?ArticleSet(?:\s[^>]*)?>",
    re.DOTALL,
)
PLAIN_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<\?xml\s(?P<declared>[^>]*)\?>)?"
    rb"(?:\s++|<!--.*?-->|<!DOCTYPE[^\[>]*>)*+<(?:Pubmed(?:Book)?ArticleSet|PubmedArticle)[\s>]",
    re.DOTALL,
)
ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']*)")
EMPTY = re.compile(START.pattern + rb"[^>]*/>")
TOKEN = re.compile(  # tags of records outside comments, CDATA and instructions; `open` is one of those without its end
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|(?P<open><!--|<!\[CDATA\[|<\?)"
    rb"|(?P<start>" + START.pattern + rb")|</(?P<end>PubmedArticle|PubmedBookArticle|DeleteCitation)\s*>",
    re.DOTALL,
)
PMID = re.compile(rb"<PMID[^<>]*>\s*(\d{1,9})\s*<")


class Piece(NamedTuple):
    """A record and the line where it begins; or, with `element` None, what should have been one, and its fault."""

    element: Any
    line: int
    fault: str = ""
    pmid: str = ""  # of a faulty record, as far as it shows one


class Broken(Exception):
    """The stream ended early, or cannot be read further; `line` says where."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(line)


def is_plain(start: bytes) -> bool:
    """Say whether a file that starts so can be split by its bytes: UTF-8, and no entities declared in it."""
    head = PLAIN_HEAD.match(start)
    encoding = head and ENCODING.search(head["declared"] or b"")
    return head is not None and (encoding is None or encoding[1].lower() in (b"utf-8", b"us-ascii"))


def split(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Yield the records in their order; after a faulty one go on at the next.

    Raises:
        Broken: the stream ended within a record or a set; all whole records before were yielded.
    """
    window, parser, sets, cut = _Window(chunks), etree.XMLParser(**SAFE_PLAIN_XML), 0, False
    while window.has_more():
        if between := BETWEEN.match(window.bytes, window.at):
            sets += {None: 0, b"": 1, b"/": -1}[between["closing"]]
            window.advance(between.end())
        elif start := START.match(window.bytes, window.at):
            for measure in (window.length, window.true_length):
                length = measure(start[1])
                if length > 0 and (element := parse_record(window.slice(length), parser)) is not None:
                    yield Piece(element, window.line)
                    window.advance(window.at + length)
                    break
            else:
                for piece in _faults(window, window.at + length if length > 0 else -1):
                    cut = piece.fault == TRUNCATED
                    yield piece
        elif window.may_grow_into_a_tag():
            continue
        elif window.is_cut_tag():
            cut = True
            break
        else:
            yield Piece(None, window.line, MALFORMED)
            window.seek_start()
    if cut or sets > 0:
        raise Broken(window.line)


def parse_whole(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Yield the records of any XML encoding by one parser over the stream.

    Raises:
        Broken: malformed or truncated XML; the whole records before it were yielded.
    """
    parser = etree.XMLPullParser(events=("end",), tag=RECORDS, **SAFE_PLAIN_XML)
    fault: etree.XMLSyntaxError | None = None
    for chunk in chain(chunks, (b"",)):
        try:
            if chunk:
                parser.feed(chunk)
            else:
                parser.close()
        except etree.XMLSyntaxError as error:
            fault = error
        for _, element in parser.read_events():
            yield Piece(element, element.sourceline)
            element.clear(keep_tail=False)
            while element.getprevious() is not None:  # else the root keeps every record that was read
                del element.getparent()[0]
        if fault is not None:
            raise Broken(fault.lineno)


class _Window:
    """The part of a stream that is looked at, from `at` on."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.bytes, self.at, self.line = b"", 0, 1
        self._chunks = iter(chunks)

    def grow(self) -> bool:
        """Drop what is done and take in one more chunk; False at the end of the stream."""
        chunk = next(self._chunks, b"")
        self.bytes, self.at = self.bytes[self.at :] + chunk, 0
        return bool(chunk)

    def has_more(self) -> bool:
        return self.at < len(self.bytes) or self.grow()

    def advance(self, to: int) -> None:
        self.line += self.bytes.count(b"\n", self.at, to)
        self.at = to

    def has_room(self) -> bool:
        """Say whether a record that begins here may still end within the limit; take in a chunk to see."""
        return len(self.bytes) - self.at < MAX_RECORD_BYTES and self.grow()

    def may_grow_into_a_tag(self) -> bool:
        """Say whether what stands here may be known by more of the stream; take in a chunk to see."""
        is_open = self.bytes.startswith((b"<!", b"<?"), self.at)
        return (is_open or len(self.bytes) - self.at < MAX_TAG_BYTES) and self.has_room()

    def is_cut_tag(self) -> bool:
        """Say whether the stream ended within the tag that begins here."""
        left = self.bytes[self.at : self.at + MAX_TAG_BYTES]
        return len(left) < MAX_TAG_BYTES and left.startswith(b"<") and b">" not in left

    def length(self, name: bytes) -> int:
        """Return how long the record that begins here is by the first look, or -1."""
        tag = b"</" + name + b">"
        while (found := self.bytes.find(tag, self.at, self.at + MAX_RECORD_BYTES)) < 0:
            if not self.has_room():
                return -1
        return found + len(tag) - self.at

    def true_length(self, name: bytes) -> int:
        """Return how long it is when comments, CDATA, instructions and odd tags are minded, or -1."""
        if empty := EMPTY.match(self.bytes, self.at):
            return empty.end() - self.at
        while True:
            for token in TOKEN.finditer(self.bytes, self.at, self.at + MAX_RECORD_BYTES):
                if token["end"] == name:
                    return token.end() - self.at
                if token["open"]:
                    break
            if not self.has_room():
                return -1

    def starts(self, to: int) -> Iterator[int]:
        """Yield where records begin from here on and before `to`."""
        for token in TOKEN.finditer(self.bytes, self.at, to):
            if token["start"]:
                yield token.start()
            elif token["open"]:  # not closed: what looks like a record behind it may be one
                yield from (start.start() for start in START.finditer(self.bytes, token.end(), to))
                return

    def slice(self, length: int) -> bytes:
        return self.bytes[self.at : self.at + length]

    def seek_start(self) -> None:
        """Go to the next start of a record, or to the end of the stream."""
        while not (start := START.search(self.bytes, self.at)):
            self.advance(max(self.at, len(self.bytes) - MAX_TAG_BYTES))
            if not self.grow():
                break
        self.advance(start.start() if start else len(self.bytes))


def _faults(window: _Window, end: int) -> Iterator[Piece]:
    """Yield a fault for each record that begins before `end` (-1: it has none), but the last if it is another one.

    That one may be whole: the one before it was never closed.
    """
    to = end if end > 0 else min(len(window.bytes), window.at + MAX_RECORD_BYTES)
    *broken, last = window.starts(to)
    for start, following in pairwise((*broken, last)):
        yield _fault(window, following - start, MALFORMED)
    if not broken:
        cut = len(window.bytes) - window.at < MAX_RECORD_BYTES  # the search for its end has read so much or all
        yield _fault(window, to - last, MALFORMED if end > 0 else TRUNCATED if cut else TOO_LARGE)
        if end < 0 and not cut:
            window.seek_start()


def _fault(window: _Window, length: int, fault: str) -> Piece:
    pmid = PMID.search(window.slice(length))
    piece = Piece(None, window.line, fault, pmid[1].decode() if pmid else "")
    window.advance(window.at + length)
    return piece
