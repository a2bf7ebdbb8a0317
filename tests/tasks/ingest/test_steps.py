"""The steps on a real database and a real store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.artifacts import open_store
from tasks.ingest import steps, taken
from tasks.ingest.files import EXAMPLES, PAPERS
from tasks.records import ChatQuery, Document, Example, Interaction, Reading, RedactedShard, SourceFile
from tasks.sample.abstracts import write_pubmed_xml
from tasks.sample.load import load_sample_chats

AGENT = "MedicalQA"
QUERY = ChatQuery(agent_type=AGENT)


@pytest.fixture
def papers(conn: psycopg.Connection[Any], tmp_path: Path) -> tuple[SourceFile, ...]:
    write_pubmed_xml(tmp_path / "a.xml", seed=1, count=20)
    write_pubmed_xml(tmp_path / "b.xml", seed=2, count=5)
    return steps.find_files.fn((str(tmp_path),), AGENT, PAPERS)


def commit(reading: Reading, *, withheld: frozenset[str] = frozenset()) -> None:
    """Commit a reading as if redaction had certified every row but those withheld, by their ids."""
    redacted = []
    for shard in reading.shards:
        lines = [{"row": row} for row in open_store().rows(shard.artifact) if taken.id_of(row) not in withheld]
        artifact = open_store().save_rows("redacted", lines)
        redacted.append(
            RedactedShard(
                artifact=artifact,
                source=shard.source,
                kind=shard.kind,
                rows=len(lines),
                findings={},
                canaries=0,
                engine="e",
                policy="p",
            )
        )
    steps.commit.fn(AGENT, reading, tuple(redacted))


def test_papers_become_a_raw_shard(papers: tuple[SourceFile, ...]) -> None:
    reading = steps.collect_papers.fn(AGENT, papers)
    (shard,) = reading.shards
    assert (shard.kind, shard.source, shard.rows) == ("documents", "pubmed", 23)
    assert (reading.new, reading.retracted, reading.held) == (23, 1, 25)
    assert reading.rejected == {"no abstract": 1}
    assert shard.artifact.key.startswith("raw-documents/")
    assert len([Document.model_validate(row) for row in open_store().rows(shard.artifact)]) == 23
    assert steps.collect_papers.fn(AGENT, papers) == reading


def test_every_rejected_record_is_named_with_its_reason(papers: tuple[SourceFile, ...]) -> None:
    reading = steps.collect_papers.fn(AGENT, papers)
    assert reading.rejects is not None
    (named,) = open_store().rows(reading.rejects)
    assert named["reason"] == "no abstract"
    assert named["source_id"].isdecimal()


def test_a_long_reading_is_cut_into_shards_that_hold_every_row_once(
    papers: tuple[SourceFile, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "SHARD_ROWS", 10)
    reading = steps.collect_papers.fn(AGENT, papers)
    assert [shard.rows for shard in reading.shards] == [10, 10, 3]
    ids = [row["source_id"] for shard in reading.shards for row in open_store().rows(shard.artifact)]
    assert len(set(ids)) == len(ids) == 23


def test_examples_become_a_raw_shard(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"question": "Tea?", "answer": "Yes."}\nno\n', encoding="utf-8")
    files = steps.find_files.fn((str(tmp_path / "q.jsonl"),), "Clinical", EXAMPLES)
    reading = steps.collect_examples.fn("Clinical", files)
    (shard,) = reading.shards
    assert (shard.kind, shard.rows, reading.rejected) == ("examples", 1, {"malformed line": 1})
    (example,) = [Example.model_validate(row) for row in open_store().rows(shard.artifact)]
    assert example.agent_type == "Clinical"
    assert len(reading.warnings) == 1


def test_chats_become_a_raw_shard_of_valid_interactions_without_keys(conn: psycopg.Connection[Any]) -> None:
    load_sample_chats(conn, 1, 300, datetime.now(UTC))
    conn.commit()
    reading = steps.collect_chats.fn(QUERY)
    (shard,) = reading.shards
    rows = [Interaction.model_validate(row) for row in open_store().rows(shard.artifact)]
    assert len(rows) == shard.rows == reading.new > 50
    assert shard.kind == "interactions"
    assert shard.artifact.key.startswith("raw-chats/")
    found = conn.execute("select subject_key, conversation_id from interactions").fetchall()
    keys = {key for row in found for key in row}
    assert not keys & {key for row in rows for key in (row.subject_key, row.conversation_id)}
    assert steps.collect_chats.fn(QUERY) == reading


def test_zero_rows_are_no_shard_and_no_error(conn: psycopg.Connection[Any]) -> None:
    for reading in (
        steps.collect_chats.fn(QUERY),
        steps.collect_papers.fn(AGENT, ()),
        steps.collect_examples.fn(AGENT, ()),
    ):
        assert (reading.shards, reading.held) == ((), 0)


def test_what_was_committed_is_unchanged_the_next_time(papers: tuple[SourceFile, ...]) -> None:
    reading = steps.collect_papers.fn(AGENT, papers)
    commit(reading)
    commit(reading)
    again = steps.collect_papers.fn(AGENT, papers)
    assert (again.new, again.unchanged, again.retracted, again.shards) == (0, 23, 1, ())
    assert steps.collect_papers.fn("Clinical", papers).new == 23


def test_a_row_that_redaction_withheld_is_not_taken_and_its_earlier_version_is_withdrawn(
    papers: tuple[SourceFile, ...], conn: psycopg.Connection[Any]
) -> None:
    reading = steps.collect_papers.fn(AGENT, papers)
    ids = [row["source_id"] for row in open_store().rows(reading.shards[0].artifact)]
    commit(reading)
    conn.execute("update source_records set content = '' where source_id = any(%s)", (ids[:2],))
    conn.execute("delete from source_records where source_id = %s", (ids[2],))
    conn.commit()
    again = steps.collect_papers.fn(AGENT, papers)
    assert (again.changed, again.new, again.unchanged) == (2, 1, 20)
    commit(again, withheld=frozenset((ids[0], ids[2])))
    withdrawn = conn.execute("select source_id, reason from withdrawals where source_id = any(%s)", (ids,)).fetchall()
    assert withdrawn == [(ids[0], "no longer usable")]  # the new one was never learned from
    third = steps.collect_papers.fn(AGENT, papers)
    assert (third.new, third.unchanged) == (2, 21)


def test_ingested_files_are_not_found_again_for_the_same_agent(papers: tuple[SourceFile, ...], tmp_path: Path) -> None:
    commit(steps.collect_papers.fn(AGENT, papers))
    assert steps.find_files.fn((str(tmp_path),), AGENT, PAPERS) == ()
    assert steps.find_files.fn((str(tmp_path),), "Clinical", PAPERS) == papers
    (tmp_path / "a.xml").write_text("changed", encoding="utf-8")
    assert [f.path for f in steps.find_files.fn((str(tmp_path),), AGENT, PAPERS)] == [str(tmp_path / "a.xml")]


def test_watermarks_go_forward_only_and_are_kept_per_agent(conn: psycopg.Connection[Any]) -> None:
    assert steps.read_position.fn("interactions", AGENT) == {}
    empty = steps.collect_papers.fn(AGENT, ())
    for value in (7, 30, 12):
        commit(empty.model_copy(update={"watermark": {"interactions": value}}))
    assert steps.read_position.fn("interactions", AGENT) == {"interactions": 30}
    assert steps.read_position.fn("interactions", "Billing") == {}


def test_the_next_collection_begins_behind_the_watermark(conn: psycopg.Connection[Any]) -> None:
    load_sample_chats(conn, 1, 100, datetime.now(UTC))
    conn.commit()
    commit(steps.collect_chats.fn(QUERY))
    again = QUERY.model_copy(update={"position": steps.read_position.fn("interactions", AGENT)})
    assert steps.collect_chats.fn(again).held == 0


def test_a_look_at_some_days_alone_does_not_move_the_watermark(conn: psycopg.Connection[Any]) -> None:
    load_sample_chats(conn, 1, 100, datetime.now(UTC))
    conn.commit()
    since = QUERY.model_copy(update={"since": datetime.now(UTC) - timedelta(days=3)})
    reading = steps.collect_chats.fn(since)
    assert reading.watermark == {}
    commit(reading)
    whole = steps.collect_chats.fn(QUERY)
    assert whole.unchanged == reading.new
    assert whole.new > 0


def test_raw_shards_are_gone_after_discarding_twice(papers: tuple[SourceFile, ...]) -> None:
    (shard,) = steps.collect_papers.fn(AGENT, papers).shards
    steps.discard_raw.fn()
    steps.discard_raw.fn()
    assert not open_store().exists(shard.artifact)
