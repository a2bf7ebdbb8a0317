import hashlib
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import EvaluationError
from tasks.records import Artifact, DatasetVersion, Suite
from tasks.scoring.suites import built_in_suites, find_suite, held_out_items, held_out_questionnaire, load_suite

HEAD = "name: tiny\nversion: '1'\ndescription: for tests\n"
ITEM = "{id: %s, category: c, difficulty: easy, question: %s, reference: r, reference_source: s}"


def suite_file(folder: Path, text: str) -> Suite:
    path = folder / "tiny.yaml"
    path.write_text(text, encoding="utf-8")
    return Suite(path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def test_the_ten_autoimmune_questions_are_there_in_order() -> None:
    suite = load_suite(find_suite("autoimmune"))
    assert [item.id for item in suite.items] == [f"Q{number:03d}" for number in range(1, 11)]
    assert len({item.category for item in suite.items}) == 10
    for item in suite.items:
        assert [message.role for message in item.messages] == ["user"]
        assert 2 <= item.reference.count(". ") + 1 <= 4, item.id


def test_a_changed_file_is_another_suite(tmp_path: Path) -> None:
    suite = suite_file(tmp_path, HEAD + f"items:\n  - {ITEM % ('A', 'why')}\n")
    assert load_suite(suite).sha256 == suite.sha256
    Path(suite.path).write_text(HEAD + f"items:\n  - {ITEM % ('A', 'why not?')}\n")
    with pytest.raises(EvaluationError, match=r"tiny\.yaml changed"):
        load_suite(suite)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (f"items:\n  - {ITEM % ('A', 'q')}\n  - {ITEM % ('A', 'p')}\n", r"item 2 \(A\): the id is that of item 1"),
        (f"items:\n  - {ITEM % ('A', '')}\n", r"item 1 \(A\): question"),
        (f"items:\n  - {ITEM % ('A', repr('  '))}\n", r"item 1 \(A\): question empty"),
        (f"items:\n  - {(ITEM % ('A', 'q')).replace('{', '{colour: red, ')}\n", r"item 1 \(A\): colour unknown"),
        ("items:\n  - {id: A}\n", r"item 1 \(A\): category missing"),
        (f"items:\n  - {(ITEM % ('A', 'q')).replace('easy', 'trivial')}\n", r"difficulty not valid"),
        ("items:\n  - only text\n", r"item 1 \(no id\)"),
        ("items: []\n", r"has no items"),
        (f"colour: red\nitems:\n  - {ITEM % ('A', 'q')}\n", r"the head: colour unknown"),
        ("items: [\n", r"tiny\.yaml is not valid YAML at line \d"),
    ],
)
def test_a_bad_suite_is_refused_with_file_and_item(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message) as refused:
        load_suite(suite_file(tmp_path, HEAD + body))
    assert "tiny.yaml" in refused.value.what
    assert refused.value.fix


def test_every_built_in_suite_can_be_loaded() -> None:
    loaded = [load_suite(suite).name for suite in built_in_suites()]
    assert "autoimmune" in loaded
    assert loaded == sorted(loaded)


def test_an_unknown_suite_names_those_that_exist() -> None:
    with pytest.raises(EvaluationError, match="autoimmune"):
        find_suite("no-such-suite")


def certified(sha: str, *messages: tuple[str, str]) -> dict[str, Any]:
    return {
        "row": {
            "messages": [{"role": role, "content": content} for role, content in messages],
            "source": "chats",
            "source_id": "1",
            "group_id": "g",
        },
        "certificate": {
            "row_sha256": sha,
            "engine": "e",
            "policy": "p",
            "findings": {},
            "second_pass": 0,
            "canaries": 320,
            "canary_bound": 0.02,
        },
    }


def test_the_last_answer_is_held_out_and_all_before_it_is_the_prompt() -> None:
    turns = (
        ("system", "be brief"),
        ("user", "first?"),
        ("assistant", "one"),
        ("user", "second?"),
        ("assistant", "two"),
    )
    (item,) = held_out_items([certified("ab" * 32, *turns)])
    assert (item.id, item.category, item.difficulty) == ("abababababab", "chats", "")
    assert (item.question, item.reference) == ("second?", "two")
    assert [message.content for message in item.messages] == ["be brief", "first?", "one", "second?"]


def test_a_limit_keeps_the_same_items_however_the_rows_lie() -> None:
    rows = [certified(hashlib.sha256(bytes([n])).hexdigest(), ("user", "q"), ("assistant", str(n))) for n in range(40)]
    artifact = Artifact(key="dataset/x", sha256="cd" * 32, bytes=1, rows=40)
    dataset = DatasetVersion(
        id="ds-1",
        agent_type="a",
        splits={"test": artifact},
        examples={},
        tokens={},
        sources={},
        exclusions={},
        shards=(),
        policy="p",
    )
    first = held_out_questionnaire(dataset, rows, 12)
    again = held_out_questionnaire(dataset, rows[::-1] + rows[:3], 12)
    assert first == again
    assert len(first.items) == 12
    assert held_out_questionnaire(dataset, rows, 13).sha256 != first.sha256
    with pytest.raises(EvaluationError, match="no held-out items"):
        held_out_questionnaire(dataset, [], 12)


def test_a_row_without_a_question_before_its_answer_is_refused() -> None:
    for turns in [(("assistant", "secretword"),), (("user", "secretword"),)]:
        with pytest.raises(EvaluationError, match="abababababab") as refused:
            held_out_items([certified("ab" * 32, *turns)])
        assert "secretword" not in str(refused.value)
