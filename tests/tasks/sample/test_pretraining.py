"""The text of the tiny base holds no chat, no identifier and no note of the chats."""

import re
from collections import Counter
from pathlib import Path

import pytest

from infra.artifacts import open_store
from tasks.sample.chats import sample_chats
from tasks.sample.identifiers import CATEGORIES
from tasks.sample.notes import QUESTIONS
from tasks.sample.pretraining import (
    MIXTURE,
    look_up,
    note_with_fields,
    pretraining_texts,
    repeated_span,
    repeated_words,
)
from tasks.sample.steps import write_pretraining_corpus


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return list(pretraining_texts(11, 4000))


def test_it_is_the_same_for_the_same_seed(texts: list[str]) -> None:
    assert list(pretraining_texts(11, 50)) == texts[:50]
    assert list(pretraining_texts(12, 50)) != texts[:50]


def test_no_note_of_the_chats_recurs_with_the_same_seed(texts: list[str]) -> None:
    """Twelve words in a row may recur (a long medication order), a note's text never does."""
    corpus = "\n".join(texts)
    for chat in sample_chats(11, 2000):
        if "Note: " in (question := chat.messages[0].content):
            note = question.split("Note: ")[1].split("\n")[0]
            assert note not in corpus


def test_no_question_and_no_answer_of_the_chats_is_taught(texts: list[str]) -> None:
    corpus = "\n".join(texts)
    assert "According to the note" not in corpus
    fixed = [q for questions in QUESTIONS.values() for q in questions if "{" not in q]
    assert not any(question in corpus for question in fixed)
    assert not re.search(r"(?im)^(user|assistant|question|answer)\s*:", corpus)


def test_identifiers_are_placeholders_only(texts: list[str]) -> None:
    found = Counter(name for text in texts for name in re.findall(r"\[([A-Z_0-9]+)\]", text))
    assert set(found) == set(CATEGORIES)
    assert not re.search(r"555-01|@example\.org|\d{3}-\d{2}-\d{4}|data:image", "\n".join(texts))


def test_copy_tasks_are_two_fifths_of_the_texts() -> None:
    copies = (repeated_span, repeated_words, look_up, note_with_fields)
    assert sum(MIXTURE[kind] for kind in copies) == pytest.approx(0.4)
    assert sum(MIXTURE.values()) == pytest.approx(1.0)


def test_the_step_writes_one_row_a_text(data_dir: Path) -> None:
    corpus = write_pretraining_corpus.fn(seed=1, texts=30)
    assert corpus.rows == 30
    assert corpus.key.startswith("corpus/")
    assert [row["text"] for row in open_store().rows(corpus)] == list(pretraining_texts(1, 30))
    assert write_pretraining_corpus.fn(seed=1, texts=30) == corpus
