"""Read the table or view `interactions` in the order in which its transactions ended, behind a position.

A number from a sequence does not tell what was read: drawn early and committed late, it would be passed over. Here
`changed_in` holds the transaction that wrote a row, and a reading ends below the oldest transaction that is open
(`pg_snapshot_xmin`, https://www.postgresql.org/docs/current/functions-info.html): what is below has ended and can add
nothing. Among the rows of one transaction, `id` gives the order. A lost connection is replaced, and the reading goes on
behind the last row that came.

Transactions are counted by a cluster. The position lies in the database that it is about, so a restored base backup or
a standby that took over brings back both; a dump restored elsewhere brings old numbers to another count, which the
cluster's system identifier tells. Where that may not be read, nothing is kept and each reading begins anew.
"""

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import psycopg

from tasks.errors import DatabaseUnreachable, SourceError
from tasks.ingest.positions import CLUSTER, ID
from tasks.records import ChatQuery

log = logging.getLogger(__name__)

Row = tuple[Any, ...]
Parameters = Mapping[str, object]
Reconnect: TypeAlias = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]

BATCH_ROWS = 2000  # a fetch; half or four times as many are not faster
RECONNECTS = 5  # in a row without a row between them: 15 s, a server that restarts is back by then
FIRST_DELAY_SECONDS = 0.5
WAIT_SECONDS = 5.0  # for transactions older than what was just written; a long one is not waited for
BEGINNING = (0, -(2**63))  # before every transaction and every id

SEE_OPEN = "select pid, xact_start, query from pg_stat_activity where backend_xid is not null order by xact_start"


@dataclass(frozen=True)
class Reach:
    """From where to where one reading goes; `kept` says whether the next can begin where it ends."""

    after: int
    after_id: int
    upto: int
    cluster: int
    kept: bool
    warnings: tuple[str, ...]

    def position(self, source: str, changed_in: int, id_: int) -> dict[str, int]:
        """Return the watermark of a reading that ended at a row."""
        return {source: changed_in, source + ID: id_, source + CLUSTER: self.cluster} if self.kept else {}


def reach(conn: psycopg.Connection[Any], query: ChatQuery, source: str) -> Reach:
    """Return from where to where `query` reads; older transactions are given `WAIT_SECONDS` to end.

    Raises:
        SourceError: changed_in of a row is null, so that no reading would find it.
    """
    upto, newest = _horizon(conn, query)
    target, deadline = newest or 0, time.monotonic() + WAIT_SECONDS
    while target >= upto and time.monotonic() < deadline:
        time.sleep(0.1)
        upto, _ = _horizon(conn, query)
    cluster, dated, warnings = cluster_identity(conn), newest != 0, []
    if target >= upto:
        warnings.append(
            f"interactions: chats written while an older transaction is open come next time. See: {SEE_OPEN}"
        )
    if not dated:
        warnings.append(
            "interactions has no column changed_in: all chats are read each time. docs/sources.md says how to add it."
        )
    elif not cluster:
        warnings.append(
            "interactions: all chats are read each time, because this database user may not read which server it is on."
            " Fix: GRANT EXECUTE ON FUNCTION pg_control_system() TO that user"
        )
    kept = dated and cluster != 0
    after, after_id = _start(query.position, source, cluster) if kept else BEGINNING
    return Reach(after, after_id, upto, cluster, kept, tuple(warnings))


def rows(
    conn: psycopg.Connection[Any], statement: str, parameters: Parameters, reconnect: Reconnect | None
) -> Generator[Row, None, None]:
    """Yield the rows of a statement over `chats`; its columns begin with id and end with changed_in, standing, revised.

    Raises:
        psycopg.OperationalError, DatabaseUnreachable: the connection was lost, and `RECONNECTS` others after it.
    """
    failures = 0
    batches: Generator[list[Row], None, None] | None = None
    with contextlib.ExitStack() as lent:
        while True:
            try:
                if batches is None:
                    conn = lent.enter_context(reconnect()) if conn.closed and reconnect is not None else conn
                    batches = lent.enter_context(contextlib.closing(_batches(conn, statement, parameters)))
                batch = next(batches, None)
            except (psycopg.Error, DatabaseUnreachable) as error:
                if not conn.closed or reconnect is None or failures == RECONNECTS:
                    raise
                log.warning("connection lost error=%s attempt=%d", type(error).__name__, failures + 1)
                time.sleep(FIRST_DELAY_SECONDS * 2**failures)
                failures, batches = failures + 1, None
                continue
            if batch is None:
                return
            parameters = {**parameters, "after": int(batch[-1][-3]), "after_id": batch[-1][0]}
            failures = 0
            yield from batch


def _batches(conn: psycopg.Connection[Any], statement: str, parameters: Parameters) -> Generator[list[Row], None, None]:
    cursor = psycopg.ServerCursor(conn, "chats_in_order")
    try:
        cursor.execute(sql(statement), parameters)
        while batch := cursor.fetchmany(BATCH_ROWS):
            yield batch
    finally:
        with contextlib.suppress(psycopg.OperationalError):
            cursor.close()
        cursor.close()  # of a connection whose loss the first attempt found out


def cluster_identity(conn: psycopg.Connection[Any]) -> int:
    """Return the system identifier of the cluster that counts the transactions; 0 if it may not be read."""
    allowed = conn.execute("select has_function_privilege('pg_control_system()', 'execute')").fetchone()
    if not allowed or not allowed[0]:
        return 0
    found = conn.execute("select system_identifier from pg_control_system()").fetchone()
    return int(found[0]) if found else 0


@functools.cache
def sql(name: str) -> bytes:
    """Return a statement over `chats`, with what `chats` is before it."""
    return b"\n".join((Path(__file__).parent / f"{part}.sql").read_bytes() for part in ("chats", name))


@contextlib.contextmanager
def table_errors() -> Iterator[None]:
    """Translate what PostgreSQL says of an `interactions` that cannot be read; its messages may quote values."""
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction) as error:
        raise SourceError(
            f"The database has no usable `interactions`: {error.diag.message_primary}.",
            fix="give the view or table the columns that README lists, with their types",
        ) from error
    except psycopg.DataError as error:
        raise SourceError(
            f"The view `interactions` stops at a value that it cannot convert ({type(error).__name__}).",
            fix="let the view give null where a cast fails",
        ) from None


def _horizon(conn: psycopg.Connection[Any], query: ChatQuery) -> tuple[int, int | None]:
    upto, newest, undated = conn.execute(sql("chats_horizon"), {"agent_type": query.agent_type}).fetchone() or (0, 0, 0)
    if undated:
        raise SourceError(
            "`interactions` has rows whose changed_in is null: no reading would find them.",
            fix="update them with pg_current_xact_id() and make the column not null",
        )
    return upto, newest


def _start(position: Mapping[str, int], source: str, cluster: int) -> tuple[int, int]:
    if source not in position:
        return BEGINNING
    if position.get(source + CLUSTER) != cluster:
        log.warning("%s was last read on another server: all is read again", source)
        return BEGINNING
    return position[source], position.get(source + ID, BEGINNING[1])
