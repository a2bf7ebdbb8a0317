"""Connections to PostgreSQL: the user's server, or the embedded one; pooled, with the migrations applied.

A URL's password appears in no error and no description.
"""

import atexit
import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal, TypeAlias, overload

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, TupleRow, dict_row, tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from infra import embedded_postgres
from infra.database_schema import bring_up_to_date
from infra.errors import ConfigError, DatabaseUnreachable
from infra.settings import Settings, get_settings

CONNECT_SECONDS = 5
POOL_SIZE = 10  # per process; the embedded server takes 50

Pool: TypeAlias = ConnectionPool[psycopg.Connection[Any]]
_pools: dict[str, Pool] = {}
_abandoned: list[Pool] = []
_lock = threading.Lock()


@overload
def connect(*, as_dicts: Literal[False] = False) -> AbstractContextManager[psycopg.Connection[TupleRow]]: ...
@overload
def connect(*, as_dicts: Literal[True]) -> AbstractContextManager[psycopg.Connection[DictRow]]: ...
def connect(*, as_dicts: bool = False) -> AbstractContextManager[psycopg.Connection[Any]]:
    """Lend a connection for one transaction: committed at the end of the block, rolled back if it raises.

    The first call of a process starts the embedded server where no URL is set, and applies what migrations are due.
    Rows come as tuples, or as dictionaries with `as_dicts`.

    Raises:
        DatabaseUnreachable: no server answers within about `CONNECT_SECONDS`, or it went away in the block.
        ConfigError: the URL cannot be read, the server cannot be used, or a landed migration was edited.
    """
    return _lend(as_dicts=as_dicts)


@contextlib.contextmanager
def _lend(*, as_dicts: bool) -> Iterator[psycopg.Connection[Any]]:
    url = _url(get_settings())
    pool = _pool(url)
    try:
        connection = pool.getconn()
    except PoolTimeout as error:
        _try_once(url).close()
        raise DatabaseUnreachable(
            f"All {POOL_SIZE} database connections of this process are in use.", fix="run fewer steps at once"
        ) from error
    try:
        connection.row_factory = dict_row if as_dicts else tuple_row
        with connection:
            yield connection
    except psycopg.OperationalError as error:
        if not connection.broken:
            raise
        raise _unreachable(url, error) from error
    finally:
        pool.putconn(connection)


@contextlib.contextmanager
def exclusive(name: str, *, wait: bool = False) -> Iterator[None]:
    """Hold a name that no other process may hold meanwhile; a killed holder lets go of it at once.

    With `wait` another holder is waited for instead of being an error.

    Raises:
        ConfigError: another process holds it.
        DatabaseUnreachable: as `connect`.
    """
    with _try_once(_url(get_settings())) as connection:
        if wait:
            connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (name,))
            yield
            return
        held = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
        if held is None or not held[0]:
            raise ConfigError(f"Another process is at work on {name}.", fix="wait for it to end, or stop it")
        yield


def keep_key(fingerprint: str) -> None:
    """Bind the installation to the hash key of this process, or check that it is the one it is bound to.

    Raises:
        ConfigError: another key was used before; under this one patients would change pseudonym and split.
    """
    with connect() as connection:
        bound = connection.execute(
            "update installation set key_fingerprint = coalesce(key_fingerprint, %s) returning key_fingerprint",
            (fingerprint,),
        ).fetchone()
    if bound is not None and bound[0] != fingerprint:
        raise ConfigError(
            f"The database was filled under hash key {bound[0]}, this process has {fingerprint}.",
            fix="set ROUNDS_HASH_KEY to the first key, or copy hash.key from the data folder of the first machine",
        )


def describe() -> dict[str, Any]:
    """Return server_version, embedded (bool), url (without password), bytes (of the database) and migrations.

    Raises:
        ConfigError, DatabaseUnreachable: as `connect`.
    """
    settings = get_settings()
    with connect(as_dicts=True) as connection:
        seen = connection.execute(
            "select current_setting('server_version') as server_version,"
            " pg_database_size(current_database()) as bytes,"
            " (select count(*) from schema_migrations) as migrations"
        ).fetchone()
    assert seen is not None
    return {**seen, "embedded": settings.database_url is None, "url": _place(_url(settings))}


def close() -> None:
    """Close this process's connections; the next `connect` opens others. An embedded server goes on running."""
    with _lock:
        while _pools:
            _pools.popitem()[1].close()


def _url(settings: Settings) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return embedded_postgres.start(settings)


def _pool(url: str) -> Pool:
    with _lock:
        if url not in _pools:
            with _try_once(url) as connection:
                bring_up_to_date(connection)
            _pools[url] = ConnectionPool(
                url,
                kwargs={"connect_timeout": CONNECT_SECONDS},
                min_size=0,
                max_size=POOL_SIZE,
                timeout=CONNECT_SECONDS,
                check=ConnectionPool.check_connection,
                open=True,
            )
        return _pools[url]


def _try_once(url: str) -> psycopg.Connection[TupleRow]:
    try:
        return psycopg.connect(url, connect_timeout=CONNECT_SECONDS, autocommit=True)
    except psycopg.OperationalError as error:
        raise _unreachable(url, error) from error
    except psycopg.Error:
        # The parser quotes what it could not read, password and all.
        raise ConfigError(
            "ROUNDS_DATABASE_URL is not a PostgreSQL URL.", fix="write it as postgresql://user:password@host:5432/name"
        ) from None


def _unreachable(url: str, error: psycopg.Error) -> DatabaseUnreachable:
    password = str(conninfo_to_dict(url).get("password") or "")
    lines = str(error).strip().splitlines() or [type(error).__name__]
    reason = next((line for line in lines if "failed: " in line), lines[0]).rpartition("failed: ")[2]
    if password:
        reason = reason.replace(password, "***")
    return DatabaseUnreachable(
        f"No connection to PostgreSQL at {_place(url)}: {reason}.",
        fix="start the server, or correct ROUNDS_DATABASE_URL (unset: an embedded server)",
    )


def _place(url: str) -> str:
    """Return host, port and database of a URL, and nothing else of it."""
    parts = conninfo_to_dict(url)
    host = parts.get("host") or parts.get("hostaddr") or os.environ.get("PGHOST", "localhost")
    port = parts.get("port") or os.environ.get("PGPORT", "5432")
    return f"{host}:{port}/{parts.get('dbname') or parts.get('user') or ''}"


def _forget() -> None:
    """Leave the parent's connections to the parent: a forked child that used or closed them would break them."""
    global _lock  # noqa: PLW0603  # another thread may have held it at the fork
    _lock = threading.Lock()
    _abandoned.extend(_pools.values())
    _pools.clear()


os.register_at_fork(after_in_child=_forget)
atexit.register(close)
