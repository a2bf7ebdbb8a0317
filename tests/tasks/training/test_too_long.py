"""What becomes of examples of more than `max_tokens`: left out, cut or refused, and counted each time."""

from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from tasks.errors import TrainingError
from tasks.records import CertifiedRow, Example, Message, PhiCertificate, Recipe, row_sha256
from tasks.training.chat_format import IGNORED, length
from tasks.training.fine_tuning import _encode


def certified(question: str, answer: str) -> dict[str, object]:
    turns = (Message(role="user", content=question), Message(role="assistant", content=answer))
    row = Example(messages=turns, source="made-up", source_id="1", group_id="1").model_dump(mode="json")
    certificate = PhiCertificate(
        row_sha256=row_sha256(row), engine="e", policy="p", findings={}, second_pass=0, canaries=320, canary_bound=0.02
    )
    return CertifiedRow(row=row, certificate=certificate).model_dump(mode="json")


ROWS = [
    certified("What lies beside the mango?", "The river."),
    certified("The river lies here. " * 60 + "What lies there?", "The mango."),
    certified("What lies beside the river?", "The mango lies there. " * 60),
]


def test_each_way_keeps_counts_and_ends_answers(
    small_base: Path, recipe: Callable[..., Recipe], caplog: pytest.LogCaptureFixture
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_base)
    caplog.set_level("INFO")
    dropped = _encode(tokenizer, ROWS, recipe(max_tokens=64), "p")
    assert (len(dropped.input_ids), dropped.too_long) == (1, 2)
    assert "too_long=2 left_out=2" in caplog.text
    cut = _encode(tokenizer, ROWS, recipe(max_tokens=64, too_long="truncate"), "p")
    assert (len(cut.input_ids), cut.too_long) == (2, 2)
    assert "too_long=2 left_out=1" in caplog.text
    assert max(cut.lengths) <= 64
    for labels, answer in zip(cut.labels, ("The river.", "The mango."), strict=True):
        assert tokenizer.decode([label for label in labels if label != IGNORED]) == f"{answer}<|im_end|>"
    assert "What lies there?" in tokenizer.decode(cut.input_ids[1])
    assert "mango" not in caplog.text


def test_raise_names_how_many_and_what_would_take_them(small_base: Path, recipe: Callable[..., Recipe]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_base)
    longest = max(length(tokenizer, Example.model_validate(row["row"]).messages) for row in ROWS)
    with pytest.raises(TrainingError, match=rf"2 of 3 examples .* 64 tokens, the longest has {longest}") as caught:
        _encode(tokenizer, ROWS, recipe(max_tokens=64, too_long="raise"), "p")
    assert f"max_tokens={longest}" in caught.value.fix
    taken = _encode(tokenizer, ROWS, recipe(max_tokens=longest, too_long="raise"), "p")
    assert (len(taken.input_ids), taken.too_long) == (3, 0)


def test_both_stages_count_the_same_tokens(small_base: Path) -> None:
    from tasks.dataset.chat_format import count_tokens

    tokenizer = AutoTokenizer.from_pretrained(small_base)
    for row in ROWS:
        messages = Example.model_validate(row["row"]).messages
        assert count_tokens(tokenizer, messages) == length(tokenizer, messages)
