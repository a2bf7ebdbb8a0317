"""What an artifact is made of: files and their hashes, rows and their JSON lines."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel

from infra.errors import StorageError


def content_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's sorted lines of relative name, NUL and file SHA-256."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    lines = (f"{file.relative_to(path).as_posix()}\0{content_sha256(file)}\n" for file in files_of(path))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Return a folder's files, sorted by relative name.

    Raises:
        StorageError: it is no folder, or it holds a link to a folder, which would be left out silently.
    """
    if not folder.is_dir():
        raise StorageError(f"{folder} is not a folder.", fix="check the path")
    found = sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix())
    if links := [path for path in found if path.is_symlink() and not path.is_file()]:
        raise StorageError(f"{links[0]} is a link to no file.", fix="replace it by what it points to")
    return [path for path in found if path.is_file()]


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of a folder's files together."""
    return path.stat().st_size if path.is_file() else sum(file.stat().st_size for file in files_of(path))


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def json_line(row: Mapping[str, object] | BaseModel, kind: str, number: int) -> bytes:
    """Return a row as one line of JSON.

    Raises:
        StorageError: it is not JSON; the row is named by its number and never quoted.
    """
    try:
        if isinstance(row, BaseModel):
            return row.model_dump_json().encode() + b"\n"
        return orjson.dumps(row, default=_plain, option=orjson.OPT_APPEND_NEWLINE)
    except (TypeError, ValueError) as error:
        # The library's own message may quote the value.
        reason = type(error).__name__
        raise StorageError(
            f"Row {number} of {kind!r} is not JSON in UTF-8 ({reason}).", fix="correct or leave out that row"
        ) from None


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value).__name__)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSON lines file."""
    with path.open("rb", buffering=1 << 20) as file:
        for line in file:
            yield orjson.loads(line)
