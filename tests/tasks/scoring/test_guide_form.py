"""Answers in the older guides' form, which their readers' scripts know by its keys."""

from tasks.scoring.answering import AnswerRow
from tasks.scoring.guide_form import guide_rows

ROW = {
    "id": "Q001",
    "category": "made-up disease",
    "difficulty": "easy",
    "question": "Is it blue?",
    "response": "It is blue.",
    "time_seconds": 0.25,
    "timestamp": "2026-03-01T08:00:00.000+00:00",
    "prompt_tokens": 7,
    "completion_tokens": 4,
    "reference_tokens": 3,
    "finish_reason": "stop",
    "reference": "Blue.",
}


def test_an_answer_has_the_guides_keys_in_their_order_and_two_more() -> None:
    (row,) = guide_rows([AnswerRow.model_validate(ROW)])
    assert list(row) == [
        "id", "category", "difficulty", "question", "response", "time_seconds", "timestamp", "tokens", "finish_reason",
    ]  # fmt: skip
    assert row["tokens"] == 4  # the answer's own, not the prompt's
    assert {key: row[key] for key in row if key != "tokens"} == {key: ROW[key] for key in row if key != "tokens"}


def test_answers_keep_their_order() -> None:
    rows = [AnswerRow.model_validate(ROW | {"id": name}) for name in ("Q003", "Q001", "Q002")]
    assert [row["id"] for row in guide_rows(rows)] == ["Q003", "Q001", "Q002"]
