"""Write a file that a person asked for: it has its name once it is complete, and only its owner may read it."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from infra.errors import StorageError


def write_whole(file: Path, lines: Iterable[bytes]) -> int:
    """Write lines, which bring their own ends, and return how many; a file of that name is replaced.

    Raises:
        StorageError: the file cannot be written; one that was there before is as it was.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # which only its owner may read
        making = Path(name)
        try:
            written = _write(descriptor, lines)
            making.replace(file)
        finally:
            making.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written: {error.strerror}.", fix="check the folder, its permissions and the space there"
        ) from None
    return written


def _write(descriptor: int, lines: Iterable[bytes]) -> int:
    written = 0
    with os.fdopen(descriptor, "wb") as out:
        for line in lines:
            out.write(line)
            written += 1
        out.flush()
        os.fsync(descriptor)
    return written
