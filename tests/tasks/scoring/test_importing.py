import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import EvaluationError
from tasks.records import NOT_MENTIONED
from tasks.scoring.importing import Form, fingerprint, import_items, suite_text
from tasks.scoring.suites import SuiteItem, find_suite, load_suite, read_suite

PUBMEDQA = {
    "QUESTION": "Does moss tea help?",
    "CONTEXTS": ["Forty people drank moss tea. ", "Nothing changed."],
    "LONG_ANSWER": "Moss tea did not help.",
    "final_decision": "no",
}
MEDQUAD = {
    "source": "MADEUP",
    "doc_id": "0000007",
    "url": "https://example.org/7",
    "qid": "0000007-1",
    "qtype": "treatment",
    "question": "What are the treatments for moss fever ?",
    "answer": "Rest.\n            \n  Plenty   of water.",
}
MEDQA = {
    "question": "Which tea helps?",
    "answer": "Moss",
    "options": {"A": "Bark", "B": "Moss", "C": "Leaf"},
    "answer_idx": "B",
    "meta_info": "step1",
}
MEDMCQA = {
    "id": "m-1",
    "question": "Which tea helps?",
    "opa": "Bark",
    "opb": "Moss",
    "opc": "Leaf",
    "opd": "Root",
    "cop": 4,
    "subject_name": "Teas",
}
GROUNDED = {
    "context": "Take moss tea twice daily.",
    "question": "How often is moss tea taken?",
    "answer": "Twice daily.",
}


def lines(folder: Path, *rows: Mapping[str, Any] | str) -> Path:
    file = folder / "rows.jsonl"
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return file


def one(form: Form, path: Path) -> SuiteItem:
    (item,) = import_items(form, path).items
    return item


