"""Numbered SQL files, applied in order, each once and in one transaction of its own.

A file that has landed is never edited: what is applied is compared with what is there by its SHA-256.
"""

import hashlib
import logging
from pathlib import Path
from typing import NamedTuple

import psycopg

from infra.errors import ConfigError

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
OLDEST_SERVER = 130000  # the first with gen_random_uuid() built in
LOCK = 7236837811  # any number, the same for ever: who holds it migrates

LEDGER = """
create table if not exists schema_migrations (
    version integer primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default now()
)
"""


class Migration(NamedTuple):
    """One numbered SQL file."""

    version: int
    name: str
    sha256: str
    sql: str


def bring_up_to_date(connection: psycopg.Connection, folder: Path = MIGRATIONS) -> None:
    """Apply the migrations that this database lacks; of several processes one does, the others wait.

    Args:
        connection: in autocommit mode.
        folder: holds `0001_name.sql`, `0002_…`.

    Raises:
        ConfigError: the server is too old or not in UTF-8; a landed file was edited or is unknown here; a file does
            not apply, in which case nothing of it remains.
    """
    _check_server(connection)
    there = migrations_in(folder)
    try:
        if connection.execute("select to_regclass('schema_migrations')").fetchone() == (None,):
            with connection.transaction():
                _lock(connection)
                connection.execute(LEDGER)
        for migration in _due(connection, there):
            with connection.transaction():
                # A lock of the transaction, not of the session: it also holds behind a pooler such as PgBouncer.
                _lock(connection)
                if migration in _due(connection, there):
                    _apply(connection, migration)
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigError(
            "The database user may not create tables.",
            fix="as the database's owner: GRANT CREATE ON SCHEMA public TO that user",
        ) from error


def migrations_in(folder: Path) -> list[Migration]:
    """Return a folder's migrations by number.

    Raises:
        ConfigError: two have the same number.
    """
    found = []
    for path in sorted(folder.glob("[0-9]*_*.sql")):
        # A checkout may turn line ends; that is no edit.
        sql = path.read_text(encoding="utf-8").replace("\r\n", "\n")
        version = int(path.name.partition("_")[0])
        found.append(Migration(version, path.stem, hashlib.sha256(sql.encode()).hexdigest(), sql))
    if len({migration.version for migration in found}) < len(found):
        raise ConfigError(f"Two migrations in {folder} have the same number.", fix="give the later one the next")
    return found


def _due(connection: psycopg.Connection, there: list[Migration]) -> list[Migration]:
    """Return what is not applied yet, after holding what is applied against the files."""
    rows = connection.execute("select version, name, sha256 from schema_migrations").fetchall()
    applied = {version: (name, sha256) for version, name, sha256 in rows}
    by_version = {migration.version: migration for migration in there}
    for version, (name, sha256) in sorted(applied.items()):
        if version not in by_version:
            raise ConfigError(
                f"The database has migration {name}, which this Rounds does not know.",
                fix="update Rounds to the version that last used this database",
            )
        if by_version[version].sha256 != sha256:
            raise ConfigError(
                f"Migration {name} was edited after it was applied to this database.",
                fix="restore the file and put the change into a migration with the next number",
            )
    return [migration for migration in there if migration.version not in applied]


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    try:
        connection.execute(migration.sql.encode())
    except psycopg.errors.InsufficientPrivilege:
        raise
    except psycopg.Error as error:
        raise ConfigError(
            f"Migration {migration.name} does not apply: {error.diag.message_primary or type(error).__name__}.",
            fix="give Rounds a database of its own (ROUNDS_DATABASE_URL): its tables are in the schema public",
        ) from error
    connection.execute(
        "insert into schema_migrations (version, name, sha256) values (%s, %s, %s)",
        (migration.version, migration.name, migration.sha256),
    )
    logger.info("migration applied name=%s", migration.name)


def _lock(connection: psycopg.Connection) -> None:
    connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))


def _check_server(connection: psycopg.Connection) -> None:
    if (version := connection.info.server_version) < OLDEST_SERVER:
        raise ConfigError(
            f"PostgreSQL {version // 10000} is too old: {OLDEST_SERVER // 10000} is needed.",
            fix="point ROUNDS_DATABASE_URL to a newer server",
        )
    if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
        raise ConfigError(
            f"The database's encoding is {encoding}, UTF8 is needed.",
            fix="create it with: createdb --encoding=UTF8 --template=template0 NAME",
        )
