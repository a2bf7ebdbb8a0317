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


def test_a_chat_is_consented_to_unless_its_line_says_otherwise(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    lines = [
        {"conversation_id": "c", "messages": TURNS} | more for more in ({"consented": False}, {}, {"consented": True})
    ]
    import_chats(conn, write(tmp_path, *lines), "MedicalQA")
    found = conn.execute("select consented from interactions order by id").fetchall()
    assert [row[0] for row in found] == [False, True, True]


def test_a_file_is_loaded_for_a_second_agent_but_its_own_agents_lines_once(
    conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    chat = {"conversation_id": "c", "messages": TURNS}
    file = write(tmp_path, chat, chat | {"agent_type": "Clinical"}, chat)
    assert import_chats(conn, file, "MedicalQA") == {"loaded": 3, "already there": 0}
    assert import_chats(conn, file, "Billing") == {"loaded": 2, "already there": 1}
    assert import_chats(conn, file, "Billing") == {"loaded": 0, "already there": 3}
    found = conn.execute("select agent_type, count(*) from interactions group by 1 order by 1").fetchall()
    assert found == [("Billing", 2), ("Clinical", 1), ("MedicalQA", 2)]


def test_a_file_is_loaded_once(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    file = write(tmp_path, {"conversation_id": "c", "messages": TURNS})
    import_chats(conn, file, "MedicalQA")
    assert import_chats(conn, file, "MedicalQA") == {"loaded": 0, "already there": 1}
    assert count(conn) == 1


NO_CHATS = [
    b"{not json",
    b"[]",
    b'"text"',
    {"messages": TURNS},
    {"conversation_id": "c"},
    {"conversation_id": None, "messages": TURNS},
]


@pytest.mark.parametrize("line", NO_CHATS)
def test_a_line_that_is_no_chat_is_named_and_nothing_is_loaded(
    conn: psycopg.Connection[Any], tmp_path: Path, line: object
) -> None:
    file = write(tmp_path, {"conversation_id": "c", "messages": TURNS}, b"", line)
    with pytest.raises(SourceError, match=r"chats\.jsonl, line 3"):
        import_chats(conn, file, "MedicalQA")
    assert count(conn) == 0


REFUSED = [
    {"rating": 7},
    {"rating": "good"},
    {"rating": True},
    {"rating": {"of": 5}},
    {"created_at": "yesterday evening"},
    {"correction": "a\0b"},
    {"messages": [{"role": "user", "content": "a\0b"}]},
    {"consented": "perhaps"},
    {"subject_key": ["12345678"]},
]


@pytest.mark.parametrize("fields", REFUSED)
def test_a_value_that_its_column_refuses_loads_nothing_names_its_line_and_is_not_quoted(
    conn: psycopg.Connection[Any], tmp_path: Path, fields: dict[str, object]
) -> None:
    good = {"conversation_id": "c", "messages": TURNS}
    with pytest.raises(SourceError, match=r"chats\.jsonl, line 4, holds a value that its column refuses") as refused:
        import_chats(conn, write(tmp_path, good, b"", good, good | fields, *[good] * 5000), "MedicalQA")
    assert not {"evening", "12345678", "perhaps"} & set(str(refused.value).split())
    assert refused.value.__cause__ is None
    assert count(conn) == 0


def test_a_view_of_ones_own_takes_no_file(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    conn.execute("create schema hospital")
    conn.execute("create view hospital.interactions as select * from public.interactions")
    conn.execute("set local search_path to hospital, public")
    with pytest.raises(SourceError, match="view or table of your own"):
        import_chats(conn, write(tmp_path, {"conversation_id": "c", "messages": TURNS}), "MedicalQA")
    assert conn.execute("select count(*) from ingested_files").fetchone() == (0,)


def test_a_table_of_ones_own_needs_no_consent_column(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    conn.execute("create schema hospital")
    conn.execute("create table hospital.interactions (like public.interactions including all)")
    conn.execute("alter table hospital.interactions drop column consented")
    conn.execute("set local search_path to hospital, public")
    file = write(tmp_path, {"conversation_id": "c", "messages": TURNS})
    assert import_chats(conn, file, "MedicalQA")["loaded"] == 1


def test_a_missing_file_is_a_source_error(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        import_chats(conn, tmp_path / "none.jsonl", "MedicalQA")
