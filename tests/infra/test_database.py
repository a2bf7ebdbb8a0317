"""Connections and migrations, on a real server."""

import hashlib
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from infra import database, embedded_postgres
from infra.database_schema import MIGRATIONS, bring_up_to_date, migrations_in
from infra.errors import ConfigError, DatabaseUnreachable
from infra.settings import Settings, get_settings


@pytest.fixture(scope="module")
def own_database(server_url: str) -> str:
    """Make a database for this module."""
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute("create database chats")
    return server_url.replace("/postgres?", "/chats?")


@pytest.fixture
def url(own_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Empty the module's database and point the settings at it."""
    with psycopg.connect(own_database) as connection:
        connection.execute("drop schema public cascade; create schema public; grant usage on schema public to public")
    use(own_database, monkeypatch)
    yield own_database
    database.close()
    get_settings.cache_clear()


def use(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUNDS_DATABASE_URL", url)
    get_settings.cache_clear()


def python(script: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def one(query: str) -> object:
    with database.connect() as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


# ── connections ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_url_the_embedded_server_is_started_and_migrated(
    embedded: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROUNDS_DATABASE_URL", raising=False)
    get_settings.cache_clear()
    assert one("select count(*) from installation") == 1
    described = database.describe()
    assert described["embedded"] is True
    assert described["migrations"] == len(migrations_in(MIGRATIONS))
    embedded_postgres.stop(embedded)
    assert one("select count(*) from installation") == 1, "it was started again"


def test_a_block_is_a_transaction(url: str) -> None:
    with database.connect() as connection:
        connection.execute("insert into watermarks values ('pubmed', 'MedicalQA', 1)")
    with pytest.raises(ZeroDivisionError), database.connect() as connection:
        connection.execute("update watermarks set value = 2")
        raise ZeroDivisionError
    assert one("select value from watermarks") == 1


def test_connections_are_reused_and_rows_come_as_asked(url: str) -> None:
    with database.connect() as connection:
        first = connection.info.backend_pid
        assert connection.execute("select 1 as a").fetchone() == (1,)
    with database.connect(as_dicts=True) as connection:
        assert connection.info.backend_pid == first
        assert connection.execute("select 1 as a").fetchone() == {"a": 1}
    with database.connect() as connection:
        assert connection.execute("select 1 as a").fetchone() == (1,)


def test_a_connection_that_the_server_dropped_is_replaced(url: str, server_url: str) -> None:
    pid = one("select pg_backend_pid()")
    with psycopg.connect(server_url) as server:
        server.execute("select pg_terminate_backend(%s)", (pid,))
    assert one("select 1") == 1


def test_a_server_that_goes_away_in_the_block_may_be_tried_again(url: str, server_url: str) -> None:
    with pytest.raises(DatabaseUnreachable) as caught, database.connect() as connection:
        with psycopg.connect(server_url) as server:
            server.execute("select pg_terminate_backend(%s)", (connection.info.backend_pid,))
        connection.execute("select 1")
    assert caught.value.retryable


def test_an_error_of_a_statement_stays_what_it_is(url: str) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable), database.connect() as connection:
        connection.execute("select * from nothing")


def test_too_many_at_once_is_told_apart_from_an_unreachable_server(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "POOL_SIZE", 1)
    monkeypatch.setattr(database, "CONNECT_SECONDS", 1)
    told: list[str] = []

    def second() -> None:
        try:
            one("select 1")
        except DatabaseUnreachable as error:
            told.append(str(error))

    with database.connect():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert told[0].startswith("All 1 database connections of this process are in use.")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Open a port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_never_answers_is_given_up_in_time(silent_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert database.CONNECT_SECONDS == 5
    monkeypatch.setattr(database, "CONNECT_SECONDS", 2)  # the least that libpq takes
    use(f"postgresql://rounds:geheim@127.0.0.1:{silent_port}/chats", monkeypatch)
    began = time.monotonic()
    with pytest.raises(DatabaseUnreachable, match=f"at 127.0.0.1:{silent_port}/chats: ") as caught:
        one("select 1")
    assert 1.5 < time.monotonic() - began < 6
    assert "geheim" not in f"{caught.value} {caught.value.__cause__}"
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("postgresql://u:geheim@127.0.0.1:1/x", DatabaseUnreachable, r"at 127.0.0.1:1/x: .*refused"),
        ("postgresql://u:geheim@no-such-host.invalid/x", DatabaseUnreachable, r"at no-such-host.invalid:5432/x"),
        ("host=127.0.0.1 port=1 user=u password=geheim", DatabaseUnreachable, r"at 127.0.0.1:1/u"),
        ("geheim and more", ConfigError, "is not a PostgreSQL URL"),
        ("postgresql://u:geheim@127.0.0.1:1/x?nonsense=1", ConfigError, "is not a PostgreSQL URL"),
        ("mysql://u:geheim@127.0.0.1/x", ConfigError, "is not a PostgreSQL URL"),
    ],
)
def test_an_unusable_url_is_one_message_without_the_password(
    url: str, error: type[ConfigError], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(url, monkeypatch)
    with pytest.raises(error, match=said) as caught:
        one("select 1")
    assert "geheim" not in f"{caught.value} {caught.value.__cause__}"
    assert "geheim" not in repr(Settings(database_url=SecretStr(url)))
    get_settings.cache_clear()


def test_a_description_has_no_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(url.replace("rounds@", "rounds:geheim@"), monkeypatch)
    described = database.describe()
    assert "geheim" not in str(described)
    assert described["embedded"] is False
    assert int(described["bytes"]) > 1_000_000
    assert str(described["server_version"])[:2].isdigit()


def test_fork_and_exit_give_no_warning_and_each_process_has_its_own_connection(url: str) -> None:
    script = """
        import os
        from infra import database
        with database.connect() as connection:
            mine = connection.info.backend_pid
        child = os.fork()
        if child == 0:
            with database.connect() as connection:
                assert connection.info.backend_pid != mine
            raise SystemExit
        assert os.waitpid(child, 0)[1] == 0
        with database.connect() as connection:
            assert connection.info.backend_pid == mine
    """
    with python(script) as process:
        assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0


# ── migrations ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_processes_that_start_at_once_apply_each_migration_once(url: str) -> None:
    script = """
        from infra import database
        with database.connect() as connection:
            print(connection.execute("select count(*) from installation").fetchone()[0])
    """
    processes = [python(script) for _ in range(4)]
    assert [process.communicate(timeout=60) for process in processes] == [("1\n", "")] * 4
    assert one("select count(*) from schema_migrations") == len(migrations_in(MIGRATIONS))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "0001_one.sql").write_text("create table one (n int);\ninsert into one values (1);\n")
    return tmp_path


def migrate(url: str, folder: Path) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        bring_up_to_date(connection, folder)


def applied(url: str) -> list[tuple[int, str, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("select version, name, sha256 from schema_migrations order by 1").fetchall()


def test_each_file_is_applied_once_and_later_ones_are_added(url: str, files: Path) -> None:
    migrate(url, files)
    migrate(url, files)
    (files / "0002_two.sql").write_text("alter table one add m int")
    migrate(url, files)
    assert [(version, name) for version, name, _ in applied(url)] == [(1, "0001_one"), (2, "0002_two")]
    assert applied(url)[0][2] == hashlib.sha256((files / "0001_one.sql").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda file: file.write_text("create table one (n bigint)"), "0001_one was edited after it was applied"),
        (lambda file: file.unlink(), "has migration 0001_one, which this Rounds does not know"),
        (lambda file: file.with_name("0001_other.sql").write_text(""), "have the same number"),
    ],
)
def test_a_landed_file_is_not_edited_removed_or_doubled(url: str, files: Path, change: object, said: str) -> None:
    migrate(url, files)
    assert callable(change)
    change(files / "0001_one.sql")
    with pytest.raises(ConfigError, match=said):
        migrate(url, files)


def test_turned_line_ends_are_no_edit(url: str, files: Path) -> None:
    migrate(url, files)
    file = files / "0001_one.sql"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    migrate(url, files)


def test_of_a_file_that_fails_nothing_remains(url: str, files: Path) -> None:
    (files / "0002_two.sql").write_text("create table two (n int); insert into one values ('x');")
    with pytest.raises(ConfigError, match="0002_two does not apply"):
        migrate(url, files)
    assert [version for version, _, _ in applied(url)] == [1]
    with psycopg.connect(url) as connection:
        assert connection.execute("select to_regclass('two'), (select count(*) from one)").fetchone() == (None, 1)


def test_a_user_who_may_not_create_tables_is_told_what_to_grant(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    role = f"r_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
    use(url.replace("rounds@", f"{role}@"), monkeypatch)
    with pytest.raises(ConfigError, match="GRANT CREATE ON SCHEMA public"):
        one("select 1")


def test_a_database_in_another_encoding_is_refused(url: str, server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"latin_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(
            sql.SQL("create database {} encoding 'LATIN1' locale 'C' template template0").format(sql.Identifier(name))
        )
    use(server_url.replace("/postgres?", f"/{name}?"), monkeypatch)
    with pytest.raises(ConfigError, match="encoding is LATIN1"):
        one("select 1")


# ── the ground tables ────────────────────────────────────────────────────────────────────────────────────────────

MODEL = "insert into model_versions (id, agent_type, gguf_sha256, stage, record) values (%s, %s, 'x', %s, '{}')"
CHAT = "insert into interactions (conversation_id, agent_type, messages, rating) values ('c', 'MedicalQA', '[]', %s)"


def test_there_is_one_installation(url: str) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), database.connect() as connection:
        connection.execute("insert into installation default values")
    assert isinstance(one("select id from installation"), uuid.UUID)


def test_an_agent_type_has_one_champion(url: str) -> None:
    with database.connect() as connection:
        for id_, agent, stage in [
            ("a", "MedicalQA", "champion"),
            ("b", "Billing", "champion"),
            ("c", "MedicalQA", "candidate"),
            ("d", "MedicalQA", "candidate"),
            ("e", "MedicalQA", "retired"),
        ]:
            connection.execute(MODEL, (id_, agent, stage))
    with pytest.raises(psycopg.errors.UniqueViolation) as caught, database.connect() as connection:
        connection.execute("update model_versions set stage = 'champion' where id = 'c'")
    assert caught.value.diag.constraint_name == "one_champion_per_agent_type"
    with pytest.raises(psycopg.errors.CheckViolation), database.connect() as connection:
        connection.execute(MODEL, ("f", "MedicalQA", "winner"))


@pytest.mark.parametrize(("rating", "taken"), [(None, True), (1, True), (5, True), (4.5, True), (0, False), (6, False)])
def test_a_rating_is_1_to_5_or_absent(url: str, rating: float | None, taken: bool) -> None:
    try:
        with database.connect() as connection:
            connection.execute(CHAT, (rating,))
    except psycopg.errors.CheckViolation:
        assert not taken
    else:
        assert taken


def test_a_dataset_row_leads_to_a_dataset_and_two_agents_may_share_a_shard(url: str) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation), database.connect() as connection:
        connection.execute("insert into dataset_rows values ('no dataset', 'r', 'train')")
    with database.connect() as connection:
        for agent in ("MedicalQA", "Clinical"):
            connection.execute("insert into shards values ('s', %s, 'pubmed', 'documents', 1, %s)", (agent, Jsonb({})))


def test_a_name_is_held_by_one_process_at_a_time_and_let_go_of_at_the_end(url: str) -> None:
    with database.exclusive("MedicalQA"):
        with database.exclusive("Clinical"):
            pass
        with pytest.raises(ConfigError, match="at work on MedicalQA"), database.exclusive("MedicalQA"):
            pass
    with database.exclusive("MedicalQA"):
        pass


def test_an_installation_keeps_to_its_first_hash_key(url: str) -> None:
    database.keep_key("first")
    database.keep_key("first")
    with pytest.raises(ConfigError, match="hash key first"):
        database.keep_key("second")
