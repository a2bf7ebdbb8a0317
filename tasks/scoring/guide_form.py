"""Answers as the older guides write them: one JSON list, one object an answer, with exactly their keys and two more.

The two are what the guides lack: how many tokens an answer has, and why it ended there. What is not here: the
reference and the scores, which the answers artifact and the scores' own file hold.
"""

from collections.abc import Iterable

from tasks.scoring.answering import AnswerRow

GUIDE_KEYS = ("id", "category", "difficulty", "question", "response", "time_seconds", "timestamp")


def guide_rows(rows: Iterable[AnswerRow]) -> list[dict[str, object]]:
    """Return answers in the guides' form, in their order; `tokens` counts the answer's, without the prompt's."""
    return [
        {key: getattr(row, key) for key in GUIDE_KEYS}
        | {"tokens": row.completion_tokens, "finish_reason": row.finish_reason}
        for row in rows
    ]
