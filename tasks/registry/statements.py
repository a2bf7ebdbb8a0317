"""The registry's SQL by name: `sql/<name>.sql`, run on whatever kind of connection is given."""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb
from pydantic import BaseModel

SQL = Path(__file__).parent / "sql"
Connection = psycopg.Connection[Any]


@functools.cache
def statement(name: str) -> bytes:
    """Return the text of a statement."""
    return (SQL / f"{name}.sql").read_bytes()


def run(conn: Connection, name: str, **values: object) -> int:
    """Run a statement; return how many rows it touched. A record or mapping is passed as jsonb."""
    return conn.execute(statement(name), _adapted(values)).rowcount


def fetch(conn: Connection, name: str, **values: object) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows as tuples, whatever the connection's own row factory."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(statement(name), _adapted(values)).fetchall()


def copy_in(conn: Connection, name: str, rows: Iterable[tuple[str, ...]]) -> None:
    """Stream rows into a table through COPY."""
    with conn.cursor() as cursor, cursor.copy(statement(name)) as copy:
        for row in rows:
            copy.write_row(row)


def _adapted(values: Mapping[str, object]) -> dict[str, object] | None:
    """Turn records and mappings into jsonb; no values at all allow several statements in one file."""
    return {name: _jsonb(value) for name, value in values.items()} or None


def _jsonb(value: object) -> object:
    if isinstance(value, BaseModel):
        return Jsonb(value.model_dump(mode="json"))
    return Jsonb(dict(value)) if isinstance(value, Mapping) else value
