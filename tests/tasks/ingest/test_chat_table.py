"""No chat is lost or read twice, whatever transactions, page sizes and lost connections do, on a real PostgreSQL."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.database import connect
from tasks.errors import DatabaseUnreachable
from tasks.ingest import chat_table
from tasks.ingest.chat_table import sql
from tasks.ingest.intake import Intake
from tasks.ingest.interactions import collect_interactions
from tasks.ingest.positions import advance, position
from tasks.records import ChatQuery

KEY = b"a key of tests"
QUERY = ChatQuery(agent_type="MedicalQA")
ANSWER = "one two three four five six seven eight nine ten"
MESSAGES = orjson.dumps([{"role": "user", "content": "What diet?"}, {"role": "assistant", "content": ANSWER}]).decode()
INSERT = (
    "insert into interactions (conversation_id, agent_type, messages, rating)"
    " select 'c', 'MedicalQA', %s, 5 from generate_series(1, %s) returning id"
)

Open = Callable[[], psycopg.Connection[Any]]


@pytest.fixture(scope="module")
def dsn(_server: None) -> str:
    with connect() as connection:
        return f"{connection.info.dsn} options='-c lock_timeout=5s'"  # a test that fails may leave a transaction open


@pytest.fixture
def opened(conn: psycopg.Connection[Any], dsn: str) -> Iterator[Open]:
    """Open further connections to the same database, closed after the test and before the tables are emptied."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(contextlib.closing(psycopg.connect(dsn)))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait neither for an older transaction nor before another connection."""
    monkeypatch.setattr(chat_table, "WAIT_SECONDS", 0)
    monkeypatch.setattr(chat_table, "FIRST_DELAY_SECONDS", 0)


def add(conn: psycopg.Connection[Any], rows: int = 1) -> list[str]:
    return [str(row[0]) for row in conn.execute(INSERT, (MESSAGES, rows))]


def read(conn: psycopg.Connection[Any], intake: Intake, query: ChatQuery = QUERY, reconnect: Any = None) -> list[str]:
    """Return the ids of what is read next, and leave the transaction, as a step does."""
    try:
        return [row["id"] for row in collect_interactions(conn, query, KEY, intake, reconnect)]
    finally:
        conn.rollback()


def behind(intake: Intake) -> ChatQuery:
    return QUERY.model_copy(update={"position": intake.watermark})


# ── transactions ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("impatient")
def test_a_chat_that_is_committed_late_is_not_passed_over(opened: Open) -> None:
    early, late, reader, intake = opened(), opened(), opened(), Intake()
    (slow,) = add(early)
    (quick,) = add(late)
    late.commit()
    assert read(reader, intake) == []
    assert "older transaction" in intake.warnings[0]
    early.commit()
    assert read(reader, intake, behind(intake)) == [slow, quick]
    assert read(reader, intake, behind(intake)) == []


@pytest.mark.usefixtures("impatient")
def test_a_transaction_that_is_rolled_back_holds_nothing_up(opened: Open) -> None:
    early, late, reader = opened(), opened(), opened()
    add(early)
    (quick,) = add(late)
    late.commit()
    early.rollback()
    assert read(reader, Intake()) == [quick]


def test_an_older_transaction_that_ends_soon_is_waited_for(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    early, late, reader, intake = opened(), opened(), opened(), Intake()
    (slow,), (quick,) = add(early), add(late)
    late.commit()
    monkeypatch.setattr(chat_table.time, "sleep", lambda _: early.commit())
    assert read(reader, intake) == [slow, quick]
    assert intake.warnings == []


@pytest.mark.usefixtures("impatient")
def test_a_row_brought_from_elsewhere_gets_a_transaction_of_here(opened: Open) -> None:
    writer, reader, intake = opened(), opened(), Intake()
    add(writer)
    writer.commit()
    read(reader, intake)
    copied = writer.execute(
        "insert into interactions (conversation_id, agent_type, messages, rating, changed_in, revised)"
        " select conversation_id, agent_type, messages, rating, '3', true from interactions returning id, revised"
    ).fetchall()
    writer.commit()
    assert read(reader, intake, behind(intake)) == [str(copied[0][0])]
    assert copied[0][1] is False


WRITERS = 3
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["insert", "update", "commit", "rollback"]), st.integers(0, WRITERS - 1)),
        st.tuples(st.just("read"), st.sampled_from([1, 2, 100])),
    ),
    min_size=8,
    max_size=30,
)


