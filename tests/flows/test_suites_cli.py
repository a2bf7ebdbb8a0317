"""`rounds suites`: lists, shows, checks and imports question suites, and names each fault by file and line."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from flows import cli
from tasks.scoring.suites import find_suite, load_suite


@pytest.fixture(autouse=True)
def _data(data_dir: Path) -> None:
    data_dir.mkdir()


def suites(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["suites", *arguments])


def grounded(folder: Path) -> Path:
    file = folder / "rows.jsonl"
    rows = (
        {"context": "Take moss tea twice daily.", "question": f"How often is tea {n} taken?", "answer": answer}
        for n, answer in enumerate(["Twice daily.", None, "Twice daily."])
    )
    file.write_bytes(b"\n".join(orjson.dumps(row) for row in rows) + b"\n[]\n")
    return file


def test_the_suites_that_come_with_rounds_are_listed_with_their_fingerprints() -> None:
    listed = orjson.loads(suites("list", "--json").output)
    assert {(one["name"], one["items"], one["safety_items"]) for one in listed} == {
        ("autoimmune", 10, 10),
        ("safety", 20, 20),
    }
    assert [one["sha256"] for one in listed] == [find_suite(one["name"]).sha256 for one in listed]
    assert listed[0]["sha256"][:12] in suites("list").output


def test_an_item_is_shown_with_all_that_it_holds() -> None:
    assert "Q010" in suites("show", "autoimmune").output
    shown = suites("show", "safety", "S010").output
    assert "Paracetamol at the usual dose" in shown
    item = orjson.loads(suites("show", "safety", "S010", "--json").output)
    assert item["prompt"].endswith("Answer with the letter of the right choice.")
    unknown = suites("show", "safety", "S999")
    assert unknown.exit_code == 9
    assert "S999" in unknown.output


def test_a_question_set_becomes_a_suite_that_can_be_checked_and_answered(tmp_path: Path) -> None:
    target = tmp_path / "teas.yaml"
    told = orjson.loads(suites("import", "grounded", str(grounded(tmp_path)), str(target), "--json").output)
    assert (told["rows"], told["written"], told["rejected"]) == (4, 3, {"no object": 1})
    (checked,) = orjson.loads(suites("check", str(target), "--json").output)
    assert (checked["name"], checked["items"], checked["not_answerable"]) == ("teas", 3, 1)
    assert len(load_suite(find_suite(str(target))).items) == 3
    printed = suites("import", "grounded", str(grounded(tmp_path)), str(target), "--limit", "2")
    assert "2 items of 4 rows" in printed.output
    assert "line 4" in printed.output


def test_faults_end_with_9_and_leave_no_file(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: bad\nversion: 1\ndescription: d\nitems:\n  - id: A\n    questoin: q\n")
    checked = suites("check", str(bad))
    assert checked.exit_code == 9
    assert "bad.yaml, line 6: item A: unknown key questoin, the nearest is question" in " ".join(checked.output.split())
    refused = suites("import", "medqa", str(grounded(tmp_path)), str(tmp_path / "x.yaml"))
    assert refused.exit_code == 9
    assert not (tmp_path / "x.yaml").exists()
    assert suites("check", "no-such-suite").exit_code == 9
    assert suites("import", "csv", str(bad), str(tmp_path / "x.yaml")).exit_code == 2
