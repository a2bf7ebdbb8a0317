"""Where the embedded PostgreSQL has its socket: a private folder whose path is short enough for the system."""

import contextlib
import os
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path

from infra.errors import ConfigError
from infra.postgres_programs import ServerUser, can_enter

PORT = 5432  # only a part of the socket's name: nothing listens on it
SOCKET = f".s.PGSQL.{PORT}"
SOCKET_PATH_BYTES = 103  # macOS takes 103, Linux 107
SOCKET_PREFIX = "rounds-pg-"


def make_socket_folder(home: Path, user: ServerUser | None) -> Path:
    """Return a private folder for the socket: beside the cluster, or a short one if that path is too long.

    The next process reads from the pid file which it was, so its name need not be guessed again.

    Raises:
        ConfigError: no place is short enough.
    """
    folder = home / "socket"
    fits = len(os.fsencode(folder / SOCKET)) <= SOCKET_PATH_BYTES and re.fullmatch(r"[\w/.+-]+", str(folder))
    if user is None and fits:
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder
    for place in dict.fromkeys((Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))):  # noqa: S108
        if len(os.fsencode(place)) < SOCKET_PATH_BYTES - 40 and os.access(place, os.W_OK) and can_enter(place, user):
            _remove_orphans(place)
            folder = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=place))  # 0700
            if user is not None:
                os.chown(folder, user.uid, user.gid)
            return folder
    raise ConfigError(
        f"No folder is short enough for the database's socket ({SOCKET_PATH_BYTES} bytes).",
        fix="set ROUNDS_DATA_DIR or TMPDIR to a shorter path, or set ROUNDS_DATABASE_URL",
    )


def remove_socket_folder(folder: Path) -> None:
    """Remove a folder that `make_socket_folder` made; one beside the cluster stays."""
    if folder.name.startswith(SOCKET_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def _remove_orphans(place: Path) -> None:
    """Remove the socket folders of servers whose data folder was deleted; a starting one is minutes old at most."""
    for folder in place.glob(SOCKET_PREFIX + "*"):
        with contextlib.suppress(OSError):  # not empty: in use
            if time.time() - folder.stat().st_mtime > 3600:
                folder.rmdir()


def is_socket(path: Path) -> bool:
    """Tell whether there is a socket; False where it cannot be looked at."""
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False
