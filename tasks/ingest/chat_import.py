"""Load rated chats from a JSON lines file into the table `interactions`, as a log export gives them.

A line holds `conversation_id` and `messages` [{role, content}], and may hold `agent_type`, `subject_key`, `rating`
(1-5), `correction`, `created_at` (ISO 8601) and `model_version`. All lines or none are loaded, and a file
that was loaded before is not loaded again. Roles and pairs are judged when chats are collected, not here.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import psycopg

from tasks.errors import SourceError

COLUMNS = (
    "conversation_id",
    "agent_type",
    "subject_key",
    "messages",
    "rating",
    "correction",
    "created_at",
    "model_version",
)
IMPORTED = "load-chats"  # the agent_type under which imported files stand in ingested_files


def import_chats(connection: psycopg.Connection[Any], file: Path, agent_type: str) -> Mapping[str, int]:
    """Return how many chats were loaded and how many were there already.

    Raises:
        SourceError: the file is absent, or a line is not a chat; file and line are named and nothing is loaded.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{file} cannot be read: {error.strerror}.", fix="give the path of a JSON lines file"
        ) from None
    digest = hashlib.sha256(content).hexdigest()
    rows = list(_rows(file, content, agent_type))
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ingested_files (sha256, agent_type, path) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (digest, IMPORTED, file.name),
        )
        if not cursor.rowcount:
            return {"loaded": 0, "already there": len(rows)}
        try:
            with cursor.copy(f"COPY interactions ({', '.join(COLUMNS)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:  # the last: an object
            raise SourceError(
                f"{file} holds a value that its column refuses ({type(error).__name__}).",
                fix="rating is 1 to 5 or null, created_at is ISO 8601",
            ) from None
    return {"loaded": len(rows), "already there": 0}


def _rows(file: Path, content: bytes, agent_type: str) -> Iterator[tuple[Any, ...]]:
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            chat = orjson.loads(line)
            conversation, messages = str(chat["conversation_id"]), orjson.dumps(chat["messages"]).decode()
        except (ValueError, KeyError, TypeError):
            raise SourceError(
                f"{file}, line {number}: no chat.", fix="each line is a JSON object with conversation_id and messages"
            ) from None
        yield (
            conversation,
            chat.get("agent_type") or agent_type,
            chat.get("subject_key") or "",
            messages,
            chat.get("rating"),
            chat.get("correction"),
            chat.get("created_at") or "now",
            chat.get("model_version") or "",
        )
