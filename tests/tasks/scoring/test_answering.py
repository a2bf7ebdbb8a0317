"""Models that say nothing, never end, or stop at once: stored as what they did, scored 0, and no crash."""

from pathlib import Path

import pytest

from infra.artifacts import open_store
from tasks.scoring.answering import Decoding, FinishReason, Reply, answer_all, answers_of, read_answers, read_log
from tasks.scoring.metrics import score_answers
from tasks.scoring.suites import Item
from tests.tasks.scoring.test_generation import nobody, questions


@pytest.mark.parametrize(
    ("response", "tokens", "reason", "why"),
    [
        ("", 0, "stop", "only the token that ends a turn"),
        ("", 96, "length", "tokens without text"),
        ("   \n\n", 3, "stop", "white space"),
        ("no no no no no no no no", 96, "length", "a loop"),
        ("", 0, "filtered", "withheld by the endpoint"),
        ("\ufffd\x00\u2028", 3, "stop", "characters that end a line or a string elsewhere"),
    ],
)
@pytest.mark.parametrize("workers", [1, 3])
def test_a_model_that_says_nothing_useful_is_stored_as_such_and_scores_nothing(
    response: str, tokens: int, reason: FinishReason, why: str, workers: int, tmp_path: Path, data_dir: Path
) -> None:
    def ask(_: Item) -> Reply:
        return Reply(
            response=response, prompt_tokens=9, completion_tokens=tokens, reference_tokens=2, finish_reason=reason
        )

    suite, store, log = questions(5), open_store(), tmp_path / "answers.jsonl"
    rows = answer_all(suite, ask, log, nobody, workers=workers)
    assert sorted(row.id for row in read_log(log)) == [row.id for row in rows]
    answers = answers_of(suite, "m", Decoding(), "a fake", rows, store.save_rows("answers", rows))
    again = list(read_answers(store, answers))
    assert {(row.response, row.completion_tokens, row.finish_reason) for row in again} == {(response, tokens, reason)}
    assert answers.decoding["engine"] == "a fake"
    metrics = score_answers(answers, again).metrics
    assert metrics["rougeL"].value == 0
    assert metrics["exact_match"].value == 0
    assert metrics["stop_rate"].value == (reason == "stop")
