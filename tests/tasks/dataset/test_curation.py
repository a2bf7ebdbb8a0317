from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dataset.curation import NOT_A_WORD, content_key, normalised, split_of
from tasks.records import CurationPolicy, Example, Message

POLICY = CurationPolicy(agent_type="MedicalQA")


def example(question: str, answer: str, **fields: object) -> Example:
    turns = (Message(role="user", content=question), Message(role="assistant", content=answer))
    given_fields = {"source": "interactions", "source_id": "1", "group_id": "g"} | fields
    return Example(messages=turns, **given_fields)  # type: ignore[arg-type]


def test_exact_duplicates_ignore_case_spaces_and_punctuation_but_not_words() -> None:
    first = example("Which diet?", "Low salt.").messages
    assert content_key(first) == content_key(example("which  DIET", "low salt").messages)
    assert content_key(first) != content_key(example("Which diet?", "Low sugar.").messages)


def test_the_words_of_question_and_answer_do_not_run_together() -> None:
    assert content_key(example("a b", "c").messages) != content_key(example("a", "b c").messages)


@given(st.text(st.characters(max_codepoint=127)))
def test_words_of_ascii_are_those_of_any_text(text: str) -> None:
    assert normalised(text) == NOT_A_WORD.sub(" ", text.casefold()).strip()


@given(st.text(min_size=1), st.binary(min_size=16, max_size=32))
def test_a_group_lies_in_one_split_for_ever(group: str, key: bytes) -> None:
    assert split_of(group, key, POLICY) == split_of(group, key, POLICY)


def test_shares_are_met_and_another_key_deals_otherwise() -> None:
    groups = [f"group-{i}" for i in range(20_000)]
    dealt = [split_of(g, b"one key", POLICY) for g in groups]
    shares = {split: count / len(groups) for split, count in Counter(dealt).items()}
    assert shares == pytest.approx({"train": 0.8, "validation": 0.1, "test": 0.1}, abs=0.01)
    assert dealt != [split_of(g, b"another", POLICY) for g in groups]
