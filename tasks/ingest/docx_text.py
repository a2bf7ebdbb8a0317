"""Read the paragraphs and tables of a docx in their order, with python-docx; heading styles and bold starts are marked.

An archive is weighed before it is unpacked, and one whose XML declares anything (a DTD) is refused before it is
parsed: ECMA-376-2 §6.2.5 forbids DTDs, and entities are declared nowhere else. Not covered: text boxes, comments,
headers and footers, which hold the patient's identity and no instruction.
"""

import io
import itertools
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import docx
from docx.document import Document as DocxDocument
from docx.opc.exceptions import OpcError
from docx.oxml.exceptions import InvalidXmlError
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml import etree

from tasks.ingest.document_lines import Line, UnreadableDocument, single_spaced
from tasks.ingest.note_headings import is_known_heading
from tasks.ingest.source_files import SAFE_XML

MAX_UNPACKED_BYTES = 100_000_000  # all parts; python-docx holds them in memory, pictures too
MAX_PARTS = 5_000
CELL_BORDER = " | "
HEADING_STYLES = ("heading", "title", "subtitle")
# python-docx takes the parts of a document to be what they ought to be.
DAMAGED = (
    *(etree.XMLSyntaxError, OpcError, InvalidXmlError, zlib.error, struct.error),
    *(LookupError, ValueError, EOFError, AttributeError, TypeError, AssertionError),
)


def docx_lines(content: bytes) -> Sequence[Line]:
    """Return the lines of a docx.

    Raises:
        UnreadableDocument: damaged, another kind of archive, too large, or with XML that declares entities.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _require_harmless(archive)
        return [line for line in _lines(docx.Document(io.BytesIO(content))) if line.text]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):  # NotImplementedError: an unknown compression
        raise UnreadableDocument("damaged file") from None
    except DAMAGED:
        raise UnreadableDocument("damaged file") from None


def _require_harmless(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise UnreadableDocument("unpacks too large")  # a part cannot give more than it says: zipfile stops there
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableDocument("password-protected")
    if not any(part.filename == "word/document.xml" for part in parts):
        raise UnreadableDocument("unknown file type")
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as xml:
                _, root = next(etree.iterparse(xml, events=("start",), **SAFE_XML))
                if root.getroottree().docinfo.internalDTD is not None:
                    raise UnreadableDocument("XML entities")


def _lines(document: DocxDocument) -> Iterator[Line]:
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            yield from _table_lines(block)
        else:
            yield from _paragraph_lines(block)


def _paragraph_lines(paragraph: Paragraph) -> Iterator[Line]:
    """Yield a paragraph's lines; a heading is marked on the first."""
    heading = _heading(paragraph)
    for raw in paragraph.text.splitlines():
        if text := single_spaced(raw):
            yield Line(text, heading if text.startswith(heading) else "")
            heading = ""


def _heading(paragraph: Paragraph) -> str:
    """Return the paragraph's text if it is styled as a heading, else the part that it begins with in bold."""
    named = paragraph._p.style is not None  # the default style takes python-docx a millisecond to find, a paragraph
    style = paragraph.style if named else None
    if style is not None and (style.name or "").lower().startswith(HEADING_STYLES):
        return single_spaced(paragraph.text)
    bold = itertools.takewhile(lambda run: run.bold or not run.text.strip(), paragraph.runs)
    return single_spaced("".join(run.text for run in bold))


def _table_lines(table: Table) -> Iterator[Line]:
    """Yield a line a row; of a table that lays out headings beside their texts, a heading and its text a row."""
    for row in table.rows:
        cells: dict[Any, str] = {}
        for cell in row.cells:  # merged cells come once for each column that they span
            cells.setdefault(cell._tc, _cell_text(cell))
        texts = [text for text in cells.values() if text]
        if len(cells) == len(texts) == 2 and is_known_heading(texts[0].rstrip(":")):
            yield Line(f"{texts[0].rstrip(':')}: {texts[1]}", texts[0].rstrip(":"))
        elif texts:
            yield Line(CELL_BORDER.join(texts))


def _cell_text(cell: Any) -> str:
    parts = (line.text for block in cell.iter_inner_content() for line in _block_lines(block))
    return " ".join(part for part in parts if part)


def _block_lines(block: Paragraph | Table) -> Iterator[Line]:
    return _table_lines(block) if isinstance(block, Table) else _paragraph_lines(block)
