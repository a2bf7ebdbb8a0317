"""Read the text of one clinical file or attachment: plain text, HTML, PDF, docx.

What a content is, its first bytes say; the name decides only where they say nothing. Plain text is read as UTF-8 (with
or without a mark), UTF-16 or UTF-32 with a mark, UTF-16 without one, or else as Windows-1252, which record systems of
that platform write. Not covered: RTF and Word 97 files, which are told apart from damaged ones, and C-CDA XML.
"""

import codecs
from collections.abc import Sequence

from tasks.ingest.document_lines import Line, UnreadableDocument, single_spaced
from tasks.ingest.docx_text import docx_lines
from tasks.ingest.markup_text import html_lines
from tasks.ingest.pdf_text import pdf_lines

TEXT_SUFFIXES = (".txt", ".text", ".md", ".asc")
HTML_SUFFIXES = (".html", ".htm", ".xhtml")
ZIP, OLE, RTF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf"
PDF, PDF_WITHIN = b"%PDF-", 1024  # readers accept the header that far in (ISO 32000-1, implementation note 13)
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")  # how an OLE file names what a password protects
MARKS = (  # UTF-32's mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CONTROLS = bytes(set(range(32)) - set(b"\t\n\x0b\x0c\r\x1b"))
MAX_CONTROL_SHARE = 0.005  # of the bytes; a stray one in a dictated note is no binary file


def document_lines(content: bytes, name: str, *, ocr: bool = False) -> Sequence[Line]:
    """Return the lines of a document; `name` is a file name, or a suffix such as `.html`.

    Raises:
        UnreadableDocument: it holds no text that can be read; the reason says why.
    """
    lines = _lines(content, name.lower(), ocr=ocr)
    if not any(line.text for line in lines):
        raise UnreadableDocument("no text")
    return lines


def decoded(content: bytes) -> str:
    """Return the text of bytes in one of the encodings that clinical systems write.

    Raises:
        UnreadableDocument: not text, or in none of these encodings.
    """
    for encoding in _encodings(content):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableDocument("unknown encoding")


def _encodings(content: bytes) -> tuple[str, ...]:
    marked = next((encoding for mark, encoding in MARKS if content.startswith(mark)), None)
    if marked:
        return (marked,)
    even, odd = content[::2].count(0), content[1::2].count(0)
    if max(even, odd) > len(content) / 5:  # Western text in UTF-16 is nearly half zeros, all at one parity
        return ("utf-16-le" if odd > even else "utf-16-be",)
    if len(content) - len(content.translate(None, CONTROLS)) > len(content) * MAX_CONTROL_SHARE + 1:
        raise UnreadableDocument("not text")
    return ("utf-8", "cp1252")


def _lines(content: bytes, name: str, *, ocr: bool) -> Sequence[Line]:
    if not content.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("empty file")
    if PDF in content[:PDF_WITHIN]:
        return pdf_lines(content, ocr=ocr)
    if content.startswith(ZIP):
        return docx_lines(content)
    if content.startswith(OLE):
        raise UnreadableDocument("password-protected" if ENCRYPTED_PACKAGE in content else "old Word format")
    if name.endswith((".pdf", ".docx")):
        raise UnreadableDocument("damaged file")
    if content.startswith(RTF) or not name.endswith((*TEXT_SUFFIXES, *HTML_SUFFIXES)):
        raise UnreadableDocument("unknown file type")
    text = decoded(content)
    if name.endswith(HTML_SUFFIXES) or text.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
        return html_lines(text)
    return [Line(single_spaced(line)) for line in text.splitlines()]
