"""Question sets of three forms become examples; what cannot be read is counted and named by its line."""

import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from tasks.errors import SourceError
from tasks.ingest.intake import Intake
from tasks.ingest.interactions import pseudonym
from tasks.ingest.question_sets import read_examples
from tasks.records import Example

KEY = "an obviously fictional key, of length enough"
REAL = os.environ.get("ROUNDS_REAL_DATA", "")


@pytest.fixture(autouse=True)
def _key(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUNDS_HASH_KEY", KEY)


def keyed(value: str) -> str:
    return pseudonym(KEY.encode(), value)


def read(path: Path) -> tuple[list[Example], Intake]:
    intake = Intake()
    return list(read_examples(path, "MedicalQA", intake)), intake


def lines(path: Path, *rows: object) -> Path:
    path.write_bytes(b"".join(row if isinstance(row, bytes) else orjson.dumps(row) + b"\n" for row in rows))
    return path


def contents(example: Example) -> list[str]:
    return [message.content for message in example.messages]


MESSAGES = [{"role": "user", "content": "What is tea?"}, {"role": "assistant", "content": "A warm drink."}]


def test_messages_of_ones_own_keep_their_source_and_group(tmp_path: Path) -> None:
    row = {"messages": MESSAGES, "source": "ward", "source_id": "7", "group_id": "g", "licence": "CC0"}
    ((example,), _) = read(lines(tmp_path / "a.jsonl", row))
    assert (example.source, example.licence) == ("ward", "CC0")
    assert (example.source_id, example.group_id) == (keyed("7"), keyed("g"))
    assert contents(example) == ["What is tea?", "A warm drink."]
    assert example.agent_type == "MedicalQA"


def test_questions_of_ones_own_get_their_context_and_a_group_of_their_own(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "a.jsonl",
        {"question": "And milk?", "answer": "White.", "context": "Tea."},
        b"\n",
        {"question": "Sugar?", "answer": "Sweet.", "id": "s"},
    )
    first, second = read(path)[0]
    assert contents(first) == ["Tea.\n\nAnd milk?", "White."]
    assert (first.source_id, second.source_id) == (keyed("a.jsonl:1"), keyed("s"))
    assert first.group_id != second.group_id


KEYED = {"id": "MRN 00482199", "source_id": "MRN 00482199", "group_id": "SSN 899-45-6789", "subject_key": "Brask"}


@pytest.mark.parametrize("body", [{"messages": MESSAGES}, {"question": "Tea?", "answer": "Yes."}])
def test_keys_of_ones_own_rows_become_pseudonyms(tmp_path: Path, body: dict[str, Any]) -> None:
    ((example,), _) = read(lines(tmp_path / "a.jsonl", {**body, **KEYED}))
    kept = (example.source_id, example.group_id, example.subject_key)
    assert kept == tuple(keyed(KEYED[name]) for name in ("source_id", "group_id", "subject_key"))
    assert not any(value in example.model_dump_json() for value in KEYED.values())


def test_groups_stay_together_and_a_patient_is_a_group_as_in_chats(tmp_path: Path) -> None:
    asked = {"question": "Tea?", "answer": "Yes."}
    groups: list[dict[str, object]] = [
        {"group_id": "g"},
        {"group_id": "g", "subject_key": "p"},
        {"group_id": "h"},
        {"subject_key": "p"},
        {},
    ]
    rows = read(lines(tmp_path / "a.jsonl", *[{**asked, **group} for group in groups]))[0]
    assert rows[0].group_id == rows[1].group_id
    assert len({row.group_id for row in rows}) == 4
    assert rows[3].group_id == rows[3].subject_key == keyed("p")


@pytest.mark.parametrize("change", [{"qid": "MRN 00482199"}, {"doc_id": "899-45-6789"}, {"source": "Dr. Brask"}])
def test_row_that_only_looks_like_medquad_is_not_taken(tmp_path: Path, change: dict[str, str]) -> None:
    row = {"qid": "1-1", "doc_id": "1", "source": "GARD", "question": "Tea?", "answer": "Yes."}
    rows, intake = read(lines(tmp_path / "a.jsonl", row, {**row, **change}))
    assert len(rows) == 1
    assert intake.rejected == {"missing or malformed fields": 1}


def test_medquad_is_grouped_by_document_and_empty_answers_are_counted(tmp_path: Path) -> None:
    base = {"file": "f", "doc_id": "1", "source": "GARD", "question": "What is X?", "focus": "X"}
    answers = ("X is.", "  ", None)
    path = tmp_path / "m.jsonl.gz"
    rows = [{**base, "qid": f"1-{number}", "answer": answer} for number, answer in enumerate(answers, start=1)]
    path.write_bytes(gzip.compress(b"\n".join(orjson.dumps(row) for row in rows)))
    (example,), intake = read(path)
    assert (example.source_id, example.group_id, example.licence) == ("GARD:1-1", "medquad:GARD:1", "CC BY 4.0")
    assert intake.rejected == {"empty answer": 2}


def test_pubmedqa_asks_over_the_sections_and_answers_with_decision_and_conclusion(tmp_path: Path) -> None:
    item = {"QUESTION": "Does tea help?", "CONTEXTS": ["We gave tea.", "It helped."], "LONG_ANSWER": "Tea helps."}
    path = tmp_path / "p.json"
    path.write_bytes(orjson.dumps({"99000001": {**item, "final_decision": "yes"}, "99000002": item}))
    first, second = read(path)[0]
    assert contents(first) == ["We gave tea.\nIt helped.\n\nDoes tea help?", "Yes. Tea helps."]
    assert contents(second)[1] == "Tea helps."
    assert (first.group_id, first.licence) == ("pubmed:99000001", "MIT")


UNUSABLE: list[tuple[Any, str]] = [
    ({"messages": []}, "no question with an answer"),
    ({"messages": MESSAGES[:1]}, "no question with an answer"),
    ({"messages": MESSAGES[1:]}, "no question with an answer"),
    ({"messages": [{**MESSAGES[0], "role": "human"}, MESSAGES[1]]}, "missing or malformed fields"),
    ({"messages": [{**MESSAGES[0], "content": None}, MESSAGES[1]]}, "missing or malformed fields"),
    ({"messages": [{**MESSAGES[0], "content": " "}, MESSAGES[1]]}, "empty message"),
    ({"messages": "What is tea?"}, "missing or malformed fields"),
    ({"question": "Tea?"}, "missing or malformed fields"),
    ({"question": "", "answer": "Yes."}, "empty question"),
    ({"question": "Tea?", "answer": ["Yes."]}, "missing or malformed fields"),
    ({}, "missing or malformed fields"),
]


@pytest.mark.parametrize(("row", "reason"), UNUSABLE)
def test_a_row_that_is_no_example_is_counted(tmp_path: Path, row: dict[str, Any], reason: str) -> None:
    rows, intake = read(lines(tmp_path / "a.jsonl", row, {"question": "Tea?", "answer": "Yes."}))
    assert len(rows) == 1
    assert intake.rejected == {reason: 1}


def test_a_malformed_line_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    good = {"question": "Tea?", "answer": "Yes."}
    path = lines(tmp_path / "a.jsonl", good, b'{"question": "Secr\n', b"[1]\n", good)
    rows, intake = read(path)
    assert len(rows) == 2
    assert intake.rejected == {"malformed line": 2}
    assert [w.split(": ")[0] for w in intake.warnings] == [f"{path}, line 2", f"{path}, line 3"]
    assert not any("Secr" in w for w in intake.warnings)


def test_many_malformed_lines_are_named_twenty_times(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", {"question": "Tea?", "answer": "Yes."}, *[b"no\n"] * 50)
    intake = read(path)[1]
    assert intake.rejected == {"malformed line": 50}
    assert len(intake.warnings) == 21
    assert "30 further lines" in intake.warnings[-1]


WRONG = [("a.jsonl", b"no\nno\n"), ("a.json", b"{no"), ("a.json", b"[1, 2]"), ("a.json", b'{"1": {"question": "x"}}')]


@pytest.mark.parametrize(("name", "content"), WRONG)
def test_a_file_of_another_form_is_a_source_error(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(SourceError, match=name):
        read(lines(tmp_path / name, content))


def test_a_truncated_gzip_file_keeps_the_rows_before(tmp_path: Path) -> None:
    asked = [hashlib.sha512(bytes([i % 256, i // 256])).hexdigest() for i in range(4000)]  # text that hardly compresses
    rows = b"".join(orjson.dumps({"question": question, "answer": "Yes."}) + b"\n" for question in asked)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(rows)[:-20_000])
    kept, intake = read(path)
    assert 0 < len(kept) < 4000
    assert any("gzip" in w for w in intake.warnings)


@pytest.mark.skipif(not REAL, reason="ROUNDS_REAL_DATA names no folder with real files")
class TestRealSets:
    def test_medquad_has_the_answers_that_its_readme_counts(self) -> None:
        rows, intake = read(Path(REAL) / "qa" / "medquad" / "medquad_all.jsonl.gz")
        assert len(rows) == 16_407
        assert intake.rejected == {"empty answer": 47_441 - 16_407}
        assert not intake.warnings

    def test_pubmedqa_has_five_hundred_items(self) -> None:
        rows, intake = read(Path(REAL) / "qa" / "pubmedqa" / "pqal_dev.json")
        assert len(rows) == len({row.group_id for row in rows}) == 500
        assert not intake.rejected
        assert {contents(row)[1].split(".")[0] for row in rows} == {"Yes", "No", "Maybe"}
