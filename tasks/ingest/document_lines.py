"""What every reader of a document format gives, lines in reading order, and why a document has none.

The reasons are a fixed few without a word of the document; each has the next action of the person who sees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

OCR_FIX = "install Tesseract and rounds[ocr], and ask for OCR"
FIXES: Mapping[str, str] = {
    "empty file": "export it again, or leave it out",
    "too large": "split it, or leave it out",
    "unpacks too large": "it may be a decompression bomb: open it with care, export it without pictures",
    "password-protected": "save a copy without a password",
    "damaged file": "export it again from the record system",
    "scan without text": OCR_FIX,
    "OCR failed": "run ocrmypdf on it by hand, and ingest the PDF that it writes",
    "no text": "look at it: it may hold pictures alone",
    "not text": "it is binary data under the name of a text file; correct its name",
    "unknown encoding": "save it as UTF-8",
    "XML entities": "no word processor writes them; do not open it, ask where it comes from",
    "old Word format": "save it as .docx or PDF",
    "unknown file type": "convert it to text, PDF, docx or FHIR JSON, or leave it out",
    "cannot be read": "check its permissions",
    "malformed JSON": "export it again",
    "malformed line": "export it again; every line of .ndjson is one JSON object",
    "malformed base64": "export the resource again",
    "no document in it": "leave it out: it holds no DocumentReference and no Composition",
    "no attachment": "export the resource with its content",
    "attachment not inline": "export with inline attachments; Rounds does not follow their addresses",
    "preliminary or superseded": "nothing to do: the final version is another resource",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, and how it begins where the format marks that as a heading (style, bold type, <h2>)."""

    text: str
    heading: str = ""


class UnreadableDocument(Exception):
    """A document that gives no text; its message is the reason, one of `FIXES`."""


def single_spaced(text: str) -> str:
    """Return a text with each run of white space, of any kind, as one space, and without marks of no width."""
    return " ".join(text.replace("\x00", "").replace("\ufeff", "").replace("\u200b", "").split())
