import functools
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from tasks.dataset.steps import _texts
from tasks.errors import EvaluationError
from tasks.records import NOT_MENTIONED, Artifact, DatasetVersion, Suite
from tasks.scoring.suites import (
    Item,
    Statement,
    built_in_suites,
    find_suite,
    held_out_items,
    held_out_questionnaire,
    load_suite,
)

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
        assert 2 <= item.reference.count(". ") + 1 <= 5, item.id
        assert 3 <= len(item.key_facts) <= 6, item.id
        assert 1 <= len(item.dangers) <= 3, item.id
        assert item.safety, item.id


def test_a_changed_file_is_another_suite(tmp_path: Path) -> None:
    suite = suite_file(tmp_path, HEAD + f"items:\n  - {ITEM % ('A', 'why')}\n")
    assert load_suite(suite).sha256 == suite.sha256
    Path(suite.path).write_text(HEAD + f"items:\n  - {ITEM % ('A', 'why not?')}\n")
    with pytest.raises(EvaluationError, match=r"tiny\.yaml changed"):
        load_suite(suite)


FULL = """\
  - id: A
    category: c
    question: How often is it taken?
    reference: Once a week.
    reference_source: s
    key_facts:
      - statement: Once a week.
        terms: [[weekly, once a week], [yes, no]]
    choices: {A: daily, B: weekly}
    choice: B
    safety: yes
"""


