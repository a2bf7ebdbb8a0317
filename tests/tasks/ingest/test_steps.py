"""The steps on a real database and a real store."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.artifacts import open_store
from tasks.ingest import steps
from tasks.records import ChatQuery, Document, Example, Interaction, SourceFile
from tasks.sample.abstracts import write_pubmed_xml
from tasks.sample.load import load_sample_chats

QUERY = ChatQuery(agent_type="MedicalQA")


@pytest.fixture
def papers(conn: psycopg.Connection[Any], tmp_path: Path) -> tuple[SourceFile, ...]:
    write_pubmed_xml(tmp_path / "a.xml", seed=1, count=20)
    write_pubmed_xml(tmp_path / "b.xml", seed=2, count=5)
    return steps.find_files.fn((str(tmp_path),), "MedicalQA")


def test_papers_become_a_raw_shard(papers: tuple[SourceFile, ...]) -> None:
    shard = steps.collect_papers.fn(papers)
    assert (shard.kind, shard.source, shard.rows) == ("documents", "pubmed", 23)
    assert shard.rejected == {"retracted": 1, "no abstract": 1}
    assert shard.artifact.key.startswith("raw-papers/")
    assert len([Document.model_validate(row) for row in open_store().rows(shard.artifact)]) == 23
    assert steps.collect_papers.fn(papers) == shard


def test_examples_become_a_raw_shard(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"question": "Tea?", "answer": "Yes."}\nno\n', encoding="utf-8")
    files = steps.find_files.fn((str(tmp_path / "q.jsonl"),), "Clinical")
    shard = steps.collect_examples.fn(files, "Clinical")
    assert (shard.kind, shard.rows, shard.rejected) == ("examples", 1, {"malformed line": 1})
    (example,) = [Example.model_validate(row) for row in open_store().rows(shard.artifact)]
    assert example.agent_type == "Clinical"
    assert len(shard.warnings) == 1


def test_chats_become_a_raw_shard_of_valid_interactions_without_keys(conn: psycopg.Connection[Any]) -> None:
    load_sample_chats(conn, 1, 300, datetime.now(UTC))
    conn.commit()
    fingerprint = steps.fingerprint_chats.fn(QUERY)
    shard = steps.collect_chats.fn(QUERY, fingerprint)
    rows = [Interaction.model_validate(row) for row in open_store().rows(shard.artifact)]
    assert len(rows) == shard.rows > 50
    assert shard.kind == "interactions"
    assert shard.artifact.key.startswith("raw-chats/")
    found = conn.execute("select subject_key, conversation_id from interactions").fetchall()
    keys = {key for row in found for key in row}
    assert not keys & {key for row in rows for key in (row.subject_key, row.conversation_id)}
    assert steps.fingerprint_chats.fn(QUERY) == fingerprint
    assert steps.collect_chats.fn(QUERY, fingerprint) == shard


def test_zero_rows_are_a_shard_and_no_error(conn: psycopg.Connection[Any]) -> None:
    assert steps.collect_chats.fn(QUERY, steps.fingerprint_chats.fn(QUERY)).rows == 0
    assert steps.collect_papers.fn(()).rows == 0
    assert steps.collect_examples.fn((), "MedicalQA").rows == 0


def test_ingested_files_are_not_found_again_for_the_same_agent(papers: tuple[SourceFile, ...], tmp_path: Path) -> None:
    shard = steps.collect_papers.fn(papers)
    steps.advance_watermarks.fn("MedicalQA", (shard,), papers)
    steps.advance_watermarks.fn("MedicalQA", (shard,), papers)
    assert steps.find_files.fn((str(tmp_path),), "MedicalQA") == ()
    assert steps.find_files.fn((str(tmp_path),), "Clinical") == papers
    (tmp_path / "a.xml").write_text("changed", encoding="utf-8")
    assert [f.path for f in steps.find_files.fn((str(tmp_path),), "MedicalQA")] == [str(tmp_path / "a.xml")]


def test_watermarks_go_forward_only_and_are_kept_per_agent(conn: psycopg.Connection[Any]) -> None:
    assert steps.read_watermark.fn("interactions", "MedicalQA") == 0
    empty = steps.collect_papers.fn(())
    for value in (7, 30, 12):
        shard = empty.model_copy(update={"watermark": {"interactions": value}})
        steps.advance_watermarks.fn("MedicalQA", (shard,), ())
    assert steps.read_watermark.fn("interactions", "MedicalQA") == 30
    assert steps.read_watermark.fn("interactions", "Billing") == 0


def test_the_next_collection_begins_behind_the_watermark(conn: psycopg.Connection[Any]) -> None:
    load_sample_chats(conn, 1, 100, datetime.now(UTC))
    conn.commit()
    first = steps.collect_chats.fn(QUERY, steps.fingerprint_chats.fn(QUERY))
    steps.advance_watermarks.fn("MedicalQA", (first,), ())
    again = QUERY.model_copy(update={"after": steps.read_watermark.fn("interactions", "MedicalQA")})
    assert steps.collect_chats.fn(again, steps.fingerprint_chats.fn(again)).rows == 0


def test_raw_shards_are_gone_after_discarding_twice(papers: tuple[SourceFile, ...]) -> None:
    shard = steps.collect_papers.fn(papers)
    steps.discard_raw.fn()
    steps.discard_raw.fn()
    assert not open_store().exists(shard.artifact)
