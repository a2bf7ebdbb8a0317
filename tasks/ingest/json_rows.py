"""Read JSON objects one after the other: lines of a file, items of one array, members of one object; plain or gzipped.

Which of the three a file is shows in its first characters, whatever its name says. Memory holds one object and a piece
of the file, also of an array of gigabytes. Not covered: objects nested deeper in the file (`{"data": [...]}`), other
encodings than UTF-8.
"""

import codecs
import gzip
import itertools
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from tasks.errors import SourceError
from tasks.ingest.intake import Intake
from tasks.ingest.source_files import SourceStream, open_source

NAMED_FAULTS = 20  # a file; more of the same tells a person nothing
MALFORMED = "malformed item"
PIECE = 1 << 20  # bytes read at a time
LONGEST_ITEM = 1 << 26  # characters; without a limit a fault near the start reads the whole file into memory
NUMBERED = re.compile(rb'\{\s*"\d+"\s*:\s*\{')  # an object of objects by number, as PubMedQA is
BOM = b"\xef\xbb\xbf"
_DECODER = json.JSONDecoder()

Row = tuple[str, Mapping[str, Any]]  # its place or its key, its fields


class _Malformed(Exception):
    """What follows is no JSON value, or the file ends in the middle of one."""


class _Unread(Exception):
    """The rest of an array or object is left unread; its text is the reason, one of a fixed two."""


def json_rows(path: Path, intake: Intake, *, source: str, fix: str) -> Iterator[Row]:
    """Yield each object with its place (`name:line`, `name:item`), or with its key where the file is an object.

    What is no object is counted as rejected under `source`; `fix` ends the message of an error.

    Raises:
        SourceError: the file cannot be read, or holds no object of such a form.
    """
    met = 0
    rejected = intake.rejected.total()
    try:
        with open_source(path) as file:
            start = file.read(4096).removeprefix(BOM).lstrip()
        with open_source(path) as file:
            for row in _rows(path, file, start, intake, source):
                met += 1
                yield row
    except (EOFError, gzip.BadGzipFile, zlib.error):
        intake.warn(f"{path}: damaged or truncated gzip data; the {met} rows before it were kept")
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.", fix="check its permissions") from error
    if not met and (faults := intake.rejected.total() - rejected):
        raise SourceError(f"{path}: none of its {faults} lines or items is a JSON object.", fix=fix)


def _rows(path: Path, file: SourceStream, start: bytes, intake: Intake, source: str) -> Iterator[Row]:
    if start.startswith(b"[") or NUMBERED.match(start):
        unit, values = "item", _items(file)
    else:
        unit, values = "line", _lines(file)
    faults = number = 0
    try:
        for number, key, value in values:
            place = key or f"{path.name}:{number}"
            if isinstance(value, dict):
                yield place, value
                continue
            faults += 1
            intake.reject(f"malformed {unit}", source=source, where=place)
            if faults <= NAMED_FAULTS:
                intake.warn(f"{path}, {unit} {number}: no JSON object")
    except _Unread as end:
        intake.reject(str(end), source=source, where=f"{path.name}:{number + 1}")
        told = f"beyond item {number + 1}" if str(end) == MALFORMED else "after the end of its array or object"
        intake.warn(f"{path}: the file cannot be read {told}; the {number - faults} before it were kept")
    if faults > NAMED_FAULTS:
        intake.warn(f"{path}: {faults - NAMED_FAULTS} further {unit}s are no JSON objects")


def _lines(file: SourceStream) -> Iterator[tuple[int, str, object]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            yield number, "", orjson.loads(line.removeprefix(BOM) if number == 1 else line)
        except orjson.JSONDecodeError:
            yield number, "", None


def _items(file: SourceStream) -> Iterator[tuple[int, str, object]]:
    """Yield the items of an array, or the members of an object with their keys.

    Raises:
        _Unread: the next one is malformed, or more stands after the end.
    """
    text, key = _Text(file), ""
    try:
        keyed = text.take("[{") == "{"
        end = "}" if keyed else "]"
        more = text.peek() != end or text.take(end) == ","
        for number in itertools.count(1):
            if not more:
                break
            if keyed:
                key = str(text.value())
                text.take(":")
            yield number, key, text.value()
            more = text.take("," + end) == ","
    except _Malformed:
        raise _Unread(MALFORMED) from None
    if not text.ended():
        raise _Unread("text after the array")


class _Text:
    """A text that is read piece by piece and parsed value by value."""

    def __init__(self, file: SourceStream) -> None:
        self._file, self._piece, self._at = file, "", 0
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape").decode

    def peek(self) -> str:
        """Return the next character that is no white space."""
        while True:
            rest = self._piece[self._at : self._at + 1]
            if rest and not rest.isspace():
                return rest
            if rest:
                self._at += 1
            elif not self._more():
                raise _Malformed

    def ended(self) -> bool:
        """Say whether nothing but white space is left."""
        try:
            self.peek()
        except _Malformed:
            return True
        return False

    def take(self, expected: str) -> str:
        """Return the next character, which must be one of `expected`, and go past it."""
        character = self.peek()
        if character not in expected:
            raise _Malformed
        self._at += 1
        return character

    def value(self) -> object:
        """Return the next value, or None where it is none that a line could hold, and go past it."""
        self.peek()
        while True:
            try:
                _, end = _DECODER.raw_decode(self._piece, self._at)
            except (json.JSONDecodeError, RecursionError):
                if len(self._piece) - self._at > LONGEST_ITEM or not self._more():
                    raise _Malformed from None
                continue
            if end < len(self._piece) or not self._more():  # a number may go on in the next piece
                value, self._at = self._piece[self._at : end], end
                return _strict(value)

    def _more(self) -> bool:
        """Read on, as much again as is waiting, so that a long value is not parsed anew at every step."""
        waiting = self._piece[self._at :]
        read = self._file.read(max(PIECE, len(waiting)))
        self._piece, self._at = waiting + self._decode(read, final=not read), 0
        return bool(read)


def _strict(value: str) -> object:
    """Parse as lines are parsed: no lone surrogates, which no file can be written with, no NaN, no broken UTF-8."""
    try:
        return orjson.loads(value.encode("utf-8", "surrogateescape"))
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None