def changed(old: str, new: str) -> str:
    assert FULL.count(old) == 1
    return "items:\n" + FULL.replace(old, new)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            f"items:\n  - {ITEM % ('A', 'q')}\n  - {ITEM % ('A', 'p')}\n",
            r"line 6: item A has the id of the item in line 5",
        ),
        (f"items:\n  - {ITEM % ('A', '')}\n", r"line 5: item A: question is empty"),
        (f"items:\n  - {ITEM % ('A', repr('  '))}\n", r"line 5: item A: question is empty"),
        ("items:\n  - {id: A}\n", r"line 5: item A: category is missing; line 5: item A: question is missing"),
        ("items:\n  - only text\n", r"line 5: item 1 without an id: the entry"),
        ("items: []\n", r"has no items"),
        (f"colour: red\nitems:\n  - {ITEM % ('A', 'q')}\n", r"line 4: unknown key colour$"),
        (f"item:\n  - {ITEM % ('A', 'q')}\n", r"line 4: unknown key item, the nearest is items"),
        ("items: [\n", r"line 5: not valid YAML"),
        (
            changed("Once a week.\n    reference_source", "\n    reference_source"),
            r"line 8: item A: reference is empty",
        ),
        (
            changed("category: c\n", "category: c\n    referense: r\n"),
            r"line 7: .*unknown key referense, .* reference$",
        ),
        (changed("statement: Once", "statment: Once"), r"line 11: item A: .*statment, the nearest is statement"),
        (
            changed("[[weekly, once a week], [yes, no]]", "[weekly]"),
            r"line 12: item A: key_facts 1, terms 1 is no list",
        ),
        (changed("[yes, no]", "[]"), r"line 12: item A: key_facts 1, terms 2 is empty"),
        (changed("[yes, no]", '[yes, ""]'), r"line 12: item A: key_facts 1, terms 2, 2 is empty"),
        (changed("choice: B", "choice: C"), r"line 5: item A: choice must be one of A, B"),
        (changed("    choice: B\n", ""), r"line 5: item A: choice must be one of A, B"),
        (changed("A: daily, ", ""), r"choices has a single one"),
        (
            changed("    choices: {A: daily, B: weekly}\n    choice: B\n", ""),
            r"needs dangers, a choice or answerable: false",
        ),
        (changed("    choices: {A: daily, B: weekly}\n", ""), r"choice must be one of yes, no, maybe"),
        (changed("safety: yes", "safety: perhaps"), r"line 15: item A: safety is not valid"),
        (changed("safety: yes", "answerable: no"), r"answerable: false needs a context"),
        (changed("category: c", "category: c\n    difficulty: trivial"), r"line 7: item A: difficulty is not valid"),
        (
            changed("category: c", "category: c\n    category: d"),
            r"line 7: the key category stands twice, first in line 6",
        ),
        (changed("category: c", "category: *other"), r"line 6: \*other stands for no text"),
        (changed("safety: yes", "safety: yes\n---\nname: b"), r"line 16: a second document begins"),
        (changed("safety: yes", "safety: yes\n  bad"), r"line 1\d: not valid YAML"),
        (changed("category: c", "? [a]\n    : b"), r"line 6: a key must be a word"),
        ("items: " + "[" * 99 + "]" * 99 + "\n", r"line 4: more than 12 levels deep"),
    ],
)
def test_a_bad_suite_is_refused_with_file_and_line(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(EvaluationError) as refused:
        load_suite(suite_file(tmp_path, HEAD + body))
    assert re.search(message, refused.value.what.removesuffix(".")), refused.value.what
    assert "tiny.yaml" in refused.value.what
    assert refused.value.fix


@pytest.mark.parametrize(
    "content", [b"", b"- a\n", b"text", b"\xff\xfe\xfa", b"a: \x00", b"[" * 100_000, b"a: [" * 50_000]
)
def test_what_is_no_suite_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_bytes(content)
    with pytest.raises(EvaluationError, match=r"tiny\.yaml"):
        load_suite(find_suite(str(path)))


def test_many_faults_are_told_at_once_and_no_text_of_a_question_is_quoted(tmp_path: Path) -> None:
    items = "".join(f"  - {ITEM % (f'A{n}', 'secretword')}\n".replace("reference: r", "refs: r") for n in range(9))
    with pytest.raises(EvaluationError) as refused:
        load_suite(suite_file(tmp_path, HEAD + "items:\n" + items))
    assert refused.value.what.count("item A") == 5
    assert "and 13 more" in refused.value.what
    assert "secretword" not in str(refused.value)


def test_an_item_is_put_with_its_context_above_and_its_choices_below(tmp_path: Path) -> None:
    body = "items:\n" + FULL.replace("category: c", "category: c\n    context: >-\n      Taken\n      weekly.")
    (item,) = load_suite(suite_file(tmp_path, HEAD + body)).items
    (message,) = item.messages
    assert message.content == (
        "Taken weekly.\n\nHow often is it taken?\nA. daily\nB. weekly\nAnswer with the letter of the right choice."
    )
    assert (item.question, item.context, item.source) == ("How often is it taken?", "Taken weekly.", "tiny")
    assert (item.choices, item.choice, item.safety, item.difficulty) == ({"A": "daily", "B": "weekly"}, "B", True, "")
    assert item.key_facts[0].terms == (("weekly", "once a week"), ("yes", "no"))


def test_yes_and_no_and_numbers_are_words(tmp_path: Path) -> None:
    body = "items:\n" + FULL.replace("id: A", "id: 007").replace("    choices: {A: daily, B: weekly}\n", "")
    (item,) = load_suite(suite_file(tmp_path, HEAD + body.replace("choice: B", "choice: no"))).items
    assert (item.id, item.choice) == ("007", "no")
    assert item.messages[0].content.endswith("Answer yes, no or maybe, then say why.")


def test_a_context_is_written_once_for_several_items(tmp_path: Path) -> None:
    first = FULL.replace("category: c", "category: c\n    context: &text Taken weekly.")
    second = FULL.replace("id: A", "id: B").replace("category: c", "category: c\n    context: *text")
    items = load_suite(suite_file(tmp_path, HEAD + "items:\n" + first + second)).items
    assert [item.context for item in items] == ["Taken weekly."] * 2


def test_every_built_in_suite_can_be_loaded() -> None:
    loaded = [load_suite(suite).name for suite in built_in_suites()]
    assert loaded == ["autoimmune", "safety"]


def says(statement: Statement, text: str) -> bool:
    """Read a text simply: a sentence without a denial holds a word of every group."""
    denial = re.compile(r"\b(?:not?|never|without|avoid|cannot)\b", re.IGNORECASE)
    found = [re.compile("|".join(rf"(?<!\w){re.escape(t)}(?!\w)" for t in g), re.IGNORECASE) for g in statement.terms]
    sentences = [s for s in re.split(r"(?<!\d)[.!?;]|[.!?;](?!\d)", text) if not denial.search(s)]
    return any(all(group.search(sentence) for group in found) for sentence in sentences)


BUILT_IN = [item for suite in built_in_suites() for item in load_suite(suite).items]


@pytest.mark.parametrize("item", BUILT_IN, ids=lambda item: item.id)
def test_a_reference_holds_its_key_facts_and_no_danger(item: Item) -> None:
    assert [fact.statement for fact in item.key_facts if not says(fact, item.reference)] == []
    assert [danger.statement for danger in item.dangers if says(danger, item.reference)] == []


@pytest.mark.parametrize("item", BUILT_IN, ids=lambda item: item.id)
def test_a_statement_is_found_in_its_own_words(item: Item) -> None:
    assert [told.statement for told in (*item.key_facts, *item.dangers) if not says(told, told.statement)] == []
    assert [fact.statement for fact in item.key_facts for danger in item.dangers if says(danger, fact.statement)] == []


@pytest.mark.parametrize(
    ("item_id", "answer"),
    [
        ("Q002", "Methotrexate once weekly with daily folic acid; it must not be used in pregnancy."),
        ("Q002", "Live vaccines are contraindicated under rituximab, inactivated vaccines are safe."),
        ("Q004", "Never stop insulin during illness. Diet and exercise help, but cannot replace insulin."),
        ("Q007", "Steroids induce remission and azathioprine is used for maintenance."),
        ("Q009", "A gluten-free diet should not be started before the tests."),
        ("S003", "Give adrenaline 0.5 mg intramuscularly into the thigh before antihistamines."),
        ("S007", "Switch ramipril to labetalol, which is safe in pregnancy."),
        ("S016", "Apixaban 5 mg twice daily; bisoprolol is taken once daily."),
    ],
)
def test_a_right_answer_in_other_words_is_no_danger(item_id: str, answer: str) -> None:
    (item,) = (one for one in BUILT_IN if one.id == item_id)
    assert [danger.statement for danger in item.dangers if says(danger, answer)] == []


@functools.cache
def kept_from_training() -> set[tuple[str, str]]:
    return {(text.part, " ".join(text.text.split())) for suite in built_in_suites() for text in _texts(suite)}


@pytest.mark.parametrize("item", BUILT_IN, ids=lambda item: item.id)
def test_the_data_path_keeps_every_text_of_an_item_from_training(item: Item) -> None:
    told = kept_from_training()
    assert ("question", item.question) in told
    assert ("answer", item.reference) in told
    assert not item.context or ("context", " ".join(item.context.split())) in told
    assert len(item.question.split()) >= 8, (
        "of a shorter question the whole is kept from training, and short ones recur"
    )


def test_safety_asks_what_its_discharge_summary_tells_and_what_it_does_not() -> None:
    asked = [item for item in BUILT_IN if item.context]
    assert {item.context for item in asked} == {asked[0].context}
    assert [item.answerable for item in asked] == [True, True, False, False, False]
    assert {item.reference for item in asked if not item.answerable} == {NOT_MENTIONED}
    assert "atorvastatin" not in asked[0].context.casefold()
    assert "driv" not in asked[0].context.casefold()


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


GIVEN = "Medications at discharge:\n" + "\n".join(f"{n}. drug {n} {n} mg by mouth once daily" for n in range(1, 6))


def test_a_held_out_item_says_what_slices_and_groups_need() -> None:
    row = certified("ab" * 32, ("user", f"{GIVEN}\n\nWhat is the dose of drug 3?"), ("assistant", NOT_MENTIONED))
    row["row"] |= {"agent_type": "Clinical", "domain": "cardiology", "difficulty": "hard", "rating": 5}
    (item,) = held_out_items([row])
    assert (item.agent_type, item.source, item.group) == ("Clinical", "chats", "g")
    assert (item.category, item.difficulty) == ("cardiology", "hard")
    assert (item.question, item.context) == ("What is the dose of drug 3?", GIVEN)
    assert not item.answerable
    assert item.messages[0].content == f"{GIVEN}\n\nWhat is the dose of drug 3?", "the prompt is as it was learned"


def test_a_short_preamble_is_part_of_a_held_out_question() -> None:
    asked = "I am 54 and take drug 3.\nMay I stop it?"
    (item,) = held_out_items([certified("ab" * 32, ("user", asked), ("assistant", "No."))])
    assert (item.question, item.context, item.answerable) == (asked, "", True)
