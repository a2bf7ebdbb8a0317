"""Load rated chats from a JSON lines file into the table `interactions`, as a log export gives them.

A line holds `conversation_id` and `messages` [{role, content}], and may hold `agent_type`, `subject_key`, `rating`
(1-5), `correction`, `created_at` (ISO 8601), `model_version` and `consented` (true or false). All lines or none are
loaded. A file is loaded once: its lines that name their agent once for all, the others once for each agent that it is
loaded for. Roles and pairs are judged when chats are collected, not here.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

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
    "consented",  # a table of a hospital's own may lack it: it is named where a line does
)
IMPORTED = "load-chats"  # the agent_type under which a file's lines that name their agent stand in ingested_files


class Line(NamedTuple):
    """A chat of a file: its line, whether it names its agent, and the values of `COLUMNS`."""

    number: int
    names_agent: bool
    values: tuple[Any, ...]


def import_chats(connection: psycopg.Connection[Any], file: Path, agent_type: str) -> Mapping[str, int]:
    """Return how many chats were loaded and how many were there already.

    Raises:
        SourceError: the file is absent, or a line is not a chat or has a value that its column refuses; file and line
            are named and nothing is loaded.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{file} cannot be read: {error.strerror}.", fix="give the path of a JSON lines file"
        ) from None
    digest = hashlib.sha256(content).hexdigest()
    lines = [_line(file, number, line, agent_type) for number, line in _numbered(content)]
    with connection.transaction(), connection.cursor() as cursor:
        named = [line for line in lines if line.names_agent]
        unnamed = [line for line in lines if not line.names_agent]
        fresh = [
            line
            for mark, chats in ((IMPORTED, named), (f"{IMPORTED} for {agent_type}", unnamed))
            if chats and _mark(cursor, digest, mark, file)
            for line in chats
        ]
        _copy(cursor, file, sorted(fresh))
    return {"loaded": len(fresh), "already there": len(lines) - len(fresh)}


def _mark(cursor: psycopg.Cursor[Any], digest: str, mark: str, file: Path) -> bool:
    """Remember that a file's lines are loaded, and say whether that is new."""
    cursor.execute(
        "INSERT INTO ingested_files (sha256, agent_type, path) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (digest, mark, file.name),
    )
    return bool(cursor.rowcount)


def _copy(cursor: psycopg.Cursor[Any], file: Path, lines: list[Line]) -> None:
    """Copy the lines into the table.

    Raises:
        SourceError: a value that its column refuses, or no table of ours.
    """
    line = None
    columns = COLUMNS if any(line.values[-1] is not None for line in lines) else COLUMNS[:-1]
    try:
        with cursor.copy(f"COPY interactions ({', '.join(columns)}) FROM STDIN") as copy:
            for line in lines:
                *values, consented = line.values
                copy.write_row((*values, consented is None or consented)[: len(columns)])
    except (psycopg.errors.WrongObjectType, psycopg.errors.UndefinedColumn):
        raise SourceError(
            f"{file} cannot be loaded: `interactions` is a view or table of your own.",
            fix="load the file where that view takes its chats from",
        ) from None
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise _refused(f"{file}{_place(error, lines, line)}", type(error).__name__) from None


def _refused(place: str, why: str) -> SourceError:
    return SourceError(
        f"{place} holds a value that its column refuses ({why}).",
        fix="rating is 1 to 5 or null, created_at is ISO 8601, consented true or false, the rest text without a NUL",
    )


def _place(error: psycopg.Error, lines: list[Line], written: Line | None) -> str:
    """Return the line of a refused value: PostgreSQL counts what was copied, psycopg stops at the line it writes."""
    if error.diag.context is None:
        return f", line {written.number}," if written else ""
    # The words of the context are in the server's language.
    found = re.search(r"COPY interactions\D+(\d+)", error.diag.context)
    return f", line {lines[int(found[1]) - 1].number}," if found else ""


def _numbered(content: bytes) -> Iterable[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(content.splitlines(), start=1) if line.strip())


def _line(file: Path, number: int, line: bytes, agent_type: str) -> Line:
    try:
        chat = orjson.loads(line)
        conversation, messages = chat["conversation_id"], orjson.dumps(chat["messages"]).decode()
    except (ValueError, KeyError, TypeError):
        conversation = None
    if not isinstance(conversation, str | int):
        raise SourceError(
            f"{file}, line {number}: no chat.", fix="each line is a JSON object with conversation_id and messages"
        )
    own_agent = chat.get("agent_type")
    values = (
        str(conversation),
        own_agent or agent_type,
        chat.get("subject_key") or "",
        messages,
        chat.get("rating"),
        chat.get("correction"),
        chat.get("created_at") or "now",
        chat.get("model_version") or "",
        chat.get("consented"),
    )
    if any(isinstance(value, list | dict) for value in values):  # psycopg would write a list as an array's text
        raise _refused(f"{file}, line {number},", "a list or an object")
    return Line(number, bool(own_agent), values)
