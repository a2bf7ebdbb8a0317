"""A view of a hospital's own: with fewer columns, with other types, and with values that our table refuses."""

from typing import Any

import orjson
import psycopg
import pytest

from tasks.errors import SourceError
from tasks.ingest.intake import Intake
from tasks.ingest.interactions import collect_interactions, read_low_rated
from tasks.records import ChatQuery, Interaction

KEY = b"a key of tests"
QUERY = ChatQuery(agent_type="MedicalQA")
ANSWER = "one two three four five six seven eight nine ten"
MESSAGES = orjson.dumps([{"role": "user", "content": "What diet?"}, {"role": "assistant", "content": ANSWER}]).decode()
NEEDED = {
    "id": "n::bigint",
    "conversation_id": "7",
    "agent_type": "'MedicalQA'::varchar",
    "subject_key": "null::text",
    "messages": f"'{MESSAGES}'::text",
    "rating": "5::numeric",
    "correction": "null::text",
    "created_at": "timestamptz '2026-01-02 03:04:05Z'",
    "model_version": "null::text",
}


def give(conn: psycopg.Connection[Any], rows: int = 1, **columns: str) -> None:
    """Put a view over `rows` numbers n before our table, until the transaction ends."""
    listed = ", ".join(f"{expression} as {name}" for name, expression in {**NEEDED, **columns}.items())
    conn.execute("create schema if not exists hospital")
    conn.execute(
        f"create or replace view hospital.interactions as select {listed} from generate_series(1, {rows}) as n".encode()
    )
    conn.execute("set local search_path to hospital, public")


def collected(conn: psycopg.Connection[Any], query: ChatQuery = QUERY) -> tuple[list[str], Intake]:
    intake = Intake()
    rows = [Interaction.model_validate(row) for row in collect_interactions(conn, query, KEY, intake)]
    return [row.id for row in rows], intake


def test_the_columns_that_are_needed_suffice_and_no_position_is_kept(conn: psycopg.Connection[Any]) -> None:
    give(conn, rows=3)
    for query in (QUERY, QUERY.model_copy(update={"position": {"interactions": 9, "interactions id": 2}})):
        ids, intake = collected(conn, query)
        assert (ids, intake.watermark) == (["1", "2", "3"], {})
        assert "no column changed_in" in intake.warnings[0]


def test_a_changed_in_of_ones_own_is_a_position(conn: psycopg.Connection[Any]) -> None:
    give(conn, rows=3, changed_in="(4 - n)::text::xid8")
    ids, intake = collected(conn)
    assert (ids, intake.warnings) == (["3", "2", "1"], [])
    assert (intake.watermark["interactions"], intake.watermark["interactions id"]) == (3, 1)
    give(conn, rows=4, changed_in="(case n when 4 then 4 else 4 - n end)::text::xid8")
    assert collected(conn, QUERY.model_copy(update={"position": intake.watermark}))[0] == ["4"]


def test_transactions_are_ordered_as_numbers_not_as_text(conn: psycopg.Connection[Any]) -> None:
    give(conn, rows=3, changed_in="(case n when 1 then '100' when 2 then '9' else '10' end)::xid8")
    ids, intake = collected(conn)
    assert (ids, intake.watermark["interactions"]) == (["2", "3", "1"], 100)


def test_a_null_changed_in_would_never_be_read_so_it_is_an_error(conn: psycopg.Connection[Any]) -> None:
    give(conn, rows=2, changed_in="case n when 1 then '9'::xid8 end")
    with pytest.raises(SourceError, match="changed_in is null"):
        collected(conn)


RATINGS = [
    ("7", "rating out of range"),
    ("0", "rating out of range"),
    ("'NaN'::real", "rating out of range"),
    ("'Infinity'::float8", "rating out of range"),
    ("null::real", "unrated"),
    ("1", "low rating"),
    ("4", None),
    ("4.0::float8", None),
]


@pytest.mark.parametrize(("rating", "reason"), RATINGS)
def test_a_rating_that_our_table_refuses_is_rejected(
    conn: psycopg.Connection[Any], rating: str, reason: str | None
) -> None:
    give(conn, rating=rating)
    _, intake = collected(conn)
    assert intake.rejected == ({reason: 1} if reason else {})


VALUES = [
    ({"consented": "null::boolean"}, "no consent"),
    ({"consented": "false"}, "no consent"),
    ({"created_at": "null::timestamptz"}, "no date"),
    ({"messages": "null::json"}, "malformed messages"),
    ({"messages": "'[{]'::text"}, "malformed messages"),
    ({"messages": "array[1]"}, "malformed messages"),
    ({"messages": """'[{"role": "user", "content": "a\\u0000b"}]'::json"""}, "NUL character"),
    ({"rating": "7", "correction": "'No.'"}, None),
    ({"messages": f"'{MESSAGES}'::json", "conversation_id": "null::text"}, None),
    ({"messages": f"'{MESSAGES}'::jsonb", "subject_key": "'9'::bpchar"}, None),
]


@pytest.mark.parametrize(("columns", "reason"), VALUES)
def test_values_of_other_types_and_nulls(
    conn: psycopg.Connection[Any], columns: dict[str, str], reason: str | None
) -> None:
    give(conn, **columns)
    ids, intake = collected(conn)
    assert (len(ids), intake.rejected) == ((0, {reason: 1}) if reason else (1, {}))


def test_without_revised_each_row_that_does_not_qualify_is_withdrawn(conn: psycopg.Connection[Any]) -> None:
    give(conn, rows=3, rating="case n when 1 then 5 when 2 then 2 end")
    assert [w.source_id for w in collected(conn)[1].withdrawals()] == ["2", "3"]
    give(conn, rows=3, rating="case n when 1 then 5 when 2 then 2 end", revised="n = 3")
    assert [w.source_id for w in collected(conn)[1].withdrawals()] == ["3"]


@pytest.mark.parametrize(
    ("column", "expression"), [("id", "'a'::text"), ("rating", "'good'::text"), ("changed_in", "5::bigint")]
)
def test_a_column_of_a_type_that_does_not_serve_is_explained(
    conn: psycopg.Connection[Any], column: str, expression: str
) -> None:
    give(conn, **{column: expression})
    with pytest.raises(SourceError, match="no usable `interactions`"):
        collected(conn)


def test_a_cast_of_the_view_that_fails_is_explained_without_the_value(conn: psycopg.Connection[Any]) -> None:
    give(conn, rating="case n when 1 then 'Jane Roe' end::real")
    with pytest.raises(SourceError, match="cannot convert") as refused:
        collected(conn)
    assert "Roe" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_low_rated_answers_are_kept_apart_with_their_corrections(conn: psycopg.Connection[Any]) -> None:
    give(
        conn,
        rows=7,
        rating="case n when 1 then 5 when 2 then 2 when 3 then 3.9 when 4 then null when 5 then null else 7 end",
        correction="case n when 3 then 'No.' when 4 then 'Yes.' when 7 then 'Maybe.' end",
    )
    intake = Intake()
    rows = [Interaction.model_validate(row) for row in read_low_rated(conn, QUERY, KEY, intake)]
    assert [(row.id, row.rating, row.correction) for row in rows] == [
        ("2", 2.0, None),
        ("3", 3.9, "No."),
        ("4", None, "Yes."),
    ]
    assert {row.messages[-1].content for row in rows} == {ANSWER}
    assert intake.rejected == {"well rated": 1, "unrated": 1, "rating out of range": 2}
    assert {reject.source for reject in intake.rejects()} == {"low-rated"}
