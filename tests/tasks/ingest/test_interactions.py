"""Which chats are collected from a real PostgreSQL, what replaces their keys, and what changes the fingerprint."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg
import pytest

from tasks.errors import SourceError
from tasks.ingest.intake import Intake
from tasks.ingest.interactions import collect_interactions, fingerprint, pseudonym
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
    intake = Intake()
    return [Interaction.model_validate(r) for r in collect_interactions(conn, query, KEY, intake)], intake


QUALIFY = [
    ({"rating": 4.0}, True, "the least good rating"),
    ({"rating": 3.9}, False, "just below it"),
    ({"rating": None}, False, "unrated"),
    ({"rating": None, "correction": LONG}, True, "unrated but corrected"),
    ({"rating": 1.0, "correction": LONG}, True, "a correction outweighs the rating"),
    ({"rating": 1.0, "correction": "  "}, False, "a blank correction is none"),
    ({"rating": 5.0, "correction": NINE}, False, "a correction that is too short"),
    ({"agent_type": "Billing"}, False, "another agent"),
    ({"messages": [ASK, {**ANSWER, "content": NINE}]}, False, "nine tokens"),
    ({"messages": [ASK, {**ANSWER, "content": f" {LONG.replace(' ', chr(10))} "}]}, True, "ten tokens on ten lines"),
]


@pytest.mark.parametrize(("columns", "kept", "why"), QUALIFY)
def test_which_chats_qualify(conn: psycopg.Connection[Any], columns: dict[str, Any], kept: bool, why: str) -> None:
    add(conn, columns.pop("messages", (ASK, ANSWER)), **columns)
    assert bool(collected(conn)[0]) == kept, why


MALFORMED = [
    ([{**ASK, "role": None}, ANSWER], "unknown role"),
    ([{"content": "no role"}, ANSWER], "unknown role"),
    ([{**ASK, "role": "tool"}, ANSWER], "unknown role"),
    ([{**ASK, "role": ["user"]}, ANSWER], "unknown role"),
    ([{**ASK, "content": None}, ANSWER], "malformed messages"),
    ([{**ASK, "content": 7}, ANSWER], "malformed messages"),
    (["What diet?", LONG], "malformed messages"),
    ("What diet?", "malformed messages"),
    (None, "malformed messages"),
    ({"role": "user"}, "malformed messages"),
    ([{**ASK, "content": " \n"}, ANSWER], "empty message"),
    ([], "no question with an answer"),
    ([ANSWER], "no question with an answer"),
    ([ASK], "no question with an answer"),
    ([ANSWER, ASK], "no question with an answer"),
    ([{"role": "system", "content": "Be kind."}, ANSWER], "no question with an answer"),
]


@pytest.mark.parametrize(("messages", "reason"), MALFORMED)
def test_a_row_that_is_no_exchange_is_counted_by_its_reason(
    conn: psycopg.Connection[Any], messages: object, reason: str
) -> None:
    add(conn, messages)
    good = add(conn)
    rows, intake = collected(conn)
    assert [row.id for row in rows] == [str(good)]
    assert intake.rejected == {reason: 1}


def test_what_follows_the_last_answer_is_left_out(conn: psycopg.Connection[Any]) -> None:
    add(conn, [{"role": "system", "content": "Be kind."}, ASK, ANSWER, {"role": "user", "content": "Thanks"}])
    ((row,), _) = collected(conn)
    assert [m.role for m in row.messages] == ["system", "user", "assistant"]


def test_a_correction_replaces_the_last_answer_alone_and_counts_as_five(conn: psycopg.Connection[Any]) -> None:
    right = f"rather {LONG}"
    add(conn, [ASK, ANSWER, ASK, ANSWER], rating=1.0, correction=right)
    ((row,), _) = collected(conn)
    assert [m.content for m in row.messages] == [ASK["content"], LONG, ASK["content"], right]
    assert (row.rating, row.correction) == (5.0, right)


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


def test_only_what_is_behind_the_watermark_is_read(conn: psycopg.Connection[Any]) -> None:
    first = add(conn)
    second = add(conn)
    unrated = add(conn, rating=None)
    add(conn, agent_type="Billing")
    rows, intake = collected(conn, QUERY.model_copy(update={"after": first}))
    assert [row.id for row in rows] == [str(second)]
    assert intake.watermark["interactions"] == unrated


def test_a_limit_stops_the_watermark_at_the_last_chat_taken(conn: psycopg.Connection[Any]) -> None:
    ids = [add(conn) for _ in range(5)]
    query = QUERY.model_copy(update={"limit": 2})
    rows, intake = collected(conn, query)
    assert intake.watermark["interactions"] == ids[1]
    rest, _ = collected(conn, query.model_copy(update={"after": intake.watermark["interactions"], "limit": None}))
    assert [int(row.id) for row in (*rows, *rest)] == ids


def test_a_chat_that_is_rated_or_corrected_later_comes_up_again(conn: psycopg.Connection[Any]) -> None:
    late = add(conn, rating=None)
    add(conn)
    _, intake = collected(conn, QUERY)
    conn.execute("update interactions set rating = 5 where id = %s", (late,))
    rows, intake = collected(conn, QUERY.model_copy(update={"after": intake.watermark["interactions"]}))
    assert [row.id for row in rows] == [str(late)]
    conn.execute("update interactions set correction = %s where id = %s", (LONG, late))
    rows, _ = collected(conn, QUERY.model_copy(update={"after": intake.watermark["interactions"]}))
    assert [row.id for row in rows] == [str(late)]


def test_an_empty_table_gives_nothing_and_keeps_the_watermark(conn: psycopg.Connection[Any]) -> None:
    rows, intake = collected(conn, QUERY.model_copy(update={"after": 7}))
    assert (rows, intake.watermark["interactions"], intake.rejected.total()) == ([], 7, 0)


def test_a_view_of_ones_own_may_hold_nulls_and_ratings_out_of_range(conn: psycopg.Connection[Any]) -> None:
    add(conn)
    conn.execute("alter table interactions rename to chats")
    conn.execute(
        "create view interactions as select id, change_id, null::text as conversation_id, agent_type,"
        " null::text as subject_key,"
        " messages, case n when 1 then 'NaN'::real when 2 then 7 when 3 then 4 end as rating, correction, created_at,"
        " null::text as model_version from chats cross join generate_series(1, 4) as n"
    )
    rows, intake = collected(conn)
    assert [(row.rating, row.subject_key) for row in rows] == [(4.0, "")]
    assert intake.rejected == {"rating out of range": 2, "unrated": 1}


def test_a_table_without_a_column_is_a_source_error(conn: psycopg.Connection[Any]) -> None:
    conn.execute("alter table interactions drop column correction cascade")
    with pytest.raises(SourceError, match="correction"):
        collected(conn)


CHANGES = [
    "update interactions set rating = 4.5 where id = 1",
    "update interactions set correction = 'a b' where id = 1",
    'update interactions set messages = messages || \'[{"role": "user"}]\' where id = 1',
    "update interactions set subject_key = '9' where id = 1",
    "update interactions set created_at = created_at - interval '1 second' where id = 1",
    "delete from interactions where id = 1",
    "update interactions set rating = 4 where id = 3",
    "insert into interactions (conversation_id, agent_type, messages, rating) values ('c', 'MedicalQA', '[]', 5)",
]
NO_CHANGES = [
    "select 1",
    "insert into interactions (conversation_id, agent_type, messages, rating) values ('c', 'Billing', '[]', 5)",
    "insert into interactions (conversation_id, agent_type, messages, rating) values ('c', 'MedicalQA', '[]', 2)",
    "set timezone to 'Asia/Tokyo'",
]


@pytest.mark.parametrize(("change", "changes"), [*((c, True) for c in CHANGES), *((c, False) for c in NO_CHANGES)])
def test_the_fingerprint_changes_with_the_rows_it_covers_and_with_no_others(
    conn: psycopg.Connection[Any], change: str, changes: bool
) -> None:
    for rating in (5.0, 5.0, 1.0):
        add(conn, rating=rating)
    before = fingerprint(conn, QUERY, KEY)
    conn.execute(change)
    assert (fingerprint(conn, QUERY, KEY) != before) == changes


def test_the_fingerprint_changes_with_query_and_key(conn: psycopg.Connection[Any]) -> None:
    first = add(conn)
    add(conn)
    seen = {fingerprint(conn, QUERY, KEY), fingerprint(conn, QUERY, b"another")}
    seen.add(fingerprint(conn, QUERY.model_copy(update={"after": first}), KEY))
    assert len(seen) == 3


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
