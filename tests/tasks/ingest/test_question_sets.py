"""Question sets of many forms become examples, texts documents; what cannot be read is counted and named."""

import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from tasks.errors import SourceError
from tasks.ingest.example_forms import metadata_of
from tasks.ingest.intake import Intake
from tasks.ingest.interactions import pseudonym
from tasks.ingest.question_sets import read_examples
from tasks.records import Document, Example

KEY = "an obviously fictional key, of length enough"
REAL = os.environ.get("ROUNDS_REAL_DATA", "")


@pytest.fixture(autouse=True)
def _key(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUNDS_HASH_KEY", KEY)


def keyed(value: str) -> str:
    return pseudonym(KEY.encode(), value)


def read(path: Path) -> tuple[list[Example], Intake]:
    intake = Intake()
    found = list(read_examples(path, "MedicalQA", intake))
    assert all(isinstance(row, Example) for row in found)
    return found, intake  # type: ignore[return-value]


def read_texts(path: Path) -> tuple[list[Document], Intake]:
    intake = Intake()
    return [row for row in read_examples(path, "MedicalQA", intake) if isinstance(row, Document)], intake


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


TURNS = [{"from": "human", "value": "What is tea?"}, {"from": "gpt", "value": "A warm drink."}]
ASKED = ["What is tea?", "A warm drink."]
FORMS: list[tuple[dict[str, Any], list[str], str]] = [
    ({"id": "q1", "input": "What is tea?", "output": "A warm drink."}, ASKED, "the guides' pairs"),
    ({"instruction": "What is tea?", "input": "", "output": "A warm drink."}, ASKED, "instruction alone"),
    ({"instruction": "What is tea?", "output": "A warm drink."}, ASKED, "instruction without input"),
    ({"instruction": "Answer.", "input": "Tea?", "output": "Warm."}, ["Answer.\n\nTea?", "Warm."], "with input"),
    ({"instruction": "Tea?", "input": None, "output": "Warm.", "text": "Tea? Warm."}, ["Tea?", "Warm."], "with text"),
    ({"conversations": TURNS}, ASKED, "ShareGPT"),
    ({"conversations": TURNS, "system": "Be brief."}, ["Be brief.", *ASKED], "ShareGPT with system"),
    ({"conversations": [{"from": "system", "value": "Be brief."}, *TURNS]}, ["Be brief.", *ASKED], "system as a turn"),
    ({"messages": [MESSAGES[0], *MESSAGES]}, ["What is tea?\n\nWhat is tea?", "A warm drink."], "asked twice"),
    ({"conversations": [TURNS[1], *TURNS, TURNS[0]]}, ASKED, "greeting before, question without answer after"),
    ({"messages": MESSAGES, "text": "What is tea?"}, ASKED, "chat with text"),
    ({"question": "What is tea?", "answer": "A warm drink.", "text": "x"}, ASKED, "question with text"),
    (
        {"instruction": "And milk?", "output": "White.", "history": [ASKED], "system": "Be brief."},
        ["Be brief.", *ASKED, "And milk?", "White."],
        "history",
    ),
]


@pytest.mark.parametrize(("row", "expected", "why"), FORMS, ids=[why for _, _, why in FORMS])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_each_form_becomes_messages(
    tmp_path: Path, name: str, row: dict[str, Any], expected: list[str], why: str
) -> None:
    assert contents(read(lines(tmp_path / name, row))[0][0]) == expected
    path = tmp_path / f"array-{name}"
    path.write_bytes(orjson.dumps([row, row]))
    assert [contents(example) for example in read(path)[0]] == [expected] * 2


def test_metadata_names_the_source_and_other_keys_are_not_kept() -> None:
    metadata = {"source": " ward ", "domain": "cardiology", "difficulty": 3, "verified": True, "patient": "Ann Brask"}
    kept = {"source": "ward", "domain": "cardiology", "difficulty": "3", "verified": True}
    assert metadata_of({"metadata": metadata}) == kept
    assert metadata_of({"metadata": {"domain": "x" * 101, "difficulty": None, "source": ["a"]}}) == {}
    assert metadata_of({"metadata": "Ann Brask"}) == metadata_of({}) == {}


def test_a_row_is_named_after_its_source_or_that_of_its_metadata(tmp_path: Path) -> None:
    pair = {"input": "Tea?", "output": "Warm."}
    rows = ({**pair, "metadata": {"source": "ward"}}, {**pair, "source": "home", "metadata": {"source": "ward"}}, pair)
    assert [row.source for row in read(lines(tmp_path / "a.jsonl", *rows))[0]] == ["ward", "home", "examples"]


@pytest.mark.parametrize(("rating", "kept"), [(1, 1.0), (4, 4.0), (4.5, 4.5), (5, 5.0), ("5", None), (None, None)])
def test_a_rating_of_one_to_five_is_kept(tmp_path: Path, rating: object, kept: float | None) -> None:
    ((example,), _) = read(lines(tmp_path / "a.jsonl", {"input": "Tea?", "output": "Warm.", "rating": rating}))
    assert example.rating == kept


PAPERS = [
    ("pubmed", "99000001", {"pmid": "99000001"}),
    ("PubMed", "99000001", {"pmid": "99000001"}),
    ("PMC", "PMC9900001", {"pmcid": "PMC9900001"}),
    ("arxiv", "2601.00001v2", {"doi": "10.48550/arXiv.2601.00001"}),
    ("pubmed", "MRN 00482199", {}),
    ("pubmed", "482-19-9", {}),
    ("ward", "99000001", {}),
]


@pytest.mark.parametrize(("source", "number", "kept"), PAPERS)
def test_a_text_is_a_document_and_only_a_papers_number_is_kept(
    tmp_path: Path, source: str, number: str, kept: dict[str, str]
) -> None:
    row = {"text": "Tea is warm.", "source": source, "paper_id": number, "title": "On tea"}
    ((document,), intake) = read_texts(lines(tmp_path / "a.jsonl", row))
    assert (document.source, document.title, document.sections[0].text) == ("texts", "On tea", "Tea is warm.")
    assert document.source_id == keyed(f"{source}:{number}")
    found = {"pmid": document.pmid, "pmcid": document.pmcid, "doi": document.doi}
    assert {name: value for name, value in found.items() if value} == kept
    assert not intake.rejected


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_row_that_is_no_utf8_is_counted_and_the_others_are_kept(tmp_path: Path, name: str) -> None:
    good, bad = b'{"input": "Tea?", "output": "Warm."}', b'{"input": "Tea?", "output": "Warm \xff."}'
    content = b"[" + b",".join((good, bad, good)) + b"]" if name == "a.json" else b"\n".join((good, bad, good))
    (tmp_path / name).write_bytes(content)
    rows, intake = read(tmp_path / name)
    assert len(rows) == 2
    assert intake.rejected.total() == 1


def test_an_empty_text_is_counted(tmp_path: Path) -> None:
    assert read_texts(lines(tmp_path / "a.jsonl", {"text": " "}))[1].rejected == {"empty text": 1}


UNUSABLE: list[tuple[Any, str]] = [
    ({"messages": []}, "no question with an answer"),
    ({"messages": MESSAGES[:1]}, "no question with an answer"),
    ({"messages": MESSAGES[1:]}, "no question with an answer"),
    ({"messages": [{**MESSAGES[0], "role": "human"}, MESSAGES[1]]}, "unknown role"),
    ({"messages": [{**MESSAGES[0], "content": None}, MESSAGES[1]]}, "malformed messages"),
    ({"messages": ["What is tea?", "A warm drink."]}, "malformed messages"),
    ({"messages": [*MESSAGES, MESSAGES[1]]}, "two answers in a row"),
    ({"messages": [*MESSAGES, {"role": "system", "content": "Be brief."}]}, "system message after the start"),
    ({"messages": [{**MESSAGES[0], "content": "Te\0a?"}, MESSAGES[1]]}, "NUL character"),
    ({"conversations": [*TURNS, TURNS[1]]}, "two answers in a row"),
    ({"conversations": [TURNS[0], {"from": "gpt", "value": "Wa\0rm."}]}, "NUL character"),
    ({"input": "Tea?", "output": "Wa\0rm."}, "NUL character"),
    ({"input": "Tea?", "output": "Warm.", "history": [["Milk?", "No."], ["", "Yes."]]}, "two answers in a row"),
    ({"input": "Tea?", "output": "Warm.", "history": [["Milk?", "N\0."]]}, "NUL character"),
    ({"input": "Tea?", "output": "Warm.", "rating": 7}, "rating out of range"),
    ({"input": "Tea?", "output": "Warm.", "rating": 0}, "rating out of range"),
    ({"input": "Tea?", "output": "Warm.", "rating": 5.5}, "rating out of range"),
    ({"input": "Tea?", "output": "Warm.", "rating": True}, "rating out of range"),
    ({"question": "Tea?", "answer": "Yes.", "context": ["Tea."]}, "missing or malformed fields"),
    ({"question": "Tea?", "answer": "Yes.", "context": 7}, "missing or malformed fields"),
    ({"question": "Tea?", "answer": "Yes.", "context": "Te\0a."}, "NUL character"),
    ({"PMID": 7, "QUESTION": "Tea?", "CONTEXTS": "We drank.", "LONG_ANSWER": "Yes."}, "missing or malformed fields"),
    ({"PMID": 7, "QUESTION": "Tea?", "CONTEXTS": [1], "LONG_ANSWER": "Yes."}, "missing or malformed fields"),
    ({"PMID": 7, "QUESTION": "Tea?", "CONTEXTS": {"a": "b"}, "LONG_ANSWER": "Yes."}, "missing or malformed fields"),
    ({"PMID": 7, "QUESTION": "Tea?", "CONTEXTS": ["W\0e."], "LONG_ANSWER": "Yes."}, "NUL character"),
    ({"text": "Te\0a."}, "NUL character"),
    ({"messages": [{**MESSAGES[0], "content": " "}, MESSAGES[1]]}, "empty message"),
    ({"messages": "What is tea?"}, "malformed messages"),
    ({"question": "Tea?"}, "missing or malformed fields"),
    ({"question": "", "answer": "Yes."}, "empty question"),
    ({"question": "Tea?", "answer": ["Yes."]}, "missing or malformed fields"),
    ({}, "missing or malformed fields"),
    ({"conversations": [{"from": "tool", "value": "x"}, *TURNS]}, "unknown role"),
    ({"conversations": TURNS[:1]}, "no question with an answer"),
    ({"conversations": "What is tea?"}, "missing or malformed fields"),
    ({"instruction": "", "input": " ", "output": "Warm."}, "empty question"),
    ({"instruction": "Tea?", "input": "", "output": ""}, "empty answer"),
    ({"input": "Tea?", "output": ["Warm."]}, "missing or malformed fields"),
    ({"output": "Warm."}, "missing or malformed fields"),
    ({"input": "Tea?", "output": "Warm.", "history": [["one"]]}, "missing or malformed fields"),
    ({"text": 7}, "missing or malformed fields"),
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
