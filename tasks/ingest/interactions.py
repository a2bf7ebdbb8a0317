"""Collect rated exchanges from the table or view `interactions` of PostgreSQL.

PostgreSQL decides which chats were rated well enough, consented to and recent; whether their messages make an exchange
to learn from is decided here, row by row, from a server-side cursor, so that memory does not grow with the table. A
correction replaces the last answer and counts as rated 5, however short it is. Conversation and patient keys may be
record numbers: only keyed pseudonyms of them are kept. A chat outside the time window is passed over for good, like one
rated too low: a wider window later needs a reading from the start. Not covered: the words of the messages, which may
hold identifiers and go to redaction as they are; chats that were deleted from the table.

A view of a hospital's own has the columns `id` (bigint, unique), `conversation_id`, `agent_type`, `subject_key`,
`messages` (json, jsonb or text), `rating` (1 to 5 or null), `correction`, `created_at` and `model_version`; and if it
can, `consented` (boolean, null is no; without it all are), `changed_in` (xid8, not null, the transaction that last
wrote the row; without it all rows are read each time, and a limit always takes the first ids) and `revised` (boolean:
written again since it was inserted; without it each row counts as such).
"""

import contextlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from tasks.ingest.chat_table import Reach, Reconnect, Row, reach, rows, table_errors
from tasks.ingest.exchanges import NotAnExchange, valid_turns
from tasks.ingest.intake import Intake
from tasks.records import ChatQuery, WithdrawalReason

SOURCE = "interactions"
LOW_RATED = "low-rated"
CORRECTED = 5.0
NO_CONSENT = "no consent"  # holds for what either reading took, also where only one of them is made
# Why a chat that was learned from is not to be any more; a chat that a time window leaves out may stay.
WITHDRAWN: dict[str, WithdrawalReason] = {
    NO_CONSENT: "consent withdrawn",
    "unrated": "no longer rated well",
    "low rating": "no longer rated well",
    "rating out of range": "no longer rated well",
}
KEPT = "outside the time window"

Exchange = dict[str, Any]
Make = Callable[[Row, ChatQuery, bytes], Exchange]


def collect_interactions(
    conn: psycopg.Connection[Any], query: ChatQuery, key: bytes, intake: Intake, reconnect: Reconnect | None = None
) -> Iterator[Exchange]:
    """Yield the well-rated and the corrected exchanges behind `query.position` as `Interaction` rows, in order.

    `intake` is complete after the last one. A chat that was written again and does not qualify is withdrawn, whether it
    was taken before or not. With a `query.limit`, the watermark stops at the last exchange taken, and what lies behind
    it is neither taken nor counted. `reconnect` lends a connection in place of one that was lost.

    Raises:
        SourceError: there is no `interactions` with the columns that are needed.
    """
    return _read(conn, query, key, intake, reconnect, SOURCE, "chats_well_rated", well_rated_row)


def read_low_rated(
    conn: psycopg.Connection[Any], query: ChatQuery, key: bytes, intake: Intake, reconnect: Reconnect | None = None
) -> Iterator[Exchange]:
    """Yield the exchanges rated below `query.min_rating`, or corrected and not rated, for preference training.

    They are `Interaction` rows with the answer as the model gave it; a correction stands beside it. Their position,
    rejects and withdrawals have a source of their own, `LOW_RATED`; the rest is as in `collect_interactions`.
    """
    return _read(conn, query, key, intake, reconnect, LOW_RATED, "chats_low_rated", low_rated_row)


def pseudonym(key: bytes, value: str) -> str:
    """Return the 16 hex digits that stand for a conversation or a patient: HMAC-SHA256, the same for the same key."""
    return hmac.digest(key, value.encode(), "sha256").hex()[:16]


def well_rated_row(row: Row, query: ChatQuery, key: bytes) -> Exchange:
    """Return a row as an `Interaction` whose last answer is the correction, if there is one; the original stands apart.

    Raises:
        NotAnExchange: the row cannot be learned from.
    """
    turns = valid_turns(row[3])
    if row[5] is not None:
        original, turns[-1]["content"] = turns[-1]["content"], row[5]
        # Beside what was corrected alone: a field more in every row would make all that was taken look changed.
        return _exchange(row, query, key, turns, CORRECTED) | {"original": original}
    least = query.min_answer_tokens
    if len(turns[-1]["content"].split(None, least - 1)) < least:
        raise NotAnExchange("short answer")
    return _exchange(row, query, key, turns, float(row[4]))


def low_rated_row(row: Row, query: ChatQuery, key: bytes) -> Exchange:
    """Return a row as an `Interaction` with the answer that was rated low; its length does not matter.

    Raises:
        NotAnExchange: the row cannot be learned from.
    """
    return _exchange(row, query, key, valid_turns(row[3]), None if row[4] is None else float(row[4]))


def _exchange(row: Row, query: ChatQuery, key: bytes, turns: list[dict[str, str]], rating: float | None) -> Exchange:
    """Return an `Interaction` as a plain mapping, for speed; a test validates it as the record."""
    number, conversation, subject, _, _, correction, created_at, model_version, *_ = row
    if correction is not None and not correction.strip():  # of spaces that PostgreSQL does not know as such
        raise NotAnExchange("empty correction")
    return {
        "id": str(number),
        "conversation_id": pseudonym(key, conversation or f"row {number}"),
        "agent_type": query.agent_type,
        "subject_key": pseudonym(key, subject) if subject else "",
        "messages": turns,
        "rating": rating,
        "correction": correction,
        "created_at": created_at,
        "model_version": model_version or "",
    }


def _read(
    conn: psycopg.Connection[Any],
    query: ChatQuery,
    key: bytes,
    intake: Intake,
    reconnect: Reconnect | None,
    source: str,
    statement: str,
    make: Make,
) -> Iterator[Exchange]:
    with table_errors():
        reached = reach(conn, query, source)
        for warning in reached.warnings:
            intake.warn(warning)
        intake.watermark.update(reached.position(source, reached.after, reached.after_id))
        last: Row | None = None
        with contextlib.closing(rows(conn, statement, _parameters(query, reached), reconnect)) as read:
            taken = 0
            for last in read:
                reason = last[-2]
                if not reason:
                    try:
                        exchange = make(last, query, key)
                    except NotAnExchange as why:
                        reason = str(why)
                    else:
                        yield exchange
                        taken += 1
                        if taken == query.limit:
                            break
                        continue
                _leave_out(last, source, reason, intake)
        if last is not None:
            intake.watermark.update(reached.position(source, int(last[-3]), int(last[0])))


def _leave_out(row: Row, source: str, reason: str, intake: Intake) -> None:
    number = str(row[0])
    intake.reject(reason, source=source, source_id=number)
    if row[-1] and reason != KEPT:
        for one in (SOURCE, LOW_RATED) if reason == NO_CONSENT else (source,):
            intake.withdraw(one, number, WITHDRAWN.get(reason, "no longer usable"))


def _parameters(query: ChatQuery, reached: Reach) -> dict[str, object]:
    filters = query.model_dump(include={"agent_type", "min_rating", "days_back", "since", "until"})
    return {**filters, "after": reached.after, "after_id": reached.after_id, "upto": reached.upto}
