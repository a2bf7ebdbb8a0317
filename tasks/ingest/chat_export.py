"""Write the chats of the table or view `interactions` to a file of JSON lines, as `chat_import` reads them.

Nothing is filtered, pseudonymised or redacted: the file holds protected health information (PHI), so only its owner may
read it. It has its name once it is complete.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import psycopg

from infra.whole_files import write_whole
from tasks.ingest.chat_table import BATCH_ROWS, sql, table_errors
from tasks.ingest.intake import Intake
from tasks.ingest.interactions import SOURCE


def export_chats(conn: psycopg.Connection[Any], file: Path, agent_type: str, intake: Intake) -> int:
    """Write an agent's chats in the order of their ids and return how many; a file of that name is replaced.

    A chat whose messages are not JSON (a view may hold such) is rejected.

    Raises:
        SourceError: there is no `interactions` with the columns that are needed.
        StorageError: the file cannot be written; one that was there before is as it was.
    """
    return write_whole(file, _lines(conn, agent_type, intake))


def _lines(conn: psycopg.Connection[Any], agent_type: str, intake: Intake) -> Iterator[bytes]:
    with table_errors(), psycopg.ServerCursor(conn, "chats_to_export") as cursor:
        cursor.itersize = BATCH_ROWS
        for row in cursor.execute(sql("chats_to_export"), {"agent_type": agent_type}):
            try:
                yield _line(row)
            except orjson.JSONDecodeError:
                intake.reject("malformed messages", source=SOURCE, source_id=str(row[0]))


def _line(row: tuple[Any, ...]) -> bytes:
    _, conversation, agent_type, subject, messages, rating, correction, created_at, model_version, consented = row
    chat = {
        "conversation_id": conversation,
        "agent_type": agent_type,
        "subject_key": subject,
        "messages": orjson.loads(messages or ""),
        "rating": None if rating is None else float(rating),
        "correction": correction,
        "created_at": created_at,
        "model_version": model_version,
        "consented": consented,
    }
    return orjson.dumps(chat, option=orjson.OPT_APPEND_NEWLINE)
