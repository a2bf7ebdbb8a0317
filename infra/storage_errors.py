"""What a person is told when the artifact store cannot be written or read."""

import errno
import shutil
from pathlib import Path

from infra.errors import StorageError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def cannot_write(folder: Path, error: OSError) -> StorageError:
    """Explain a failed write under `folder`: space if that is the cause, else the folder and the system's reason."""
    free = _free_gib(folder)
    reason = error.strerror or type(error).__name__
    if error.errno in FULL:
        fix = f"make room in {folder} ({free} GiB free) or point ROUNDS_ARTIFACTS_URL elsewhere, then run again"
    else:
        fix = f"check that {folder} can be written ({free} GiB free), then run again"
    return StorageError(f"An artifact could not be written under {folder}: {reason}.", fix=fix)


def missing(key: str, place: Path | str) -> StorageError:
    """Explain that an artifact, which a record names, is not there."""
    return StorageError(f"Artifact {key} is not in {place}.", fix="run again with --refresh to make it anew")


def damaged(key: str, place: Path | str) -> StorageError:
    """Explain that an artifact's content is not what its name says."""
    return StorageError(
        f"Artifact {key} was changed after it was written.",
        fix=f"delete {place} if it is still there and run again with --refresh to make it anew",
    )


def _free_gib(folder: Path) -> str:
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return f"{shutil.disk_usage(existing).free / 2**30:.2f}"
