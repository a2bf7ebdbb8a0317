from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dataset.curation import content_key, overlaps, reject_reason, split_of, word_runs
from tasks.records import CurationPolicy, Example, Message

POLICY = CurationPolicy(agent_type="MedicalQA")


def example(question: str, answer: str, **fields: object) -> Example:
    turns = (Message(role="user", content=question), Message(role="assistant", content=answer))
    given_fields = {"source": "interactions", "source_id": "1", "group_id": "g"} | fields
    return Example(messages=turns, **given_fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        ("Which diet is advised?", "A diet low in salt.", None),
        ("Diet now?", "A diet low in salt.", "input too short"),
        ("Diet now??", "A diet low in salt.", None),
        ("x" * 50_001, "Too long to read.", "input too long"),
        ("x" * 50_000, "Just short enough.", None),
        ("Which diet is advised?", " \n", "empty answer"),
        ("Who signed the note?", "[REDACTED-NAME], [REDACTED-DATE].", "placeholders only"),
        ("How old is the patient?", "90+", "placeholders only"),
        ("Who signed the note?", "Dr [REDACTED-NAME] did.", None),
        ("Which diet is advised?", "which diet is  ADVISED", "answer echoes the question"),
    ],
)
def test_an_example_is_kept_or_refused_with_its_reason(question: str, answer: str, reason: str | None) -> None:
    assert reject_reason(example(question, answer), POLICY) == reason


def test_an_example_that_ends_with_the_user_is_no_pair() -> None:
    lone = Example(
        messages=(Message(role="user", content="Which diet is advised?"),), source="s", source_id="1", group_id="g"
    )
    assert reject_reason(lone, POLICY) == "no question-answer pair"


def test_exact_duplicates_ignore_case_spaces_and_punctuation_but_not_words() -> None:
    first = example("Which diet?", "Low salt.").messages
    assert content_key(first) == content_key(example("which  DIET", "low salt").messages)
    assert content_key(first) != content_key(example("Which diet?", "Low sugar.").messages)


def test_the_words_of_question_and_answer_do_not_run_together() -> None:
    assert content_key(example("a b", "c").messages) != content_key(example("a", "b c").messages)


@pytest.mark.parametrize(
    ("question", "overlapping"),
    [
        ("Please say: what are the first signs of systemic lupus erythematosus in adults?", True),
        ("What are the first signs of lupus in children?", False),
        ("How is Graves disease treated?", True),
        ("How is Graves disease found?", False),
    ],
)
def test_a_run_of_a_benchmark_question_is_found_and_a_shorter_one_is_not(question: str, overlapping: bool) -> None:
    runs = word_runs("What are the first signs of systemic lupus erythematosus?") | word_runs(
        "How is Graves disease treated?"
    )
    assert overlaps(example(question, "An answer."), runs) is overlapping


@given(st.text(min_size=1), st.binary(min_size=16, max_size=32))
def test_a_group_lies_in_one_split_for_ever(group: str, key: bytes) -> None:
    assert split_of(group, key, POLICY) == split_of(group, key, POLICY)


def test_shares_are_met_and_another_key_deals_otherwise() -> None:
    groups = [f"group-{i}" for i in range(20_000)]
    dealt = [split_of(g, b"one key", POLICY) for g in groups]
    shares = {split: count / len(groups) for split, count in Counter(dealt).items()}
    assert shares == pytest.approx({"train": 0.8, "validation": 0.1, "test": 0.1}, abs=0.01)
    assert dealt != [split_of(g, b"another", POLICY) for g in groups]
