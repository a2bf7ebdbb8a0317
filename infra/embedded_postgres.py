"""An embedded PostgreSQL under the data folder: started on demand, found again, left running.

It listens on a Unix socket only, in a folder closed to other users, so it is never in the way of another server.
PostgreSQL refuses to run as root; there its programs run as another user, who reaches the cluster through a folder
handle that root opened: `/proc/self/fd/N` leads past parents that the user may not enter, and no permission outside
the data folder changes. A data folder on a network drive that two machines share is not covered: set
ROUNDS_DATABASE_URL there.
"""

import contextlib
import fcntl
import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import psutil

from infra.errors import ConfigError, DatabaseUnreachable
from infra.postgres_programs import Programs, ServerUser, find_programs, server_user, within_reach
from infra.postgres_sockets import PORT, SOCKET, is_socket, make_socket_folder, remove_socket_folder
from infra.settings import Settings

logger = logging.getLogger(__name__)

START_SECONDS = 60  # a server that was killed replays its log first
STOP_SECONDS = 30

OPTIONS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "50",
    "shared_buffers": "32MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_checkpoints": "off",
    # The message of a refused statement may quote a chat: the log takes no errors of statements, only the server's own.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class Running(NamedTuple):
    """A live server: its process, its socket's folder and whether it takes connections."""

    pid: int
    socket_folder: Path
    ready: bool


def start(settings: Settings) -> str:
    """Return the URL of the embedded server, started if it does not run; it outlives this process.

    Of several processes that ask at once, one starts it and the others wait.

    Raises:
        ConfigError: no programs to start, or the server does not start; the log's last lines say why.
        DatabaseUnreachable: it still replays its log after `START_SECONDS`.
    """
    home = settings.data / "postgres"
    try:
        found = _running(home / "cluster")
        if found is None or not found.ready:
            with _only_one(home):
                found = _wait_or_recover(home) or _start(home, settings.embedded_postgres)
    except OSError as error:
        raise ConfigError(
            f"The embedded database under {home} cannot be started: {error.strerror or error}.",
            fix="check who owns that folder and the space there, or set ROUNDS_DATABASE_URL",
        ) from error
    return f"postgresql://rounds@/postgres?host={quote(str(found.socket_folder), safe='')}&port={PORT}"


def stop(settings: Settings) -> None:
    """Stop the embedded server, if it runs; open transactions are rolled back.

    Raises:
        ConfigError: it is still there after `STOP_SECONDS`.
    """
    home = settings.data / "postgres"
    if not home.is_dir():
        return
    with _only_one(home):
        found = _running(home / "cluster")
        if found is not None:
            _end(found)


def _start(home: Path, source: str) -> Running:
    began = time.monotonic()
    cluster = home / "cluster"
    user = server_user(cluster)
    programs = within_reach(find_programs(source, _made_by(cluster), user), user)
    if not cluster.exists():
        _make_cluster(home, programs, user)
    _remove_stale(cluster)
    sockets = make_socket_folder(home, user)
    options = OPTIONS | {"unix_socket_directories": str(sockets)}
    words = shlex.join(word for name, value in options.items() for word in ("-c", f"{name}={value}"))
    log = home / "server.log"
    with log.open("ab") as output:
        log.chmod(0o600)
        before = output.tell()
        code = _run(
            [programs.folder / "pg_ctl", "start", "-s", "-w", "-t", str(START_SECONDS), "-o", words],
            cluster,
            user,
            output=output.fileno(),
        )
    found = _running(cluster)
    if code != 0 or found is None:
        if found is None:
            remove_socket_folder(sockets)
        raise _not_started(log, before)
    logger.info("embedded PostgreSQL %d started seconds=%.2f", programs.major, time.monotonic() - began)
    return found


