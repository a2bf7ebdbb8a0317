"""How far each source was read: watermarks and ingested files, in PostgreSQL.

A source's position is one number (`arxiv`), or several that move together: `interactions` with `interactions id`, which
tells records of the same transaction apart, and `interactions cluster`, the server that counted them. Positions of
two servers cannot be compared: another cluster's position replaces the one that is kept.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from tasks.records import Reading, SourceFile

ID = " id"
CLUSTER = " cluster"


def watermark(conn: psycopg.Connection[Any], source: str, agent_type: str) -> int:
    """Return the last position of `source` that was collected for an agent type; 0 where none was."""
    return position(conn, source, agent_type).get(source, 0)


def position(conn: psycopg.Connection[Any], source: str, agent_type: str) -> dict[str, int]:
    """Return all numbers of a source's position as `advance` took them; empty where nothing was collected."""
    rows = conn.execute(
        "select source, value from watermarks where agent_type = %s and source = any(%s)",
        (agent_type, _keys(source)),
    ).fetchall()
    return {key: int(value) for key, value in rows}


def advance(conn: psycopg.Connection[Any], agent_type: str, positions: Mapping[str, int]) -> None:
    """Move each source's position forward, never back: a late writer does not undo a later one."""
    conn.execute("select pg_advisory_xact_lock(hashtextextended('watermarks', 0))")
    for source in positions:
        if source.endswith((ID, CLUSTER)):
            continue
        ahead = {key: positions[key] for key in _keys(source) if key in positions}
        kept = position(conn, source, agent_type)
        if _another_cluster(source, ahead, kept) or _place(source, ahead) > _place(source, kept):
            reset(conn, source, agent_type)
            conn.cursor().executemany(
                "insert into watermarks (source, agent_type, value) values (%s, %s, %s)",
                [(key, agent_type, value) for key, value in ahead.items()],
            )


def reset(conn: psycopg.Connection[Any], source: str, agent_type: str) -> None:
    """Forget how far a source was read for an agent type: the next collection reads all of it."""
    conn.execute("delete from watermarks where agent_type = %s and source = any(%s)", (agent_type, _keys(source)))


def _keys(source: str) -> list[str]:
    return [source, source + ID, source + CLUSTER]


def _another_cluster(source: str, ahead: Mapping[str, int], kept: Mapping[str, int]) -> bool:
    return ahead.get(source + CLUSTER) != kept.get(source + CLUSTER)


def _place(source: str, numbers: Mapping[str, int]) -> tuple[float, float]:
    """Return what positions are compared by; a source that was never read is before all others."""
    lowest = float("-inf")
    return numbers.get(source, lowest), numbers.get(source + ID, lowest)


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
