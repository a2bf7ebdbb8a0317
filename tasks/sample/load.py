"""Load made-up chats into the table `interactions`, once."""

from datetime import datetime
from itertools import islice
from typing import Any

import orjson
import psycopg

from tasks.sample.chats import SampleChat, sample_chats

COLUMNS = "conversation_id, agent_type, subject_key, messages, rating, correction, created_at, model_version"


def load_sample_chats(conn: psycopg.Connection[Any], seed: int, count: int, until: datetime) -> int:
    """Copy `count` chats of `seed` into `interactions` and return how many were new.

    A second call with the same seed adds nothing, a larger count adds the rest. Commits nothing: that is the caller's,
    and the connection's context does it.
    """
    prefix = f"sample-{seed}-"
    conn.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (prefix,))
    found = conn.execute(
        "SELECT count(*) FROM interactions WHERE starts_with(conversation_id, %s)", (prefix,)
    ).fetchone()
    present = int(found[0]) if found else 0
    fresh = islice(sample_chats(seed, count, until), present, None)
    with conn.cursor() as cursor, cursor.copy(f"COPY interactions ({COLUMNS}) FROM STDIN") as copy:
        for chat in fresh:
            copy.write_row(_columns(chat))
    return max(0, count - present)


def _columns(chat: SampleChat) -> tuple[object, ...]:
    messages = orjson.dumps([message.model_dump() for message in chat.messages]).decode()
    return (
        chat.conversation_id,
        chat.agent_type,
        chat.subject_key,
        messages,
        chat.rating,
        chat.correction,
        chat.created_at,
        chat.model_version,
    )
