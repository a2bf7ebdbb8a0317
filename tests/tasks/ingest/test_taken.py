"""The ledger on a real database: new, changed, unchanged, retracted, withdrawn, and back again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.ingest import taken
from tasks.ingest.intake import Intake
from tasks.records import Document, Interaction, Message, Section, Withdrawal, WithdrawalReason

KEY = b"a key of these tests"
AGENT = "MedicalQA"
Connection = psycopg.Connection[Any]


def paper(number: int, text: str = "Nothing was found.", **more: str) -> Document:
    fields = {"source": "pubmed", "source_id": str(number), "pmid": str(number), "title": "A study"} | more
    return Document.model_validate(fields | {"sections": (Section(text=text),)})


def chat(number: int, answer: str = "Drink water.") -> dict[str, Any]:
    messages = (Message(role="user", content="What now?"), Message(role="assistant", content=answer))
    told = Interaction(
        id=str(number), conversation_id=f"c{number}", agent_type=AGENT, messages=messages, rating=5,
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
    )  # fmt: skip
    return told.model_dump()


def read(conn: Connection, *rows: Any, agent: str = AGENT) -> tuple[list[Mapping[str, Any]], Intake]:
    """Read rows as a collection does: what is yielded is written as JSON, taken from there, and committed."""
    intake = Intake()
    fresh = [orjson.loads(orjson.dumps(row)) for row in taken.untaken(conn, agent, "interactions", rows, KEY, intake)]
    taken.take(conn, agent, "interactions", fresh, KEY)
    return fresh, intake


def counts(intake: Intake) -> tuple[int, int, int, int]:
    return intake.new, intake.changed, intake.unchanged, intake.retracted


def withdraw(conn: Connection, source: str, source_id: str, reason: WithdrawalReason, notice: str = "") -> None:
    taken.withdraw(conn, [Withdrawal(source=source, source_id=source_id, reason=reason, notice=notice)])


def withdrawn(conn: Connection) -> list[tuple[Any, ...]]:
    return conn.execute("select source, source_id, reason, notice from withdrawals order by 1, 2").fetchall()


def test_a_row_is_new_then_unchanged_then_changed(conn: Connection) -> None:
    assert counts(read(conn, paper(1), paper(2))[1]) == (2, 0, 0, 0)
    assert counts(read(conn, paper(1), paper(2), paper(3))[1]) == (1, 0, 2, 0)
    fresh, intake = read(conn, paper(1, "Something was found."), paper(2))
    assert counts(intake) == (0, 1, 1, 0)
    assert [row["source_id"] for row in fresh] == ["1"]
    assert counts(read(conn, paper(1, "Something was found."))[1]) == (0, 0, 1, 0)


def test_an_exchange_is_known_again_although_its_date_became_text_meanwhile(conn: Connection) -> None:
    assert counts(read(conn, chat(1), chat(2))[1]) == (2, 0, 0, 0)
    assert counts(read(conn, chat(1), chat(2, "Drink milk."))[1]) == (0, 1, 1, 0)


def test_agents_learn_apart(conn: Connection) -> None:
    read(conn, paper(1))
    assert counts(read(conn, paper(1), agent="Clinical")[1]) == (1, 0, 0, 0)


def test_of_a_record_that_comes_twice_the_last_counts(conn: Connection) -> None:
    read(conn, paper(1, "First."), paper(1, "Second."))
    assert counts(read(conn, paper(1, "Second."))[1]) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("source", "source_id", "row"),
    [
        ("pubmed", "1", paper(1)),
        ("pubmed", "7", paper(1, source="pmc", source_id="PMC1", pmid="7")),
        ("doi", "10.5555/x", paper(1, doi="10.5555/X")),
        ("arxiv", "2601.00001", paper(1, source="arxiv", source_id="2601.00001", pmid="")),
    ],
)
def test_a_paper_retracted_before_it_comes_is_never_taken(
    conn: Connection, source: str, source_id: str, row: Document
) -> None:
    withdraw(conn, source, source_id, "retracted")
    assert counts(read(conn, row)[1]) == (0, 0, 0, 1)


def test_a_paper_of_another_name_is_taken_beside_a_retracted_one(conn: Connection) -> None:
    withdraw(conn, "doi", "10.5555/x", "retracted")
    withdraw(conn, "arxiv", "1", "withdrawn")
    assert counts(read(conn, paper(1, doi="10.5555/xy"), paper(2))[1]) == (2, 0, 0, 0)


def test_a_chat_rated_low_later_is_withdrawn_and_rated_well_again_is_new(conn: Connection) -> None:
    read(conn, chat(1))
    withdraw(conn, "interactions", "1", "no longer rated well")
    withdraw(conn, "interactions", "2", "no longer rated well")  # was never taken: nothing to remember
    assert withdrawn(conn) == [("interactions", "1", "no longer rated well", "")]
    assert counts(read(conn, chat(1))[1]) == (1, 0, 0, 0)
    assert withdrawn(conn) == []


def test_a_retraction_stays_and_keeps_its_notice(conn: Connection) -> None:
    read(conn, paper(1))
    withdraw(conn, "pubmed", "1", "retracted", "22")
    withdraw(conn, "pubmed", "1", "retracted")
    withdraw(conn, "pubmed", "1", "deleted")
    assert withdrawn(conn) == [("pubmed", "1", "retracted", "22")]
    assert counts(read(conn, paper(1, "Once more."))[1]) == (0, 0, 0, 1)
    assert withdrawn(conn) == [("pubmed", "1", "retracted", "22")]


def test_many_rows_go_through_in_batches(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taken, "BATCH_ROWS", 3)
    fresh, intake = read(conn, *(paper(n) for n in range(1, 11)))
    assert [row["source_id"] for row in fresh] == [str(n) for n in range(1, 11)]
    assert counts(intake) == (10, 0, 0, 0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("ab")), max_size=6), max_size=4))
def test_counts_add_up_and_the_last_content_is_what_is_known(
    conn: Connection, readings: list[list[tuple[int, str]]]
) -> None:
    conn.execute("truncate source_records, withdrawals")
    last: dict[int, str] = {}
    for reading in readings:
        rows = [paper(number, text) for number, text in reading]
        _, intake = read(conn, *rows)
        assert sum(counts(intake)) == len(rows)
        assert intake.unchanged == sum(last.get(number) == text for number, text in reading)
        # A reading compares with what was taken before it, so a row that came twice may leave its earlier form known.
        written = [(number, text) for number, text in reading if last.get(number) != text]
        last |= dict(written)
    assert counts(read(conn, *(paper(n, t) for n, t in last.items()))[1]) == (0, 0, len(last), 0)
