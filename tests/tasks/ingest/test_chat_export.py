"""What is exported is what is imported; the file is private, complete or not there."""

import stat
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra import whole_files
from tasks.errors import StorageError
from tasks.ingest.chat_export import export_chats
from tasks.ingest.chat_import import COLUMNS, import_chats
from tasks.ingest.intake import Intake

AGENT = "MedicalQA"
TURNS = [{"role": "user", "content": "What diet?"}, {"role": "assistant", "content": "A diet low in salt."}]
CHAT = {"conversation_id": "c-1", "messages": TURNS, "created_at": "2026-01-02T03:04:05.678901+02:00"}


def load(conn: psycopg.Connection[Any], folder: Path, *chats: dict[str, object]) -> None:
    file = folder / "in.jsonl"
    file.write_bytes(b"\n".join(orjson.dumps(chat) for chat in chats))
    import_chats(conn, file, AGENT)


def content(conn: psycopg.Connection[Any]) -> list[tuple[object, ...]]:
    return conn.execute(f"select {', '.join(COLUMNS)} from interactions order by id".encode()).fetchall()


# PostgreSQL's text holds neither NUL nor half a surrogate pair.
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
CHATS = st.fixed_dictionaries(
    {
        "conversation_id": WORDS,
        "messages": st.lists(st.fixed_dictionaries({"role": WORDS, "content": WORDS}), max_size=3),
    },
    optional={
        "subject_key": WORDS,
        "rating": st.floats(1, 5, width=32) | st.none(),
        "correction": WORDS | st.none(),
        "created_at": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
        "model_version": WORDS,
        "consented": st.booleans(),
    },
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chats=st.lists(CHATS, min_size=1, max_size=4))
def test_an_exported_file_imports_as_it_was(
    conn: psycopg.Connection[Any], tmp_path: Path, chats: list[dict[str, object]]
) -> None:
    conn.execute("truncate interactions, ingested_files")
    load(conn, tmp_path, *chats)
    before = content(conn)
    intake = Intake()
    assert export_chats(conn, tmp_path / "out.jsonl", AGENT, intake) == len(chats)
    conn.execute("truncate interactions, ingested_files")
    import_chats(conn, tmp_path / "out.jsonl", "another")
    assert content(conn) == before
    assert intake.rejected.total() == 0


def test_only_the_agents_chats_are_written_and_only_the_owner_may_read_them(
    conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    load(conn, tmp_path, CHAT, CHAT | {"agent_type": "Clinical"}, CHAT | {"rating": 1, "consented": False})
    file = tmp_path / "out.jsonl"
    file.write_text("an older export", encoding="utf-8")
    file.chmod(0o644)
    assert export_chats(conn, file, AGENT, Intake()) == 2
    first, second = map(orjson.loads, file.read_bytes().splitlines())
    assert (first["conversation_id"], first["agent_type"], first["messages"]) == ("c-1", AGENT, TURNS)
    assert (first["rating"], first["consented"], second["rating"], second["consented"]) == (None, True, 1.0, False)
    assert first["created_at"] == "2026-01-02T01:04:05.678901+00:00"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_not_json_is_rejected_and_consent_that_is_not_known_is_none(
    conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    load(conn, tmp_path, CHAT, CHAT)
    conn.execute("create schema hospital")
    conn.execute(
        "create view hospital.interactions as select id, conversation_id, agent_type, subject_key,"
        " case when id = (select min(id) from public.interactions) then '[{' else messages::text end as messages,"
        " 4.5::numeric as rating, correction, timestamptz 'infinity' as created_at, model_version,"
        " null::boolean as consented from public.interactions"
    )
    conn.execute("set local search_path to hospital, public")
    intake = Intake()
    assert export_chats(conn, tmp_path / "out.jsonl", AGENT, intake) == 1
    assert intake.rejected == {"malformed messages": 1}
    (chat,) = map(orjson.loads, (tmp_path / "out.jsonl").read_bytes().splitlines())
    assert (chat["rating"], chat["created_at"], chat["consented"]) == (4.5, "infinity", False)


def test_a_full_disk_leaves_the_older_file_and_nothing_else(
    conn: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(conn, tmp_path, CHAT)
    file = tmp_path / "out.jsonl"
    file.write_text("an older export", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole_files.os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        export_chats(conn, file, AGENT, Intake())
    assert file.read_text(encoding="utf-8") == "an older export"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_a_folder_that_is_not_there_is_an_error(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        export_chats(conn, tmp_path / "none" / "out.jsonl", AGENT, Intake())
