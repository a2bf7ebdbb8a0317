"""Read the text layer of a PDF with pypdf, page by page; OCR through ocrmypdf where it is installed and asked for.

Running heads and feet, which repeat on every page, are kept once. A PDF that opens with the empty password (printing
restricted, say) is read. Not covered: form fields, annotations, columns set side by side.
"""

import io
import logging
import re
import shutil
import subprocess
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pypdf
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

from tasks.ingest.document_lines import Line, UnreadableDocument, single_spaced

MAX_PAGES = 2_000
MAX_CHARS = 5_000_000  # of text; a thousand dense pages
MAX_PAGE_BYTES = 4_000_000  # of one page's drawing orders, unpacked; a page of text has 5-50 kB, and 1 MB takes 3 s
OCR_SECONDS = 900
FURNITURE_LINES = 2  # at the top and at the foot of a page, where heads and feet stand
DIGITS = re.compile(r"\d+")
# Besides its own errors, pypdf lets out those of Python where a damaged object is not what the code expects.
DAMAGED = (PyPdfError, ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError)
DAMAGED_TOO = (RecursionError, TypeError, ValueError, zlib.error)

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings quote the objects that it repairs


def pdf_lines(content: bytes, *, ocr: bool = False) -> Sequence[Line]:
    """Return the lines of a PDF's text layer; with `ocr`, pages without one are recognised first.

    Raises:
        UnreadableDocument: password-protected, damaged, a scan without text, or larger than the limits.
    """
    pages = _pages(content)
    if ocr and not all(pages) and (program := shutil.which("ocrmypdf")):
        pages = _pages(_recognised(program, content))
    if not any(pages):
        raise UnreadableDocument("scan without text")
    return [Line(text) for page in _without_furniture(pages) for text in page]


def _pages(content: bytes) -> list[list[str]]:
    try:
        return list(_read_pages(content))
    except LimitReachedError:
        raise UnreadableDocument("unpacks too large") from None
    except (FileNotDecryptedError, DependencyError):
        raise UnreadableDocument("password-protected") from None
    except (*DAMAGED, *DAMAGED_TOO):
        raise UnreadableDocument("damaged file") from None


def _read_pages(content: bytes) -> Iterator[list[str]]:
    reader = pypdf.PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableDocument("password-protected")
    chars = 0
    if len(reader.pages) > MAX_PAGES:
        raise UnreadableDocument("too large")
    for page in reader.pages:
        contents = page.get_contents()
        if contents is not None and len(contents.get_data()) > MAX_PAGE_BYTES:
            raise UnreadableDocument("unpacks too large")
        text = page.extract_text()
        chars += len(text)
        if chars > MAX_CHARS:
            raise UnreadableDocument("too large")
        yield [line for raw in text.splitlines() if (line := single_spaced(raw))]


def _without_furniture(pages: Sequence[list[str]]) -> Iterator[list[str]]:
    """Yield the pages, with a head or foot that all of them have on the first one alone; page numbers may differ."""
    if len(pages) < 2:
        yield from pages
        return
    edges = Counter(
        shape
        for page in pages
        for shape in {DIGITS.sub("#", line) for line in (*page[:FURNITURE_LINES], *page[-FURNITURE_LINES:])}
    )
    furniture = {shape for shape, count in edges.items() if count == len(pages)}
    yield pages[0]
    for page in pages[1:]:
        last = len(page) - FURNITURE_LINES
        yield [
            line
            for number, line in enumerate(page)
            if FURNITURE_LINES <= number < last or DIGITS.sub("#", line) not in furniture
        ]


def _recognised(program: str, content: bytes) -> bytes:
    """Return the PDF with a text layer on every page, as ocrmypdf (https://ocrmypdf.readthedocs.io) writes it."""
    with tempfile.TemporaryDirectory(prefix="rounds-ocr-") as folder:
        scan, searchable = Path(folder, "scan.pdf"), Path(folder, "searchable.pdf")
        scan.write_bytes(content)
        command = [program, "--quiet", "--skip-text", "--output-type", "pdf", str(scan), str(searchable)]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=OCR_SECONDS)
            return searchable.read_bytes()
        except (subprocess.SubprocessError, OSError):
            raise UnreadableDocument("OCR failed") from None
