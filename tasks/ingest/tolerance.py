"""One file of many that cannot be read is rejected and the others are read; if none can be, that is an error."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tasks.errors import SourceError, SourceUnavailable
from tasks.ingest.intake import Intake


class Tolerance:
    """Of `files` files of a source, which could not be read."""

    def __init__(self, source: str, files: int, intake: Intake) -> None:
        self._source, self._files, self._intake = source, files, intake
        self._refused: list[SourceError] = []

    @contextlib.contextmanager
    def of(self, path: Path) -> Iterator[None]:
        """Reject the file whose reading in the block ends in a SourceError.

        Raises:
            SourceError: the first file's, if this was the last and none could be read.
        """
        try:
            yield
        except SourceUnavailable:
            raise
        except SourceError as error:
            self._refused.append(error)
            if len(self._refused) == self._files:
                raise self._refused[0] from None
            self._intake.reject("unreadable file", source=self._source, where=str(path))
            self._intake.warn(error.what)