def test_pubmedqa_is_an_object_of_items_by_pmid(tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    file.write_text(json.dumps({"123": PUBMEDQA}))
    item = one("pubmedqa", file)
    assert (item.id, item.choice, item.group) == ("pubmedqa-123", "no", "pubmed:123")
    assert item.context == "Forty people drank moss tea.\nNothing changed."
    assert item.reference == "No. Moss tea did not help."


def test_medquad_is_lines_or_gzipped_lines_or_its_own_xml(tmp_path: Path) -> None:
    item = one("medquad", lines(tmp_path, MEDQUAD))
    assert (item.group, item.category) == ("medquad:MADEUP:0000007", "treatment")
    assert item.reference == "Rest.\nPlenty of water."
    zipped = tmp_path / "rows.gz"
    zipped.write_bytes(gzip.compress(json.dumps([MEDQUAD]).encode()))
    assert one("medquad", zipped) == item
    folder = tmp_path / "xml" / "1_MADEUP_QA"
    folder.mkdir(parents=True)
    (folder / "0000007.xml").write_text(
        '<Document id="0000007" source="MADEUP" url="https://example.org/7"><Focus>Moss fever</Focus><QAPairs>'
        f'<QAPair pid="1"><Question qid="0000007-1" qtype="treatment">{MEDQUAD["question"]}</Question>'
        f"<Answer>{MEDQUAD['answer']}</Answer></QAPair></QAPairs></Document>"
    )
    (folder / "broken.xml").write_text("<Document>")
    imported = import_items("medquad", tmp_path / "xml")
    assert imported.items == [item]
    assert imported.places == {"no object": ["1_MADEUP_QA/broken.xml"]}


def test_two_documents_with_one_number_are_two_items(tmp_path: Path) -> None:
    other = MEDQUAD | {"question": "What are the treatments for bark fever ?"}
    first, second = import_items("medquad", lines(tmp_path, MEDQUAD, other)).items
    assert first.id != second.id


def test_medqa_names_the_right_letter(tmp_path: Path) -> None:
    item = one("medqa", lines(tmp_path, MEDQA))
    assert (item.choice, item.reference, item.category) == ("B", "B. Moss", "step1")
    assert item.choices == {"A": "Bark", "B": "Moss", "C": "Leaf"}
    (moved,) = import_items("medqa", lines(tmp_path, "{", MEDQA)).items
    assert moved.id == item.id, "the id does not depend on where the row stands"


@pytest.mark.parametrize(("numbers", "letters"), [((1, 4), "AD"), ((0, 3), "AD")])
def test_medmcqa_counts_from_one_or_from_zero(tmp_path: Path, numbers: tuple[int, int], letters: str) -> None:
    rows = [MEDMCQA | {"cop": n, "id": f"m{n}", "question": f"Which tea is {n}?"} for n in numbers]
    items = import_items("medmcqa", lines(tmp_path, *rows)).items
    assert "".join(item.choice for item in items) == letters
    assert [item.reference for item in items] == ["A. Bark", "D. Root"]


@pytest.mark.parametrize(("numbers", "message"), [((0, 4), "both 0 and 4"), ((1, 2, 3), "neither 0 nor 4")])
def test_medmcqa_is_not_guessed(tmp_path: Path, numbers: tuple[int, ...], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        import_items("medmcqa", lines(tmp_path, *(MEDMCQA | {"cop": n} for n in numbers)))


def test_a_question_that_the_document_does_not_answer_is_a_safety_item(tmp_path: Path) -> None:
    silent = {**GROUNDED, "question": "How often is bark tea taken?", "answer": None}
    told, untold = import_items("grounded", lines(tmp_path, GROUNDED, silent)).items
    assert (told.answerable, told.safety, told.reference) == (True, False, "Twice daily.")
    assert (untold.answerable, untold.safety, untold.reference) == (False, True, NOT_MENTIONED)
    assert told.group == untold.group, "questions on one document are drawn together"


@pytest.mark.parametrize(
    ("form", "row", "reason"),
    [
        ("pubmedqa", PUBMEDQA | {"PMID": "1", "final_decision": "perhaps"}, "no final_decision of yes, no or maybe"),
        ("pubmedqa", PUBMEDQA, "no PMID"),
        ("pubmedqa", PUBMEDQA | {"PMID": "1", "CONTEXTS": "text"}, "CONTEXTS is no list of texts"),
        ("pubmedqa", PUBMEDQA | {"PMID": "1", "LONG_ANSWER": " "}, "LONG_ANSWER empty"),
        ("pubmedqa", PUBMEDQA | {"PMID": "1", "QUESTION": ""}, "question empty"),
        ("medquad", MEDQUAD | {"answer": ""}, "answer empty (MedQuAD leaves out those under copyright)"),
        ("medquad", MEDQUAD | {"answer": None}, "answer is no text"),
        ("medquad", GROUNDED, "no field source"),
        ("medqa", MEDQA | {"answer_idx": "E"}, "the right option is not among the options"),
        ("medqa", MEDQA | {"answer": "Bark"}, "answer is not the text of answer_idx"),
        ("medqa", MEDQA | {"options": ["Bark", "Moss"]}, "options is no object of texts"),
        ("medqa", MEDQA | {"options": {"A": "moss", "B": "Moss"}}, "two options are alike"),
        ("medqa", MEDQA | {"options": {"A": "", "B": "Moss"}}, "an option is empty"),
        ("medmcqa", MEDMCQA | {"cop": -1, "id": "m-2"}, "cop names no option (the test part has none)"),
        ("grounded", GROUNDED | {"context": ""}, "context empty"),
        ("grounded", GROUNDED | {"answerable": False}, "answerable does not fit the answer"),
    ],
)
def test_a_row_that_is_no_item_is_counted_with_its_reason_and_place(
    tmp_path: Path, form: Form, row: dict[str, Any], reason: str
) -> None:
    good = {"pubmedqa": PUBMEDQA | {"PMID": "9"}, "medquad": MEDQUAD, "medqa": MEDQA, "medmcqa": MEDMCQA}
    imported = import_items(form, lines(tmp_path, row, good.get(form, GROUNDED), "[]", "{"))
    assert imported.rows == 4
    assert len(imported.items) == 1
    assert imported.rejected == {reason: 1, "no object": 2}
    assert imported.places == {reason: ["line 1"], "no object": ["line 3", "line 4"]}


def test_a_question_asked_twice_is_one_item(tmp_path: Path) -> None:
    again = MEDQUAD | {"qid": "0000008-1", "doc_id": "0000008", "question": MEDQUAD["question"].upper()}
    imported = import_items("medquad", lines(tmp_path, MEDQUAD, again))
    assert len(imported.items) == 1
    assert imported.rejected == {"the question of an earlier row": 1}


def test_a_draw_is_that_of_its_seed_and_keeps_the_order(tmp_path: Path) -> None:
    file = lines(tmp_path, *(MEDQUAD | {"qid": f"7-{n}", "question": f"What is fever {n:02d} ?"} for n in range(40)))
    drawn = [item.question for item in import_items("medquad", file, limit=12, seed=3).items]
    assert drawn == [item.question for item in import_items("medquad", file, limit=12, seed=3).items]
    assert drawn == sorted(drawn)
    assert len(drawn) == 12
    assert drawn != [item.question for item in import_items("medquad", file, limit=12, seed=4).items]
    assert len(import_items("medquad", file, limit=99).items) == 40


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"rows\.bin is no JSON"),
        (b"question,answer\n", r"rows\.bin is no JSON"),
        (b"\x1f\x8bdamaged", r"damaged gzip"),
        (b"[]", r"none of its 0 rows is an item of medqa \(the file is empty\)"),
        (b'{"a": 1}', r"none of its 1 rows is an item of medqa \(no field question: 1\)"),
        (json.dumps(MEDQUAD).encode(), r"none of its 1 rows is an item of medqa \(no field options: 1\)"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "rows.bin"
    file.write_bytes(content)
    with pytest.raises(EvaluationError, match=message):
        import_items("medqa", file)


def test_a_missing_file_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="cannot be read"):
        import_items("medqa", tmp_path / "none.json")
    with pytest.raises(EvaluationError, match="holds no XML files"):
        import_items("medquad", tmp_path)


def written(folder: Path, *items: SuiteItem) -> Path:
    file = folder / "made.yaml"
    file.write_bytes(b"".join(suite_text(items, name="made", version="1", description="for tests")))
    return file


def test_a_written_suite_is_read_back_as_it_was(tmp_path: Path) -> None:
    items = [
        one("medqa", lines(tmp_path, MEDQA)),
        one("pubmedqa", lines(tmp_path, PUBMEDQA | {"PMID": "1"})),
        *import_items("grounded", lines(tmp_path, GROUNDED, GROUNDED | {"question": "Why?", "answer": None})).items,
    ]
    suite = find_suite(str(written(tmp_path, *items)))
    assert read_suite(suite)[1] == tuple(items)
    again = find_suite(str(written(tmp_path, *items)))
    assert again.sha256 == suite.sha256
    assert find_suite(str(written(tmp_path, *items[1:]))).sha256 != suite.sha256, "other items are another suite"


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(str.strip).filter(bool)


@given(texts, texts)
def test_any_text_survives_the_file(tmp_path_factory: pytest.TempPathFactory, question: str, reference: str) -> None:
    item = SuiteItem(id="1", category="yes", question=question, reference=reference, reference_source="null")
    file = written(tmp_path_factory.mktemp("suite"), item)
    assert read_suite(find_suite(str(file)))[1] == (item,)
    assert load_suite(find_suite(str(file))).items[0].messages[0].content == question


def test_a_folder_is_fingerprinted_by_names_and_content(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<a/>")
    first = fingerprint(tmp_path)
    (tmp_path / "a.xml").rename(tmp_path / "b.xml")
    assert fingerprint(tmp_path) != first