@pytest.fixture(scope="module")
def writers(dsn: str) -> Iterator[list[psycopg.Connection[Any]]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(psycopg.connect(dsn))) for _ in range(WRITERS + 1)]


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_each_version_of_a_chat_that_lasts_is_read_once(
    writers: list[psycopg.Connection[Any]], steps: list[tuple[str, int]]
) -> None:
    """A version is what one transaction left; one that another replaced before a reading need not be seen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chat_table, "WAIT_SECONDS", 0)
        *others, reader = writers
        for connection in writers:
            connection.rollback()
        seen: Counter[tuple[str, str]] = Counter()
        for step, number in steps:
            if step == "read":
                seen.update(_read_and_advance(reader, number))
            elif step == "insert":
                add(others[number])
            elif step == "update":
                # A row that another writer holds is left alone: nobody waits in a test of one thread.
                others[number].execute(
                    "update interactions set rating = 4 + random() where id in"
                    " (select id from interactions order by id limit 1 for update skip locked)"
                )
            else:
                getattr(others[number], step)()
        for connection in others:
            connection.commit()
        while found := _read_and_advance(reader, 2):
            seen.update(found)
        lasting = set(reader.execute("select id::text, rating::text from interactions").fetchall())
        reader.execute("truncate interactions, watermarks")
        reader.commit()
    assert lasting <= set(seen)
    assert max(seen.values(), default=1) == 1


def _read_and_advance(reader: psycopg.Connection[Any], limit: int) -> list[tuple[str, str]]:
    query = QUERY.model_copy(update={"limit": limit, "position": position(reader, "interactions", "MedicalQA")})
    intake = Intake()
    rows = list(collect_interactions(reader, query, KEY, intake))
    advance(reader, "MedicalQA", intake.watermark)
    reader.commit()
    return [(row["id"], f"{row['rating']:.9g}") for row in rows]


# ── lost connections ─────────────────────────────────────────────────────────────────────────────────────────────


class Line:
    """Lends connections that can be cut."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.lent: list[int] = []

    @contextlib.contextmanager
    def lend(self) -> Iterator[psycopg.Connection[Any]]:
        with contextlib.closing(psycopg.connect(self.dsn)) as connection:
            self.lent.append(connection.info.backend_pid)
            yield connection

    def cut(self) -> None:
        """End the last connection on the server, and wait until it is gone."""
        with psycopg.connect(self.dsn, autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(%s)", (self.lent[-1],))
            while admin.execute("select from pg_stat_activity where pid = %s", (self.lent[-1],)).fetchone():
                pass


ROWS = 23


@contextlib.contextmanager
def filled(dsn: str) -> Iterator[tuple[list[str], list[str]]]:
    """Fill the table with chats of several transactions and return the ids of the good and of the low-rated ones."""
    with psycopg.connect(dsn) as connection:
        for rows in (1, 10, ROWS - 11):
            add(connection, rows)
            connection.commit()
        connection.execute("update interactions set rating = 1 where id % 3 = 0")
        connection.commit()
        found = connection.execute(
            "select id::text, rating from interactions order by changed_in, interactions.id"
        ).fetchall()
    try:
        yield [id_ for id_, rating in found if rating > 1], [id_ for id_, rating in found if rating == 1]
    finally:
        with psycopg.connect(dsn) as connection:
            connection.execute("truncate interactions")


@settings(max_examples=25, deadline=None)
@given(batch=st.integers(1, ROWS + 1), cuts=st.sets(st.integers(0, ROWS), max_size=4), limit=st.integers(1, ROWS))
def test_no_chat_is_lost_or_doubled_for_any_page_size_limit_and_interruption(
    dsn: str, batch: int, cuts: set[int], limit: int
) -> None:
    line, taken, left_out, intake = Line(dsn), [], [], Intake()
    with pytest.MonkeyPatch.context() as patch, filled(dsn) as (good, low):
        patch.setattr(chat_table, "FIRST_DELAY_SECONDS", 0)
        patch.setattr(chat_table, "BATCH_ROWS", batch)
        met = -1
        while met < len(taken) + len(left_out):
            met = len(taken) + len(left_out)
            query, intake = behind(intake).model_copy(update={"limit": limit}), Intake()
            with line.lend() as connection:
                for row in collect_interactions(connection, query, KEY, intake, line.lend):
                    if len(taken) in cuts:
                        line.cut()
                    taken.append(row["id"])
            left_out += [reject.source_id for reject in intake.rejects()]
    assert (taken, left_out) == (good, low)


@pytest.mark.usefixtures("impatient")
def test_a_pool_replaces_a_connection_that_was_lost_within_a_step(
    conn: psycopg.Connection[Any], dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_table, "BATCH_ROWS", 2)
    ids, line, read = add(conn, 9), Line(dsn), []
    conn.commit()
    with connect() as connection:
        line.lent.append(connection.info.backend_pid)
        for row in collect_interactions(connection, QUERY, KEY, Intake(), connect):
            read.append(row["id"])
            if len(read) == 3:
                line.cut()
    assert read == ids
    with connect() as connection:
        assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("lost", [psycopg.OperationalError("gone"), DatabaseUnreachable("Gone.", fix="start it")])
def test_a_server_that_stays_away_is_an_error_in_the_end(
    conn: psycopg.Connection[Any], dsn: str, monkeypatch: pytest.MonkeyPatch, lost: Exception
) -> None:
    monkeypatch.setattr(chat_table, "BATCH_ROWS", 2)
    add(conn, 9)
    conn.commit()
    line, tries = Line(dsn), []

    def refused() -> Any:
        tries.append(1)
        raise lost

    with line.lend() as connection:
        rows = collect_interactions(connection, QUERY, KEY, intake := Intake(), refused)
        next(rows)
        line.cut()
        with pytest.raises(type(lost)):
            list(rows)
    assert len(tries) == chat_table.RECONNECTS
    # What was not read to its end keeps the position from which it began.
    assert intake.watermark["interactions"] == chat_table.BEGINNING[0]


@pytest.mark.usefixtures("impatient")
def test_without_another_connection_a_lost_one_is_an_error(
    conn: psycopg.Connection[Any], dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_table, "BATCH_ROWS", 2)
    add(conn, 9)
    conn.commit()
    line = Line(dsn)
    with line.lend() as connection:
        rows = collect_interactions(connection, QUERY, KEY, Intake())
        next(rows)
        line.cut()
        with pytest.raises(psycopg.OperationalError):
            list(rows)


def test_an_error_of_a_live_connection_is_not_tried_again(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = opened()
    add(reader)
    reader.commit()
    reader.execute("set statement_timeout = 1")
    slow = chat_table.sql("chats_well_rated") + b" offset (select 0 from pg_sleep(1))"
    monkeypatch.setattr(chat_table, "sql", lambda name: slow if name == "chats_well_rated" else sql(name))
    with pytest.raises(psycopg.errors.QueryCanceled):
        read(reader, Intake(), reconnect=lambda: pytest.fail("a new connection cannot cure that"))


# ── clusters ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_position_of_another_cluster_begins_anew_and_is_replaced(opened: Open) -> None:
    conn = opened()
    ids = add(conn, 3)
    conn.commit()
    here = chat_table.cluster_identity(conn)
    restored = {"interactions": 10**12, "interactions id": 5, "interactions cluster": here + 1}
    advance(conn, "MedicalQA", restored)
    query = QUERY.model_copy(update={"position": position(conn, "interactions", "MedicalQA")})
    conn.commit()
    intake = Intake()
    assert read(conn, intake, query) == ids
    advance(conn, "MedicalQA", intake.watermark)
    kept = position(conn, "interactions", "MedicalQA")
    assert kept == intake.watermark
    assert kept["interactions cluster"] == here
    assert kept["interactions"] < 10**12


def test_where_the_cluster_may_not_be_known_all_is_read_and_no_position_kept(opened: Open) -> None:
    conn = opened()
    ids = add(conn, 3)
    conn.commit()
    query = QUERY.model_copy(update={"position": {"interactions": 10**12}})
    conn.execute("create role reader")
    conn.execute("grant select on interactions to reader; grant usage on schema public to reader")
    conn.execute("revoke execute on function pg_control_system() from public")
    conn.execute("set local role reader")
    intake = Intake()
    assert read(conn, intake, query) == ids
    assert intake.watermark == {}
    assert "pg_control_system" in intake.warnings[0]