def _make_cluster(home: Path, programs: Programs, user: ServerUser | None) -> None:
    """Make the cluster under a temporary name: one that exists is complete."""
    for leftover in home.glob("making-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    making = home / f"making-{uuid.uuid4().hex[:8]}"
    making.mkdir(mode=0o700)
    log = home / "initdb.log"
    try:
        if user is not None:
            os.chown(making, user.uid, user.gid)
        initdb = (programs.folder / "initdb", "-U", "rounds", "-E", "UTF8", "--locale=C", "--auth=trust")
        with log.open("wb") as output:
            code = _run(initdb, making, user, output=output.fileno())
        if code != 0:
            raise _not_started(log, 0)
        making.rename(home / "cluster")
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _run(command: Sequence[str | Path], cluster: Path, user: ServerUser | None, *, output: int) -> int:
    """Run a PostgreSQL program on a cluster and return its exit status, `output` taking what it prints."""
    # Settings of other clients (PGPORT, PGDATA) and library paths stay out; a fixed zone saves initdb its search.
    surroundings = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
    if user is None:
        return subprocess.run(
            [*command, "-D", cluster],
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        ).returncode
    handle = os.open(cluster, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # From a working folder that the user may not enter PostgreSQL 15 does not find itself: hence "/".
        return subprocess.run(
            [*command, "-D", f"/proc/self/fd/{handle}"],
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            cwd="/",
            user=user.uid,
            group=user.gid,
            extra_groups=[],
            pass_fds=(handle,),
        ).returncode
    finally:
        os.close(handle)


# ── finding a server ─────────────────────────────────────────────────────────────────────────────────────────────


def _running(cluster: Path) -> Running | None:
    """Return the cluster's live server as its pid file tells: pid, folder, start time, port, socket, …, status."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid = int(lines[0])
        process = psutil.Process(pid)
        # A number may have gone to another program since; a server works in its cluster's folder.
        if process.status() == psutil.STATUS_ZOMBIE or not Path(process.cwd()).samefile(cluster):
            return None
    except (FileNotFoundError, IndexError, ValueError, psutil.Error):
        return None
    sockets = Path(lines[4]) if len(lines) > 4 else Path()
    ready = len(lines) > 7 and lines[7].strip() == "ready" and is_socket(sockets / SOCKET)
    return Running(pid, sockets, ready)


def _wait_or_recover(home: Path) -> Running | None:
    """Wait for a server that is starting; end one whose socket was removed, since nobody can reach it any more."""
    deadline = time.monotonic() + START_SECONDS
    while (found := _running(home / "cluster")) is not None and not found.ready:
        if is_socket(found.socket_folder / SOCKET) or not found.socket_folder.is_absolute():
            if time.monotonic() > deadline:
                raise DatabaseUnreachable(
                    f"The embedded database has been starting for {START_SECONDS} s.",
                    fix=f"wait, then run again; {home / 'server.log'} says what it does",
                )
            time.sleep(0.05)
        else:
            logger.warning("embedded PostgreSQL lost its socket: restarting it")
            _end(found)
    return found


def _remove_stale(cluster: Path) -> None:
    """Clear away what a killed server left.

    PostgreSQL replaces a stale pid file by itself after making sure that no orphan still writes; only where another
    program has the number by now does it refuse, and only there is the file removed.
    """
    pid_file = cluster / "postmaster.pid"
    try:
        lines = pid_file.read_text(encoding="utf-8").splitlines()
        taken = psutil.pid_exists(int(lines[0]))
    except FileNotFoundError:
        return
    except (IndexError, ValueError):
        taken = True
    if len(lines) > 4:
        remove_socket_folder(Path(lines[4]))
    if taken:
        pid_file.unlink()


def _end(server: Running) -> None:
    os.kill(server.pid, signal.SIGINT)  # "fast": sessions are ended, the log is written
    deadline = time.monotonic() + STOP_SECONDS
    while psutil.pid_exists(server.pid) and psutil.Process(server.pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            raise ConfigError(
                f"The embedded database (process {server.pid}) did not stop within {STOP_SECONDS} s.",
                fix=f"end it with `kill -QUIT {server.pid}`",
            )
        time.sleep(0.02)
    remove_socket_folder(server.socket_folder)


@contextlib.contextmanager
def _only_one(home: Path) -> Iterator[None]:
    home.mkdir(mode=0o700, exist_ok=True)
    with (home / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _made_by(cluster: Path) -> int | None:
    version = cluster / "PG_VERSION"
    return int(version.read_text(encoding="ascii")) if version.exists() else None


def _not_started(log: Path, offset: int) -> ConfigError:
    text = log.read_bytes()[offset:].decode(errors="replace")
    lines = [re.sub(r"^\S+ \S+ UTC \[\d+\] ", "", line.strip()) for line in text.splitlines()]
    telling = [line for line in lines if line and not re.match(r"pg_ctl: could not start|Examine the log", line)]
    said = " / ".join(telling[-3:]).rstrip(".")
    return ConfigError(
        f"The embedded database did not start: {said or 'no message'}.",
        fix=f"see {log}, or set ROUNDS_DATABASE_URL to a PostgreSQL of your own",
    )
