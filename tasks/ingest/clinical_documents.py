"""Read clinical documents from a folder, a pattern or an object store: text, HTML, PDF, docx, FHIR R4 JSON and NDJSON.

One file is open at a time and one document in memory, so that a tree of any size can be read. File names and FHIR ids
hold names and record numbers: what leaves here is a keyed pseudonym of them. The rejects file alone, which lies in the
data folder and is as sensitive as the source, says where a document stands; warnings say "file 3 of 12" and its
pseudonym. Not covered: whether a document was taken before, which the caller decides by source_id and content.
"""

import glob
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import fsspec
import orjson

from tasks.errors import SourceError, SourceUnavailable
from tasks.ingest import fhir_documents
from tasks.ingest.document_lines import FIXES, UnreadableDocument
from tasks.ingest.document_text import decoded, document_lines
from tasks.ingest.fhir_documents import DEFAULT_TITLE, EnteredInError, Resource
from tasks.ingest.intake import Intake, printable
from tasks.ingest.interactions import pseudonym
from tasks.ingest.note_sections import read_sections
from tasks.records import Document

SOURCE = "documents"
MAX_BYTES = 50_000_000  # of a file, or of a line of NDJSON, unpacked; a scanned chart of 500 pages has about that
LINES_SUFFIXES = (".ndjson", ".jsonl")
JSON_SUFFIX = ".json"
NO_DOCUMENTS = ("Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class _File:
    """A file among those that are read: `path` in its object store, `name` below the root."""

    path: str
    name: str
    number: int
    total: int

    @property
    def identity(self) -> str:
        """What names its document: the whole path, because two folders may hold a `note.txt` each."""
        return _one_spelling(self.path)

    @property
    def kind(self) -> str:
        """Its name without case and without the suffix of a packed file."""
        return self.name.lower().removesuffix(".gz")


@dataclass
class _Reading:
    """One reading of a tree: where it counts, how it names, and what it met so far."""

    intake: Intake
    key: bytes
    subject_folders: bool
    ocr: bool
    faults: dict[str, tuple[int, str]] = field(default_factory=dict)  # reason → how often, the first file

    def refuse(self, reason: str, file: _File, place: str = "", *, name: str = "") -> None:
        """Count a document that is not taken, and name it: by its path in the rejects, by its pseudonym in warnings."""
        number = pseudonym(self.key, name or file.identity + place)
        self.intake.reject(reason, source=SOURCE, source_id=number, where=printable(file.path) + place)
        count, first = self.faults.get(reason, (0, f"file {file.number} of {file.total} ({number})"))
        self.faults[reason] = count + 1, first

    def warn(self) -> None:
        """Say once for each reason how many documents it holds for, and what to do."""
        for reason, (count, first) in self.faults.items():
            documents = "1 document" if count == 1 else f"{count} documents"
            self.intake.warn(f"{documents} not taken: {reason}, first {first}. Fix: {FIXES[reason]}")


def read_documents(
    url: str,
    intake: Intake,
    *,
    key: bytes,
    since: date | None = None,
    subject_folders: bool = False,
    ocr: bool = False,
) -> Iterator[Document]:
    """Yield the documents below `url` (a folder, file, pattern or fsspec URL), in the order of their paths.

    With `since`, files that were last changed on an earlier day (UTC) are passed over. With `subject_folders`, the
    first folder below `url` stands for the patient. With `ocr`, scans are recognised by ocrmypdf where it is installed.
    `intake` is complete after the last document.

    Raises:
        SourceError: there is nothing at `url`, or its protocol needs a package that is not installed.
        SourceUnavailable: the object store or disk stopped answering.
    """
    reading = _Reading(intake, key, subject_folders, ocr)
    filesystem, files = _files(url, since)
    if not files:
        intake.warn("no file was found: give a folder with txt, pdf, docx, json or ndjson files")
    try:
        for file in files:
            yield from _documents(filesystem, file, reading)
    finally:
        reading.warn()


def _files(url: str, since: date | None) -> tuple[Any, list[_File]]:
    try:
        filesystem, root = fsspec.url_to_fs(url)
        root = str(root).rstrip("/") or "/"
        if filesystem.isfile(root):
            paths, root = [root], root.rpartition("/")[0]
        elif filesystem.isdir(root):
            paths = filesystem.find(root)
        elif glob.has_magic(root):
            paths = [path for path in filesystem.glob(root) if filesystem.isfile(path)]
            root = glob.escape(root).partition("[")[0].rpartition("/")[0]
        else:
            raise SourceError(f"{url} does not exist.", fix="correct the folder, pattern or address")
        if since is not None:
            paths = [path for path in paths if _changed(filesystem, path) >= since]
    except (ImportError, ValueError) as error:
        raise SourceError(
            f"{url} cannot be opened: {error}.", fix="correct the address, or pip install 'rounds[cloud]'"
        ) from error
    except OSError as error:
        raise SourceUnavailable(f"{url} cannot be listed: {error.strerror}.", fix="check access and network") from error
    names = sorted((_one_spelling(path[len(root) :].lstrip("/")), path) for path in paths)
    kept = [(name, path) for name, path in names if not _is_hidden(name)]
    return filesystem, [_File(path, name, number, len(kept)) for number, (name, path) in enumerate(kept, start=1)]


def _changed(filesystem: Any, path: str) -> date:
    """Return the day (UTC) of a file's last change; today where that cannot be told, so that the reading names it."""
    try:
        return date.fromtimestamp(filesystem.modified(path).timestamp())
    except OSError:
        return datetime.now(UTC).date()


def _one_spelling(name: str) -> str:
    """Return a name as it is keyed and sorted: macOS spells accents apart, other systems do not."""
    return unicodedata.normalize("NFC", printable(name))


def _is_hidden(name: str) -> bool:
    """Say whether a file is no record: hidden, or what Word, Windows and macOS leave beside documents."""
    parts = name.split("/")
    return any(part.startswith((".", "~$", "__MACOSX")) for part in parts) or parts[-1] in NO_DOCUMENTS


def _documents(filesystem: Any, file: _File, reading: _Reading) -> Iterator[Document]:
    packing = "gzip" if file.name.lower().endswith(".gz") else None
    if getattr(filesystem, "local_file", False) and not filesystem.isfile(file.path):  # a pipe would be waited for
        reading.refuse("cannot be read", file)
        return
    try:
        with filesystem.open(file.path, "rb", compression=packing) as stream:
            if file.kind.endswith(LINES_SUFFIXES):
                yield from _from_lines(stream, file, reading)
            else:
                yield from _from_file(_read(stream), file, reading)
    except UnreadableDocument as reason:
        reading.refuse(str(reason), file)
    except (EOFError, zlib.error):
        reading.refuse("damaged file", file)
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        reading.refuse("cannot be read", file)
    except OSError as error:
        if packing and error.errno is None:  # gzip's own
            reading.refuse("damaged file", file)
            return
        number = pseudonym(reading.key, file.identity)
        raise SourceUnavailable(
            f"File {file.number} of {file.total} ({number}) could not be read: {error.strerror}.",
            fix="check disk and network, and run it again: what was taken is not taken twice",
        ) from error


def _read(stream: Any) -> bytes:
    content: bytes = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UnreadableDocument("too large")
    return content


def _from_file(content: bytes, file: _File, reading: _Reading) -> Iterator[Document]:
    if not file.kind.endswith(JSON_SUFFIX):
        lines = document_lines(content, file.kind, ocr=reading.ocr)
        folder, _, rest = file.name.partition("/")
        yield Document(
            source=SOURCE,
            source_id=pseudonym(reading.key, file.identity),
            title=DEFAULT_TITLE,
            sections=read_sections(lines),
            subject_key=pseudonym(reading.key, folder) if rest and reading.subject_folders else "",
        )
        return
    if not content.strip():
        raise UnreadableDocument("empty file")
    yield from _from_json(decoded(content), file, reading, "malformed JSON")


def _from_lines(stream: Any, file: _File, reading: _Reading) -> Iterator[Document]:
    """Yield the documents of a bulk export; resources of other kinds are none, a file of nothing else is rejected."""
    number = 0
    met = False
    while line := stream.readline(MAX_BYTES + 1):
        number += 1
        if len(line) > MAX_BYTES:
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_BYTES)
            met = True
            reading.refuse("too large", file, f":{number}")
        elif line.strip():
            try:
                yield from _from_json(decoded(line), file, reading, "malformed line", place=f":{number}")
                met = True
            except UnreadableDocument as reason:
                if str(reason) != "no document in it":
                    met = True
                    reading.refuse(str(reason), file, f":{number}")
    if not met:
        raise UnreadableDocument("no document in it" if number else "empty file")


def _from_json(text: str, file: _File, reading: _Reading, fault: str, *, place: str = "") -> Iterator[Document]:
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise UnreadableDocument(fault) from None
    met = 0
    for met, resource in enumerate(fhir_documents.documents_in(content), start=1):
        if (document := _from_resource(resource, file, reading, f"{place}#{met}")) is not None:
            yield document
    if not met:
        raise UnreadableDocument("no document in it")


def _from_resource(resource: Resource, file: _File, reading: _Reading, place: str) -> Document | None:
    name = fhir_documents.resource_id(resource) or file.identity + place
    number = pseudonym(reading.key, name)
    try:
        found = fhir_documents.read_document(resource, ocr=reading.ocr)
    except EnteredInError:
        reading.intake.retracted += 1
        reading.intake.withdraw(SOURCE, number, "withdrawn", "entered in error")
        return None
    except UnreadableDocument as reason:
        reading.refuse(str(reason), file, place, name=name)
        return None
    return Document(
        source=SOURCE,
        source_id=number,
        version=found.version,
        title=found.title,
        sections=found.sections,
        published=found.year,
        language=found.language,
        subject_key=pseudonym(reading.key, found.subject) if found.subject else "",
    )
