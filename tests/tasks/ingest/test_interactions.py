"""Which chats are collected from a real PostgreSQL, and what replaces their keys."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg
import pytest

from tasks.errors import SourceError
from tasks.ingest.intake import Intake, Rejected
from tasks.ingest.interactions import collect_interactions, pseudonym
from tasks.records import ChatQuery, Interaction
from tasks.sample.chats import sample_chats
from tasks.sample.load import load_sample_chats

KEY = b"a key of tests"
QUERY = ChatQuery(agent_type="MedicalQA")
LONG = "one two three four five six seven eight nine ten"
NINE = "one two three four five six seven eight nine"
ASK = {"role": "user", "content": "What diet?"}
ANSWER = {"role": "assistant", "content": LONG}
NOW = datetime.now(UTC)


def add(conn: psycopg.Connection[Any], messages: object = (ASK, ANSWER), **columns: object) -> int:
    row = {"conversation_id": "c-1", "agent_type": "MedicalQA", "subject_key": "12345678", "rating": 5.0, **columns}
    row["messages"] = orjson.dumps(messages).decode()
    names, slots = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    found = conn.execute(f"insert into interactions ({names}) values ({slots}) returning id", row).fetchone()
    assert found is not None
    return int(found[0])


def collected(conn: psycopg.Connection[Any], query: ChatQuery = QUERY) -> tuple[list[Interaction], Intake]:
    conn.commit()  # what a transaction that is open writes is not read
    intake = Intake()
    return [Interaction.model_validate(r) for r in collect_interactions(conn, query, KEY, intake)], intake


def behind(intake: Intake, query: ChatQuery = QUERY) -> ChatQuery:
    return query.model_copy(update={"position": intake.watermark})


def withdrawn(intake: Intake) -> list[tuple[str, str]]:
    return [(w.source_id, w.reason) for w in intake.withdrawals()]


QUALIFY = [
    ({"rating": 4.0}, True, "the least good rating"),
    ({"rating": 3.9}, False, "just below it"),
    ({"rating": None}, False, "unrated"),
    ({"rating": None, "correction": LONG}, True, "unrated but corrected"),
    ({"rating": 1.0, "correction": LONG}, True, "a correction outweighs the rating"),
    ({"rating": 1.0, "correction": "  "}, False, "a blank correction is none"),
    ({"rating": 1.0, "correction": "No."}, True, "a correction is right however short it is"),
    ({"rating": 1.0, "correction": "\u00a0"}, False, "a blank that PostgreSQL does not count as white space"),
    ({"consented": False}, False, "no consent"),
    ({"consented": False, "correction": LONG}, False, "a correction is no consent"),
    ({"created_at": "infinity"}, False, "a date that Python does not have"),
    ({"created_at": "4714-11-24 BC"}, False, "another one"),
    ({"agent_type": "Billing"}, False, "another agent"),
    ({"messages": [ASK, {**ANSWER, "content": NINE}]}, False, "nine tokens"),
    ({"messages": [ASK, {**ANSWER, "content": f" {LONG.replace(' ', chr(10))} "}]}, True, "ten tokens on ten lines"),
]


@pytest.mark.parametrize(("columns", "kept", "why"), QUALIFY)
def test_which_chats_qualify(conn: psycopg.Connection[Any], columns: dict[str, Any], kept: bool, why: str) -> None:
    add(conn, columns.pop("messages", (ASK, ANSWER)), **columns)
    assert bool(collected(conn)[0]) == kept, why


def test_what_is_left_out_is_counted_and_named(conn: psycopg.Connection[Any]) -> None:
    ids = {
        "no consent": add(conn, consented=False),
        "unrated": add(conn, rating=None),
        "low rating": add(conn, rating=3.5),
        "short answer": add(conn, [ASK, {**ANSWER, "content": NINE}]),
        "unknown role": add(conn, [{**ASK, "role": "tool"}, ANSWER]),
        "no date": add(conn, created_at="-infinity"),
        "empty correction": add(conn, correction="\u2003"),
    }
    good = add(conn)
    rows, intake = collected(conn)
    assert [row.id for row in rows] == [str(good)]
    assert intake.rejected == dict.fromkeys(ids, 1)
    assert list(intake.rejects()) == [Rejected("interactions", str(id_), reason) for reason, id_ in ids.items()]
    assert list(intake.withdrawals()) == []


def test_a_correction_replaces_the_last_answer_alone_and_counts_as_five(conn: psycopg.Connection[Any]) -> None:
    right = f"rather {LONG}"
    add(conn, [ASK, ANSWER, ASK, ANSWER], rating=1.0, correction=right)
    ((row,), _) = collected(conn)
    assert [m.content for m in row.messages] == [ASK["content"], LONG, ASK["content"], right]
    assert (row.rating, row.correction, row.original) == (5.0, right, LONG)


def test_without_a_correction_no_original_is_written(conn: psycopg.Connection[Any]) -> None:
    add(conn)
    conn.commit()
    (row,) = collect_interactions(conn, QUERY, KEY, Intake())
    assert "original" not in row


def test_keys_become_pseudonyms_that_are_equal_for_equal_keys(conn: psycopg.Connection[Any]) -> None:
    add(conn)
    add(conn, conversation_id="c-2")
    add(conn, subject_key="")
    first, second, third = collected(conn)[0]
    assert first.subject_key == second.subject_key == pseudonym(KEY, "12345678")
    assert first.conversation_id == third.conversation_id != second.conversation_id
    assert third.subject_key == ""
    assert len(first.subject_key) == 16
    assert "12345678" not in first.model_dump_json()
    assert pseudonym(b"another key", "12345678") != first.subject_key


def test_a_pseudonym_is_the_hmac_of_rfc_2104() -> None:
    """RFC 4231, test case 2."""
    assert pseudonym(b"Jefe", "what do ya want for nothing?") == "5bdcc146bf60754e"


def test_the_window_looks_back_whole_days(conn: psycopg.Connection[Any]) -> None:
    add(conn, created_at=NOW - timedelta(days=8))
    inside = add(conn, created_at=NOW - timedelta(days=6))
    rows, intake = collected(conn, QUERY.model_copy(update={"days_back": 7}))
    assert [row.id for row in rows] == [str(inside)]
    assert intake.rejected == {"outside the time window": 1}


def test_since_is_within_and_until_is_not(conn: psycopg.Connection[Any]) -> None:
    moments = [NOW - timedelta(days=days) for days in (3, 2, 1)]
    ids = [str(add(conn, created_at=moment)) for moment in moments]
    rows, intake = collected(conn, QUERY.model_copy(update={"since": moments[1], "until": moments[2]}))
    assert [row.id for row in rows] == [ids[1]]
    assert [reject.source_id for reject in intake.rejects()] == [ids[0], ids[2]]


def test_only_what_is_behind_the_watermark_is_read(conn: psycopg.Connection[Any]) -> None:
    add(conn)
    _, intake = collected(conn)
    second = add(conn)
    add(conn, rating=None)
    add(conn, agent_type="Billing")
    rows, intake = collected(conn, behind(intake))
    assert [row.id for row in rows] == [str(second)]
    assert intake.rejected == {"unrated": 1}
    rows, after = collected(conn, behind(intake))
    assert (rows, after.rejected.total(), after.watermark) == ([], 0, intake.watermark)


def test_a_limit_stops_within_a_transaction_and_counts_nothing_behind_it(conn: psycopg.Connection[Any]) -> None:
    ids = [str(add(conn, rating=rating)) for rating in (5, 1, 5, 1, 5, 5)]
    query = QUERY.model_copy(update={"limit": 2})
    first, intake = collected(conn, query)
    assert intake.rejected == {"low rating": 1}
    rest, later = collected(conn, behind(intake, query))
    assert later.rejected == {"low rating": 1}
    assert [row.id for row in (*first, *rest)] == [ids[0], ids[2], ids[4], ids[5]]


def test_a_chat_that_is_rated_or_corrected_later_comes_up_again(conn: psycopg.Connection[Any]) -> None:
    late = add(conn, rating=None)
    add(conn)
    _, intake = collected(conn)
    conn.execute("update interactions set rating = 5 where id = %s", (late,))
    rows, intake = collected(conn, behind(intake))
    assert [row.id for row in rows] == [str(late)]
    conn.execute("update interactions set correction = %s where id = %s", (LONG, late))
    rows, _ = collected(conn, behind(intake))
    assert [row.id for row in rows] == [str(late)]


NO_LONGER = [
    ({"rating": 2}, "no longer rated well"),
    ({"rating": None}, "no longer rated well"),
    ({"consented": False}, "consent withdrawn"),
    ({"messages": "[]"}, "no longer usable"),
    ({"rating": 4.5}, None),
    ({"rating": 1, "correction": "No."}, None),
]


@pytest.mark.parametrize(("change", "reason"), NO_LONGER)
def test_a_chat_that_was_taken_and_no_longer_qualifies_is_withdrawn(
    conn: psycopg.Connection[Any], change: dict[str, object], reason: str | None
) -> None:
    taken = add(conn)
    _, intake = collected(conn)
    sets = ", ".join(f"{name} = %({name})s" for name in change)
    conn.execute(f"update interactions set {sets} where id = %(id)s", {**change, "id": taken})
    rows, intake = collected(conn, behind(intake))
    readings = {"consent withdrawn": ["interactions", "low-rated"], None: []}.get(reason, ["interactions"])
    assert withdrawn(intake) == [(str(taken), reason)] * len(readings)
    assert [w.source for w in intake.withdrawals()] == readings
    assert (len(rows), intake.rejected.total()) == ((0, 1) if reason else (1, 0))


def test_a_chat_that_leaves_the_time_window_is_not_withdrawn(conn: psycopg.Connection[Any]) -> None:
    add(conn, created_at=NOW - timedelta(days=8))
    conn.commit()
    conn.execute("update interactions set rating = 4.5")
    _, intake = collected(conn, QUERY.model_copy(update={"days_back": 7}))
    assert (intake.rejected, list(intake.withdrawals())) == ({"outside the time window": 1}, [])


def test_an_empty_table_gives_nothing_and_keeps_the_watermark(conn: psycopg.Connection[Any]) -> None:
    add(conn)
    _, intake = collected(conn)
    conn.execute("delete from interactions")
    rows, later = collected(conn, behind(intake))
    assert (rows, later.watermark, later.rejected.total()) == ([], intake.watermark, 0)


def test_a_table_without_a_column_is_a_source_error(conn: psycopg.Connection[Any]) -> None:
    conn.execute("alter table interactions drop column correction cascade")
    with pytest.raises(SourceError, match="correction"):
        list(collect_interactions(conn, QUERY, KEY, Intake()))


def test_sample_chats_are_loaded_once_and_a_larger_count_adds_the_rest(conn: psycopg.Connection[Any]) -> None:
    assert load_sample_chats(conn, 3, 200, NOW) == 200
    assert load_sample_chats(conn, 3, 200, NOW) == 0
    assert load_sample_chats(conn, 3, 100, NOW) == 0
    assert load_sample_chats(conn, 3, 250, NOW) == 50
    assert load_sample_chats(conn, 33, 10, NOW) == 10
    rows = conn.execute(
        "select messages -> 0 ->> 'content' from interactions"
        " where starts_with(conversation_id, 'sample-3-') order by id"
    ).fetchall()
    assert [row[0] for row in rows] == [chat.messages[0].content for chat in sample_chats(3, 250)]


def test_of_the_sample_chats_exactly_those_with_good_answers_are_collected(conn: psycopg.Connection[Any]) -> None:
    load_sample_chats(conn, 3, 600, NOW)
    good = [
        chat.correction or chat.messages[-1].content
        for chat in sample_chats(3, 600)
        if chat.agent_type == "MedicalQA"
        and (chat.correction or (chat.rating or 0) >= 4)
        and len((chat.correction or chat.messages[-1].content).split()) >= 10
    ]
    rows, intake = collected(conn)
    assert [row.messages[-1].content for row in rows] == good
    assert len(rows) + intake.rejected.total() == sum(c.agent_type == "MedicalQA" for c in sample_chats(3, 600))
