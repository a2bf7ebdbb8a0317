"""Positions move forward only, all their numbers together, and can be forgotten."""

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.ingest.positions import advance, position, reset, watermark

AGENT = "MedicalQA"


def chats(changed_in: int, id_: int, cluster: int = 1) -> dict[str, int]:
    return {"interactions": changed_in, "interactions id": id_, "interactions cluster": cluster}


MOVES = [
    (chats(5, 9), chats(6, 1), True, "a later transaction, with a lower id"),
    (chats(5, 9), chats(5, 10), True, "a later row of the same transaction"),
    (chats(5, 9), chats(5, 9), False, "the same"),
    (chats(5, 9), chats(5, 8), False, "an earlier row"),
    (chats(5, 9), chats(4, 99), False, "an earlier transaction, with a higher id"),
    (chats(5, 9), chats(2, 1, cluster=2), True, "another cluster counts from anew"),
    ({}, chats(0, -(2**63)), True, "the first position"),
    ({"arxiv": 5}, {"arxiv": 6}, True, "a source of one number"),
    ({"arxiv": 5}, {"arxiv": 4}, False, "the same, back"),
    ({"interactions": 900}, chats(5, 1), True, "a number that no cluster counted"),
]


@pytest.mark.parametrize(("first", "then", "moves", "why"), MOVES)
def test_a_position_moves_forward_with_all_its_numbers(
    conn: psycopg.Connection[Any], first: dict[str, int], then: dict[str, int], moves: bool, why: str
) -> None:
    advance(conn, AGENT, first)
    advance(conn, AGENT, then)
    assert position(conn, next(iter(then)), AGENT) == (then if moves else first), why


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 3)), min_size=1, max_size=6))
def test_writers_in_any_order_leave_the_greatest_position(
    conn: psycopg.Connection[Any], places: list[tuple[int, int]]
) -> None:
    reset(conn, "interactions", AGENT)
    for place in places:
        advance(conn, AGENT, chats(*place))
    assert position(conn, "interactions", AGENT) == chats(*max(places))


def test_positions_are_kept_per_source_and_agent_and_can_be_forgotten(conn: psycopg.Connection[Any]) -> None:
    advance(conn, AGENT, chats(5, 9) | {"arxiv": 7})
    assert watermark(conn, "arxiv", AGENT) == 7
    assert watermark(conn, "arxiv", "Billing") == 0
    reset(conn, "interactions", AGENT)
    assert position(conn, "interactions", AGENT) == {}
    assert watermark(conn, "arxiv", AGENT) == 7
