"""Chats from a file: all of it or nothing, and once."""

from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from tasks.errors import SourceError
from tasks.ingest.chat_import import import_chats

TURNS = [{"role": "user", "content": "What diet?"}, {"role": "assistant", "content": "A diet low in salt."}]


def write(folder: Path, *lines: object) -> Path:
    file = folder / "chats.jsonl"
    file.write_bytes(b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in lines))
    return file


def count(conn: psycopg.Connection[Any]) -> int:
    found = conn.execute("select count(*) from interactions").fetchone()
    assert found is not None
    return int(found[0])


def test_a_line_fills_the_columns_and_what_it_lacks_has_a_default(
    conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    full = {
        "conversation_id": "c-1",
        "agent_type": "Clinical",
        "subject_key": "s-1",
        "messages": TURNS,
        "rating": 4.5,
        "correction": "A diet without salt.",
        "created_at": "2026-01-02T03:04:05+00:00",
        "model_version": "m-1",
    }
    file = write(tmp_path, full, {"conversation_id": 2, "messages": TURNS})
    assert import_chats(conn, file, "MedicalQA") == {"loaded": 2, "already there": 0}
    rows = conn.execute(
        "select conversation_id, agent_type, subject_key, messages, rating, correction,"
        " extract(year from created_at)::int, model_version from interactions order by id"
    ).fetchall()
    assert rows[0] == ("c-1", "Clinical", "s-1", TURNS, 4.5, "A diet without salt.", 2026, "m-1")
    assert rows[1][:6] == ("2", "MedicalQA", "", TURNS, None, None)


def test_a_file_is_loaded_once(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    file = write(tmp_path, {"conversation_id": "c", "messages": TURNS})
    import_chats(conn, file, "MedicalQA")
    assert import_chats(conn, file, "MedicalQA") == {"loaded": 0, "already there": 1}
    assert count(conn) == 1


@pytest.mark.parametrize("line", [b"{not json", b"[]", b'"text"', {"messages": TURNS}, {"conversation_id": "c"}])
def test_a_line_that_is_no_chat_is_named_and_nothing_is_loaded(
    conn: psycopg.Connection[Any], tmp_path: Path, line: object
) -> None:
    file = write(tmp_path, {"conversation_id": "c", "messages": TURNS}, b"", line)
    with pytest.raises(SourceError, match=r"chats\.jsonl, line 3"):
        import_chats(conn, file, "MedicalQA")
    assert count(conn) == 0


@pytest.mark.parametrize("fields", [{"rating": 7}, {"rating": "good"}, {"created_at": "yesterday evening"}])
def test_a_value_that_its_column_refuses_loads_nothing_and_is_not_quoted(
    conn: psycopg.Connection[Any], tmp_path: Path, fields: dict[str, object]
) -> None:
    good = {"conversation_id": "c", "messages": TURNS}
    with pytest.raises(SourceError, match="column refuses") as refused:
        import_chats(conn, write(tmp_path, good, good | fields), "MedicalQA")
    assert "evening" not in str(refused.value)
    assert count(conn) == 0


def test_a_missing_file_is_a_source_error(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        import_chats(conn, tmp_path / "none.jsonl", "MedicalQA")
