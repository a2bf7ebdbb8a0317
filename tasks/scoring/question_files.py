"""Read the rows of question sets as their authors publish them: JSON, JSON lines, or MedQuAD's folders of XML.

JSON is one array, one object of objects by key (as PubMedQA is), or an object a line; plain or gzipped. A file is read
whole: the largest of these sets has some 200 MB.
"""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from lxml import etree

from tasks.errors import EvaluationError

FIX = "give the set's own file: a JSON array or object, JSON lines, or MedQuAD's folder of XML"
_GZIP = b"\x1f\x8b"
_XML = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)

Row = tuple[
    str, Mapping[str, Any] | None
]  # its place (`line 7`, `item 7`, a key, a file), its fields; None: unreadable


def question_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, or of all XML files under a folder, in their order.

    Raises:
        EvaluationError: there is no such file, it cannot be read, or holds no JSON.
    """
    if path.is_dir():
        files = sorted(path.rglob("*.xml"))
        if not files:
            raise EvaluationError(f"{path} holds no XML files.", fix=FIX)
        for file in files:
            yield from _medquad_xml(file, file.relative_to(path).as_posix())
        return
    content = _content(path)
    whole = _whole(content)
    if isinstance(whole, list):
        yield from ((f"item {number}", _mapping(row)) for number, row in enumerate(whole, start=1))
    elif isinstance(whole, dict):
        yield from ((key, _mapping(row)) for key, row in whole.items())
    elif content.lstrip().startswith(b"{"):
        lines = enumerate(content.splitlines(), start=1)
        yield from ((f"line {number}", _line(line)) for number, line in lines if line.strip())
    else:
        raise EvaluationError(f"{path.name} is no JSON.", fix=FIX)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if content.startswith(_GZIP) else content).removeprefix(b"\xef\xbb\xbf")
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise EvaluationError(f"{path.name} is a damaged gzip file.", fix="copy or download it again.") from None
    except OSError as error:
        raise EvaluationError(f"{path.name} cannot be read: {error.strerror}.", fix="check path and rights.") from None


def _whole(content: bytes) -> list[Any] | dict[str, Any] | None:
    """Return an array, or an object of objects by key; None of what is read line by line."""
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    keyed = isinstance(value, dict) and bool(value) and all(isinstance(row, dict) for row in value.values())
    return value if isinstance(value, list) or keyed else None


def _line(line: bytes) -> Mapping[str, Any] | None:
    try:
        return _mapping(orjson.loads(line))
    except orjson.JSONDecodeError:
        return None


def _mapping(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


def _medquad_xml(file: Path, name: str) -> Iterator[Row]:
    """Yield a document's questions with the fields that MedQuAD has as JSON lines."""
    try:
        document = etree.parse(file, _XML).getroot()
    except (etree.XMLSyntaxError, OSError):
        yield name, None
        return
    focus = (document.findtext("Focus") or "").strip()
    for pair in document.iter("QAPair"):
        question = pair.find("Question")
        yield (
            f"{name}, pair {pair.get('pid')}",
            {
                "source": document.get("source", ""),
                "doc_id": document.get("id", ""),
                "url": document.get("url", ""),
                "focus": focus,
                "qid": "" if question is None else question.get("qid", ""),
                "qtype": "" if question is None else question.get("qtype", ""),
                "question": "" if question is None else question.text or "",
                "answer": pair.findtext("Answer") or "",
            },
        )
