import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import AutoModelForCausalLM, AutoTokenizer

from tasks.training.chat_format import IGNORED
from tasks.training.fine_tuning import fine_tune
from tasks.training.sampled_answers import Prompt, last_turns, scores, written
from tests.tasks.training.conftest import recipe_of

Rows = Callable[[int], list[dict[str, object]]]
N = IGNORED


@pytest.mark.parametrize(
    ("ids", "labels", "expected", "why"),
    [
        ([5, 6, 7, 8], [N, N, 7, 8], [Prompt([5, 6], [7, 8])], "one turn"),
        ([5, 6, 7, 8], [N, 6, 7, N], [Prompt([5], [6, 7])], "something stands behind the answer"),
        ([5, 6, 7, 8, 9], [N, 6, N, 8, 9], [Prompt([5, 6, 7], [8, 9])], "only the last of two turns"),
        ([5, 6], [N, N], [], "nothing is learned from"),
        ([5, 6], [5, 6], [], "nothing is asked"),
    ],
)
def test_the_last_answer_is_what_is_asked_for(
    ids: list[int], labels: list[int], expected: list[Prompt], why: str
) -> None:
    assert last_turns([(ids, labels)]) == expected, why


def test_scores_by_hand() -> None:
    assert scores(["one two three four five"], ["one two three four five"]) == pytest.approx({"rouge_l": 1, "bleu": 1})
    assert scores(["six seven"], ["one two three"]) == {"rouge_l": 0, "bleu": 0}
    # Longest common subsequences 3 of 4 and 4, then 5 of 5 and 5.
    mixed = scores(["red green blue grey", "a b c d e"], ["red pink blue grey", "a b c d e"])
    assert mixed["rouge_l"] == pytest.approx((0.75 + 1) / 2)
    # n-grams that match, of 9, 7, 5, 3: 8, 5, 3, 2
    assert mixed["bleu"] == pytest.approx((8 / 9 * 5 / 7 * 3 / 5 * 2 / 3) ** 0.25)


def test_answers_are_the_greedy_ones_whatever_shares_their_batch(small_base: Path) -> None:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(small_base), AutoTokenizer.from_pretrained(small_base)
    asked = ["The mango lies", "What lies beside the violet? The copper", "The"]
    prompts = [Prompt(tokenizer(text)["input_ids"], [7, 8, 9, tokenizer.eos_token_id]) for text in asked]

    def one_by_one(ids: list[int]) -> str:
        row = list(ids)
        for _ in range(8):  # twice the known answer
            with torch.no_grad():
                row.append(int(model(input_ids=torch.tensor([row]), use_cache=False).logits[0, -1].argmax()))
            if row[-1] == tokenizer.eos_token_id:
                break
        return str(tokenizer.decode(row[len(ids) :], skip_special_tokens=True))

    expected = [one_by_one(prompt.ids) for prompt in prompts]
    assert written(model.eval(), tokenizer, prompts, 1) == expected
    assert written(model.eval(), tokenizer, prompts, 2) == expected


def test_each_evaluation_has_its_scores_in_curve_and_tensorboard_and_no_text_in_the_log(
    tmp_path: Path, small_base: Path, certified: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    rows = certified(8)
    with caplog.at_level(logging.DEBUG):
        outcome = fine_tune(
            recipe_of(sampled_answers=3, evaluations=2), small_base, None, rows, rows[:4], redaction="test 1",
            work=tmp_path / "work", tensorboard=tmp_path / "log", merged=tmp_path / "merged",
        )  # fmt: skip
    evaluated = [row for row in outcome.curve if "eval_loss" in row]
    assert len(evaluated) == 2
    assert all(0 <= row[name] <= 1 for row in evaluated for name in ("rouge_l", "bleu"))
    board = EventAccumulator(str(tmp_path / "log")).Reload()
    for name in ("rouge_l", "bleu"):
        seen = [(event.step, event.value) for event in board.Scalars(f"eval/{name}")]
        assert seen == [(row["step"], pytest.approx(row[name])) for row in evaluated]
    assert "lies beside" not in caplog.text
    texts = [event.tensor_proto.string_val for tag in board.Tags()["tensors"] for event in board.Tensors(tag)]
    assert not any(b"lies beside" in part for text in texts for part in text)
