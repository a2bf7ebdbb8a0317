"""Migration 0003 on a table of ours, on a hospital's own table or view, and on ours under another name."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.database_schema import MIGRATIONS, bring_up_to_date

CHAT = "insert into interactions (conversation_id, agent_type, messages, rating) values ('c', %s, '[]', 4) returning id"
OWN = (
    "id bigint primary key, change_id bigint, conversation_id text, agent_type text, subject_key text, messages jsonb,"
    " rating real, correction text, created_at timestamptz, model_version text"
)


@pytest.fixture(scope="module")
def _database(server_url: str) -> str:
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute("create database interactions_migration")
    return server_url.replace("/postgres?", "/interactions_migration?")


@pytest.fixture
def conn(_database: str) -> Iterator[psycopg.Connection[Any]]:
    """Lend a connection to an empty database, in autocommit mode."""
    with psycopg.connect(_database, autocommit=True) as connection:
        connection.execute("drop schema public cascade; create schema public")
        yield connection


@pytest.fixture
def ground(tmp_path: Path) -> Path:
    """Return a folder that holds the first migration alone."""
    shutil.copy(MIGRATIONS / "0001_ground.sql", tmp_path)
    return tmp_path


def columns(conn: psycopg.Connection[Any], table: str = "interactions") -> set[str]:
    found = conn.execute("select column_name from information_schema.columns where table_name = %s", (table,))
    return {row[0] for row in found}


def test_what_was_there_has_a_transaction_counts_as_changed_and_is_read_once_more(
    conn: psycopg.Connection[Any], ground: Path
) -> None:
    bring_up_to_date(conn, ground)
    for agent in ("MedicalQA", "Billing"):
        conn.execute(CHAT, (agent,))
    conn.execute("insert into watermarks values ('interactions', 'MedicalQA', 2), ('arxiv', 'MedicalQA', 7)")
    conn.execute("insert into ingested_files values ('f', 'load-chats', 'chats.jsonl', 2)")
    bring_up_to_date(conn)
    found = conn.execute(
        "select count(*), count(distinct changed_in), bool_and(revised and consented) from interactions"
    )
    assert found.fetchone() == (2, 1, True)
    assert conn.execute("select source from watermarks").fetchall() == [("arxiv",)]
    marks = conn.execute("select agent_type from ingested_files order by 1").fetchall()
    assert marks == [("load-chats",), ("load-chats for Billing",), ("load-chats for MedicalQA",)]
    assert columns(conn) & {"change_id"} == set()
    assert conn.execute("select to_regclass('interaction_changes')").fetchone() == (None,)


@pytest.mark.parametrize(
    "change",
    [
        "rating = 5",
        "correction = 'No.'",
        "messages = '[1]'",
        "consented = false",
        "agent_type = 'Billing'",
        "id = default",
    ],
)
def test_a_row_keeps_the_transaction_that_wrote_it_last(conn: psycopg.Connection[Any], change: str) -> None:
    bring_up_to_date(conn)
    conn.execute(CHAT, ("MedicalQA",))
    inserted = conn.execute("select changed_in::text::bigint, revised from interactions").fetchone()
    conn.execute(f"update interactions set {change}".encode())
    updated = conn.execute("select changed_in::text::bigint, revised from interactions").fetchone()
    assert inserted is not None
    assert updated is not None
    assert (inserted[1], updated[1]) == (False, True)
    assert updated[0] > inserted[0]


def test_the_index_serves_a_page_behind_a_position(conn: psycopg.Connection[Any]) -> None:
    bring_up_to_date(conn)
    conn.execute("set enable_seqscan = off; set enable_sort = off")
    plan = conn.execute(
        "explain select * from interactions where agent_type = 'a' and (changed_in, id) > ('7', 3) and changed_in < '9'"
        " order by changed_in, id"
    ).fetchall()
    assert "interactions_in_order" in str(plan)
    assert "Sort" not in str(plan)


def test_a_table_of_ones_own_is_left_alone(conn: psycopg.Connection[Any]) -> None:
    conn.execute(f"create table interactions ({OWN})".encode())
    before = columns(conn)
    bring_up_to_date(conn)
    assert columns(conn) == before
    assert conn.execute("select count(*) from pg_trigger where not tgisinternal").fetchone() == (0,)


def test_a_view_of_ones_own_is_left_alone(conn: psycopg.Connection[Any]) -> None:
    conn.execute(f"create table chats ({OWN}); create view interactions as select * from chats".encode())
    before = columns(conn)
    bring_up_to_date(conn)
    assert columns(conn) == before


def test_a_view_over_our_renamed_table_is_left_alone(conn: psycopg.Connection[Any], ground: Path) -> None:
    bring_up_to_date(conn, ground)
    conn.execute("alter table interactions rename to chats; create view interactions as select * from chats")
    before = columns(conn), columns(conn, "chats")
    bring_up_to_date(conn)
    assert (columns(conn), columns(conn, "chats")) == before
    conn.execute("insert into chats (conversation_id, agent_type, messages) values ('c', 'a', '[]')")
    conn.execute("update chats set rating = 5")  # its trigger still works


def test_a_sequence_of_that_name_that_is_not_the_tables_does_not_make_it_ours(conn: psycopg.Connection[Any]) -> None:
    conn.execute(f"create table interactions ({OWN}); create sequence interaction_changes".encode())
    before = columns(conn)
    bring_up_to_date(conn)
    assert columns(conn) == before
