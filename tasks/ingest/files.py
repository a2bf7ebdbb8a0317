"""Find the files that a person points at, and fingerprint each, because a path does not say whether it changed."""

import glob
import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from tasks.errors import SourceError
from tasks.ingest.intake import printable
from tasks.records import SourceFile

BATCH_BYTES = 256 << 20  # some ten files of the PubMed baseline, so that several processes have work
PAPERS = (".xml", ".xml.gz")
FULL_TEXTS = (*PAPERS, ".nxml", ".nxml.gz", ".tar.gz", ".tgz", ".tar")
EXAMPLES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")


def fingerprint_files(
    paths: Iterable[str], since: date | None = None, *, suffixes: tuple[str, ...] = PAPERS
) -> tuple[SourceFile, ...]:
    """Return the files behind `paths`, each content once, in the order given and by name within a folder or pattern.

    With `since`, a file that was last changed on an earlier day (UTC) is passed over. A folder stands for the
    files below it that end in one of `suffixes`, a pattern for what it matches there; either may give none.

    Raises:
        SourceError: a path, or the folder that a pattern starts from, does not exist or cannot be read.
    """
    found: dict[str, SourceFile] = {}
    for path in paths:
        for file in expanded(path, suffixes):
            if since and datetime.fromtimestamp(file.stat().st_mtime, UTC).date() < since:
                continue
            fingerprint = _fingerprint(file)
            found.setdefault(fingerprint.sha256, fingerprint)
    return tuple(found.values())


def batches(files: Iterable[SourceFile]) -> Iterator[tuple[SourceFile, ...]]:
    """Yield the files in their order, as many together as hold `BATCH_BYTES`; a larger one goes alone."""
    batch: list[SourceFile] = []
    for file in files:
        if batch and sum(f.bytes for f in batch) + file.bytes > BATCH_BYTES:
            yield tuple(batch)
            batch = []
        batch.append(file)
    if batch:
        yield tuple(batch)


def expanded(path: str, suffixes: tuple[str, ...]) -> list[Path]:
    """Return the files behind one path, folder or pattern.

    Raises:
        SourceError: there is nothing there, or the path is none.
    """
    try:
        return _expand(path, suffixes)
    except (OSError, RuntimeError, ValueError) as error:  # too long, of an unknown user, or no pattern
        raise SourceError(f"{printable(path)} is no path or pattern: {error}.", fix="correct it") from None


def _expand(path: str, suffixes: tuple[str, ...]) -> list[Path]:
    place = Path(path).expanduser()
    if place.is_file():
        return [place]
    if place.is_dir():
        return sorted(file for file in place.rglob("*") if file.is_file() and file.name.lower().endswith(suffixes))
    if glob.has_magic(path) and _fixed_part(place).is_dir():
        start = _fixed_part(place)
        matches = sorted(start.glob(str(place.relative_to(start))))
        return [file for match in matches for file in (_expand(str(match), suffixes) if match.is_dir() else [match])]
    raise SourceError(f"{path} does not exist.", fix="correct the path, or leave it out")


def _fixed_part(pattern: Path) -> Path:
    """Return the folder that a pattern starts from: all parts before the first with a wildcard."""
    return next((p for p in pattern.parents if not glob.has_magic(str(p))), Path())


def _fingerprint(file: Path) -> SourceFile:
    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            return SourceFile(path=str(file), sha256=digest, bytes=content.tell())
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}.", fix="check its permissions") from error
