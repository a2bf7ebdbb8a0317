"""The embedded server: both sources of programs, root and not, killed starters, killed servers, two at once."""

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra import embedded_postgres, postgres_programs, postgres_sockets
from infra.embedded_postgres import start, stop
from infra.errors import ConfigError
from infra.postgres_programs import Programs, ServerUser, can_enter, find_programs, within_reach
from infra.settings import Settings

AS_ROOT = os.geteuid() == 0


def installed(source: str) -> Programs:
    try:
        return find_programs(source, made_by=None, user=None)
    except ConfigError:
        pytest.skip(f"no PostgreSQL programs from: {source}")


def settings_in(folder: Path, source: str = "auto") -> Settings:
    return Settings(data_dir=folder, embedded_postgres=source, database_url=None, _env_file=None)  # type: ignore[call-arg]


def one(url: str, query: str) -> object:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def server_pid(settings: Settings) -> int:
    return int((settings.data / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()[0])


def wait_until_gone(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        deadline = time.monotonic() + 10
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """Make a folder below one that only its owner may enter, as a checkout under /root is."""
    parent = Path(tempfile.mkdtemp(prefix="rounds-closed-"))
    (parent / "inner").mkdir()
    yield parent / "inner"
    shutil.rmtree(parent)


# ── sources ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("source", ["system", "wheel"])
def test_each_source_starts_below_a_closed_folder_and_changes_no_permission_outside(
    closed_folder: Path, source: str
) -> None:
    programs = installed(source)
    around = [closed_folder, *closed_folder.parents]
    before = [(folder.stat().st_mode, folder.stat().st_uid, folder.stat().st_gid) for folder in around]
    settings = settings_in(closed_folder / "data", source)
    try:
        url = start(settings)
        version = str(one(url, "show server_version"))
        assert version.startswith(str(programs.major))
        assert one(url, "show server_encoding") == "UTF8"
        assert one(url, "show listen_addresses") == ""
        assert one(url, "show fsync") == "on"
        with psycopg.connect(url) as connection:
            connection.execute("create table kept as select 7 as n")
        stop(settings)
        assert one(start(settings), "select n from kept") == 7
    finally:
        stop(settings)
    assert [(folder.stat().st_mode, folder.stat().st_uid, folder.stat().st_gid) for folder in around] == before


def test_the_server_is_reached_by_a_socket_in_a_closed_folder_alone(embedded: Settings) -> None:
    url = start(embedded)
    folder = Path(str(one(url, "show unix_socket_directories")))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {c.laddr for c in psutil.Process(server_pid(embedded)).net_connections("tcp")} == set()


def test_stop_leaves_no_process_and_no_socket_folder(embedded: Settings) -> None:
    folder = Path(str(one(start(embedded), "show unix_socket_directories")))
    pid = server_pid(embedded)
    stop(embedded)
    stop(embedded)
    wait_until_gone(pid)
    assert not (folder / postgres_sockets.SOCKET).exists()


def test_a_cluster_of_another_version_is_not_touched(embedded: Settings) -> None:
    start(embedded)
    stop(embedded)
    (embedded.data / "postgres" / "cluster" / "PG_VERSION").write_text("99\n")
    with pytest.raises(ConfigError, match=r"made by PostgreSQL 99, but found: \d+.*install PostgreSQL 99"):
        start(embedded)


def test_the_cluster_stays_with_the_programs_that_made_it(closed_folder: Path) -> None:
    made, usual = installed("wheel"), installed("auto")
    if made.major == usual.major:
        pytest.skip("the system has the wheel's version")
    try:
        start(settings_in(closed_folder, "wheel"))
        stop(settings_in(closed_folder))
        assert str(one(start(settings_in(closed_folder)), "show server_version")).startswith(str(made.major))
    finally:
        stop(settings_in(closed_folder))


def test_no_programs_is_one_message_with_a_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_programs, "_candidates", lambda source: iter([Programs(Path("/usr"), 12)]))
    with pytest.raises(ConfigError, match=r"install the package postgresql or .*ROUNDS_DATABASE_URL"):
        find_programs("auto", made_by=None, user=None)


def test_a_server_that_does_not_start_says_why_and_where_its_log_is(embedded: Settings) -> None:
    start(embedded)
    stop(embedded)
    (embedded.data / "postgres" / "cluster" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(ConfigError, match=r"did not start: .*no_such_setting.*server\.log"):
        start(embedded)


def test_the_log_holds_no_text_of_statements(embedded: Settings) -> None:
    with psycopg.connect(start(embedded), autocommit=True) as connection:
        for statement in ("select 'Mr Fiction'::int", "select * from fiction", "do $$begin raise 'fiction'; end$$"):
            with pytest.raises(psycopg.Error):
                connection.execute(statement.encode())
    assert "iction" not in (embedded.data / "postgres" / "server.log").read_text()


# ── found again ──────────────────────────────────────────────────────────────────────────────────────────────────

START = """
    import os, signal, sys
    from pathlib import Path
    from infra.embedded_postgres import start
    from infra.settings import Settings
    print(start(Settings(data_dir=Path(sys.argv[1]), database_url=None, _env_file=None)), flush=True)
    if sys.argv[2] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def starter(settings: Settings, then: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(START), str(settings.data), then], stdout=subprocess.PIPE, text=True
    )


def test_a_killed_starter_leaves_the_server_and_it_is_found_again(embedded: Settings) -> None:
    with starter(embedded, "die") as first:
        printed = first.communicate(timeout=60)[0].strip()
    assert first.returncode == -signal.SIGKILL
    pid = server_pid(embedded)
    assert start(embedded) == printed
    assert server_pid(embedded) == pid
    assert one(printed, "select 1") == 1


def test_of_two_that_start_at_once_one_starts_and_the_other_waits(embedded: Settings) -> None:
    both = [starter(embedded, "live") for _ in range(2)]
    urls = {process.communicate(timeout=60)[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(urls) == 1
    assert (embedded.data / "postgres" / "server.log").read_text().count("ready to accept connections") == 1


def test_a_killed_server_is_started_anew_with_what_was_committed(embedded: Settings) -> None:
    with psycopg.connect(start(embedded)) as connection:
        connection.execute("create table kept as select 7 as n")
    os.kill(server_pid(embedded), signal.SIGKILL)
    wait_until_gone(server_pid(embedded))
    assert one(start(embedded), "select n from kept") == 7


def test_a_pid_file_whose_number_another_program_has_is_not_believed(embedded: Settings) -> None:
    start(embedded)
    stop(embedded)
    with subprocess.Popen(["sleep", "60"], cwd="/") as other:
        pid_file = embedded.data / "postgres" / "cluster" / "postmaster.pid"
        pid_file.write_text(f"{other.pid}\n/nowhere\n1\n5432\n/nowhere\n\n0 0\nready   \n")
        assert one(start(embedded), "select 1") == 1
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("content", ["", "no number\n"])
def test_a_damaged_pid_file_is_no_obstacle(embedded: Settings, content: str) -> None:
    start(embedded)
    stop(embedded)
    (embedded.data / "postgres" / "cluster" / "postmaster.pid").write_text(content)
    assert one(start(embedded), "select 1") == 1


def test_a_removed_socket_restarts_the_server(embedded: Settings) -> None:
    folder = Path(str(one(start(embedded), "show unix_socket_directories")))
    (folder / postgres_sockets.SOCKET).unlink()
    assert one(start(embedded), "select 1") == 1


@pytest.mark.skipif(not AS_ROOT, reason="only root becomes another user")
def test_a_data_folder_of_another_user_is_one_message() -> None:
    folder = Path(tempfile.mkdtemp(prefix="rounds-roots-"))
    (folder / "data" / "postgres" / "cluster").mkdir(parents=True)
    (folder / "data" / "postgres").chmod(0o700)
    folder.chmod(0o755)
    try:
        told = as_nobody(lambda: start(settings_in(folder / "data")))
        assert told.startswith("ConfigError: The embedded database under"), told
        assert "Permission denied. Fix: check who owns that folder" in told
    finally:
        shutil.rmtree(folder)


def test_socket_folders_of_deleted_data_folders_are_removed_and_those_in_use_are_not(tmp_path: Path) -> None:
    made = {name: tmp_path / f"{postgres_sockets.SOCKET_PREFIX}{name}" for name in ("old", "used", "fresh")}
    for folder in made.values():
        folder.mkdir()
    (made["used"] / postgres_sockets.SOCKET).touch()
    for name in ("old", "used"):
        os.utime(made[name], (1, 1))
    postgres_sockets._remove_orphans(tmp_path)
    assert {name for name, folder in made.items() if folder.exists()} == {"used", "fresh"}


def test_a_killed_initdb_leaves_no_cluster_that_anyone_takes_for_whole(embedded: Settings) -> None:
    half = embedded.data / "postgres" / "making-0000"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")
    assert one(start(embedded), "select 1") == 1
    assert not half.exists()


# ── users ────────────────────────────────────────────────────────────────────────────────────────────────────────


def as_nobody(work: Callable[[], str]) -> str:
    """Run `work` in a forked child as the user nobody, who may not even enter the interpreter's folder."""
    nobody = pwd.getpwnam("nobody")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            os.write(write, work().encode())
        except BaseException as error:  # noqa: BLE001  # the parent is told, then this child ends
            os.write(write, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        told = answer.read()
    os.waitpid(child, 0)
    return told


@pytest.mark.skipif(not AS_ROOT, reason="only root can become another user")
@pytest.mark.parametrize("source", ["system", "wheel"])
@pytest.mark.parametrize("name", ["data", "a rather long name, with spaces, " * 4])
def test_another_user_than_root_runs_its_own_server_and_root_can_use_it(source: str, name: str) -> None:
    if not can_enter(installed(source).folder, ServerUser(65534, 65534)):
        pytest.skip("the user nobody cannot reach these programs")
    folder = Path(tempfile.mkdtemp(prefix="rounds-nobody-"))
    os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    settings = settings_in(folder / name, source)

    def work() -> str:
        url = start(settings)
        stop(settings)
        return f"{one(start(settings), 'select 41 + 1')} {url}"

    try:
        told = as_nobody(work)
        assert told.startswith("42 postgresql://"), told
        assert psutil.Process(server_pid(settings)).username() == "nobody"
        assert one(start(settings), "select 1") == 1
        stop(settings)
        assert one(start(settings), "select 2") == 2
        assert psutil.Process(server_pid(settings)).username() == "nobody"
    finally:
        stop(settings)
        shutil.rmtree(folder)


@pytest.mark.skipif(not AS_ROOT, reason="only root runs programs as another user")
def test_programs_that_the_server_user_cannot_reach_are_copied_once_and_run(
    closed_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = installed("wheel")
    package = wheel.folder.parents[1]
    libraries = package.with_name(package.name + ".libs")
    shutil.copytree(libraries, closed_folder / libraries.name)
    hidden = Programs(closed_folder / wheel.folder.relative_to(package.parent), wheel.major)
    shutil.copytree(wheel.folder.parent, hidden.folder.parent, symlinks=True)
    place = Path(tempfile.mkdtemp(prefix="rounds-copy-"))
    place.chmod(0o755)
    monkeypatch.setattr(postgres_programs, "COPY_TO", (closed_folder / "unreachable", place))
    monkeypatch.setattr(embedded_postgres, "find_programs", lambda *_: hidden)
    settings = settings_in(closed_folder / "data")
    try:
        assert one(start(settings), "select 1") == 1
        nobody = ServerUser(pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
        assert within_reach(hidden, nobody) == within_reach(hidden, nobody)
        assert len(list(place.iterdir())) == 1
        place.chmod(0o777)
        with pytest.raises(ConfigError, match="cannot reach"):
            within_reach(hidden, nobody)
    finally:
        stop(settings)
        shutil.rmtree(place)
