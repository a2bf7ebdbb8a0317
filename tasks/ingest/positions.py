"""How far each source was read: watermarks and ingested files, in PostgreSQL."""

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from tasks.records import Reading, SourceFile


def watermark(conn: psycopg.Connection[Any], source: str, agent_type: str) -> int:
    """Return the last position of `source` that was collected for an agent type; 0 where none was."""
    row = conn.execute(
        "select value from watermarks where source = %s and agent_type = %s", (source, agent_type)
    ).fetchone()
    return int(row[0]) if row else 0


def advance(conn: psycopg.Connection[Any], agent_type: str, positions: Mapping[str, int]) -> None:
    """Move watermarks forward, never back: a late writer does not undo a later one."""
    for source, value in positions.items():
        conn.execute(
            "insert into watermarks (source, agent_type, value) values (%s, %s, %s)"
            " on conflict (source, agent_type) do update"
            " set value = excluded.value, updated_at = now() where watermarks.value < excluded.value",
            (source, agent_type, value),
        )


def not_yet_ingested(
    conn: psycopg.Connection[Any], files: Iterable[SourceFile], agent_type: str
) -> tuple[SourceFile, ...]:
    """Return the files whose content was not ingested for an agent type, in their order."""
    files = tuple(files)
    known = conn.execute(
        "select sha256 from ingested_files where agent_type = %s and sha256 = any(%s)",
        (agent_type, [file.sha256 for file in files]),
    ).fetchall()
    done = {row[0] for row in known}
    return tuple(file for file in files if file.sha256 not in done)


def mark_ingested(conn: psycopg.Connection[Any], agent_type: str, files: Iterable[SourceFile]) -> None:
    """Remember files by their content."""
    for file in files:
        conn.execute(
            "insert into ingested_files (sha256, agent_type, path) values (%s, %s, %s) on conflict do nothing",
            (file.sha256, agent_type, file.path),
        )


def write_down(conn: psycopg.Connection[Any], agent_type: str, reading: Reading) -> None:
    """Keep what a reading met, for the report of the round that learns from it. Its raw shards are not kept."""
    record = reading.model_dump(mode="json", exclude={"shards", "files"})
    conn.execute(
        "insert into readings (agent_type, source, record) values (%s, %s, %s)",
        (agent_type, reading.source, Jsonb(record)),
    )
