"""Collect rated exchanges from the table or view `interactions` of PostgreSQL.

Which rows qualify is decided by PostgreSQL; whether their messages make an exchange to learn from is decided here, row
by row, from a server-side cursor, so that memory does not grow with the table. A correction replaces the last answer
and counts as rated 5. Conversation and patient keys may be record numbers: only keyed pseudonyms of them are kept.
Not covered: the words of the messages, which may hold identifiers and go to redaction as they are.
"""

import contextlib
import functools
import hashlib
import hmac
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import psycopg

from tasks.errors import SourceError
from tasks.ingest.intake import Intake
from tasks.records import ChatQuery

SOURCE = "interactions"
ROLES = ("system", "user", "assistant")
BATCH_ROWS = 2000  # a fetch; 57-67 k rows/s on a million rows, more brings nothing
SKIPS_IN_SQL = ("unrated", "low rating", "outside the time window")
CORRECTED = 5.0

Row = tuple[Any, ...]
Turn = dict[str, str]


class NotAnExchange(Exception):
    """A row whose messages cannot be learned from; its text is the reason, one of a fixed few."""


def collect_interactions(
    conn: psycopg.Connection[Any], query: ChatQuery, key: bytes, intake: Intake
) -> Iterator[dict[str, Any]]:
    """Yield the qualifying exchanges as `Interaction` rows, in the order of their changes.

    `intake` is complete after the last one. `query.min_answer_tokens` counts words between white space. With a
    `query.limit`, the watermark stops at the last exchange taken, so that the next collection goes on there.

    Raises:
        SourceError: there is no `interactions` with the columns that are needed.
    """
    with _table_errors():
        upto, *left_out = conn.execute(_sql("scanned_chats"), _parameters(query)).fetchone() or (query.after, 0, 0, 0)
        intake.watermark[SOURCE] = upto
        intake.rejected.update({reason: n for reason, n in zip(SKIPS_IN_SQL, left_out, strict=True) if n})
        taken = 0
        with psycopg.ServerCursor(conn, "rated_chats") as cursor:
            cursor.itersize = BATCH_ROWS
            for row in cursor.execute(_sql("qualifying_chats"), {**_parameters(query), "upto": upto}):
                try:
                    exchange = interaction_row(row, query, key)
                except NotAnExchange as reason:
                    intake.reject(str(reason), source=SOURCE, source_id=str(row[0]))
                    continue
                yield exchange
                taken += 1
                if taken == query.limit:
                    intake.watermark[SOURCE] = row[-1]
                    return


def fingerprint(conn: psycopg.Connection[Any], query: ChatQuery, key: bytes) -> str:
    """Return a digest that changes with any change of the rows that `query` reads, with the installation and the key.

    Raises:
        SourceError: there is no `interactions` with the columns that are needed.
    """
    with _table_errors():
        seen = conn.execute(_sql("chats_fingerprint"), _parameters(query)).fetchone()
    return hmac.new(key, repr([str(value) for value in seen or ()]).encode(), hashlib.sha256).hexdigest()


def pseudonym(key: bytes, value: str) -> str:
    """Return the 16 hex digits that stand for a conversation or a patient: HMAC-SHA256, the same for the same key."""
    return hmac.digest(key, value.encode(), "sha256").hex()[:16]


def interaction_row(row: Row, query: ChatQuery, key: bytes) -> dict[str, Any]:
    """Return one row as an `Interaction`, built as a plain mapping for speed: a test validates it as the record.

    Raises:
        NotAnExchange: the row cannot be learned from.
    """
    number, conversation, subject, messages, rating, correction, created_at, model_version, _ = row
    if created_at is None:
        raise NotAnExchange("no date")
    turns = valid_turns(messages)
    if correction and correction.strip():
        turns[-1] = {"role": "assistant", "content": correction}
        rating = CORRECTED
    elif rating is None or rating < query.min_rating:
        raise NotAnExchange("low rating")
    elif not 1 <= rating <= CORRECTED:  # a view may hold NaN, which PostgreSQL sorts above every number
        raise NotAnExchange("rating out of range")
    else:
        correction = None
    if len(turns[-1]["content"].split()) < query.min_answer_tokens:
        raise NotAnExchange("short answer")
    return {
        "id": str(number),
        "conversation_id": pseudonym(key, conversation or f"row {number}"),
        "agent_type": query.agent_type,
        "subject_key": pseudonym(key, subject) if subject else "",
        "messages": turns,
        "rating": float(rating),
        "correction": correction,
        "created_at": created_at,
        "model_version": model_version or "",
    }


def valid_turns(messages: str | None) -> list[Turn]:
    """Return the turns of a JSON list of messages, up to the last answer; turns after it are left out.

    Raises:
        NotAnExchange: malformed, an unknown role, an empty message, or no answer that follows a question.
    """
    try:
        turns = orjson.loads(messages or "")
    except orjson.JSONDecodeError:
        raise NotAnExchange("malformed messages") from None
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise NotAnExchange("malformed messages")
    for turn in turns:
        if turn.get("role") not in ROLES:
            raise NotAnExchange("unknown role")
        if not isinstance(turn.get("content"), str):
            raise NotAnExchange("malformed messages")
        if not turn["content"].strip():
            raise NotAnExchange("empty message")
    while turns and turns[-1]["role"] != "assistant":
        turns.pop()
    roles = [turn["role"] for turn in turns]
    if ("user", "assistant") not in itertools.pairwise(roles):
        raise NotAnExchange("no question with an answer")
    return [{"role": turn["role"], "content": turn["content"]} for turn in turns]


def _parameters(query: ChatQuery) -> dict[str, object]:
    return query.model_dump(include={"agent_type", "after", "min_rating", "days_back"})


@functools.cache
def _sql(name: str) -> bytes:
    return (Path(__file__).parent / f"{name}.sql").read_bytes()


@contextlib.contextmanager
def _table_errors() -> Iterator[None]:
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction) as error:
        raise SourceError(
            f"The database has no usable `interactions`: {error.diag.message_primary}.",
            fix="give the view or table the columns of infra/migrations/0001_ground.sql",
        ) from error
