"""Preferences as the token ids that DPO and KTO learn from: those that supervised training would see.

A prompt is rendered with the base's own chat template, and an answer ends with its end-of-turn token; what a template
writes behind that (a line break) is no part of it.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from tasks.errors import TrainingError
from tasks.records import CertifiedRow, Message, Preference, Recipe
from tasks.training.chat_format import IGNORED, encode, length, shortened

ANSWERS = ("chosen_ids", "rejected_ids", "completion_ids")

Row = dict[str, Any]  # what TRL's collators take: token ids by their names there


@dataclass(frozen=True)
class Compared:
    """Preferences as token ids, and how many were longer than the recipe allows."""

    rows: list[Row]
    too_long: int

    @property
    def lengths(self) -> list[int]:
        """Tokens of the longest sequence of each."""
        return [_length(row) for row in self.rows]

    @property
    def tokens(self) -> list[int]:
        """Tokens of each, of both sequences where it has two."""
        return [sum(len(row["prompt_ids"]) + len(answer) for answer in answers(row)) for row in self.rows]


def encode_preferences(
    tokenizer: PreTrainedTokenizerBase, rows: Iterable[Mapping[str, Any]], recipe: Recipe, redaction: str
) -> Compared:
    """Return certified preferences as the objective learns from them: dpo from pairs, kto from every answer by itself.

    An answer that was rated neither well nor badly is a part of its pair, and nothing by itself.

    Raises:
        PrivacyError: a certificate does not hold.
        TrainingError: the template hides where an answer begins, or one is too long and the recipe says `raise`.
    """
    certified = (CertifiedRow.model_validate(row) for row in rows)
    preferences = (Preference.model_validate(line.verified(policy=redaction)) for line in certified)
    made: list[Row] = []
    too_long = 0
    for one in preferences:
        rows = _rows(tokenizer, one, recipe.objective)
        longer = sum(_length(row) > recipe.max_tokens for row in rows)
        if longer and recipe.too_long == "truncate":
            rows = _rows(tokenizer, _shortened(tokenizer, one, recipe.max_tokens), recipe.objective)
        made += [row for row in rows if _length(row) <= recipe.max_tokens]
        too_long += longer
    if too_long and recipe.too_long == "raise":
        raise TrainingError(
            f"{too_long} preferences are longer than {recipe.max_tokens} tokens.",
            fix="raise max_tokens in the recipe, or --set too_long=drop",
        )
    if recipe.objective == "kto":
        made = list({_content(row): row for row in made}.values())  # the best answer may stand in several pairs
    return Compared(made, too_long)


def _rows(tokenizer: PreTrainedTokenizerBase, one: Preference, objective: str) -> list[Row]:
    if objective == "kto":
        return list(_singles(tokenizer, one))
    return [_pair(tokenizer, one)] if one.chosen is not None and one.rejected is not None else []


def _pair(tokenizer: PreTrainedTokenizerBase, one: Preference) -> Row:
    """Return the prompt that both answers share, and what follows it in each."""
    (prompt, chosen), (other, rejected) = (_answered(tokenizer, one, str(text)) for text in (one.chosen, one.rejected))
    shared = next(
        (at for at, (a, b) in enumerate(zip(prompt, other, strict=False)) if a != b), min(len(prompt), len(other))
    )
    return {
        "prompt_ids": prompt[:shared],
        "chosen_ids": prompt[shared:] + chosen,
        "rejected_ids": other[shared:] + rejected,
    }


def _singles(tokenizer: PreTrainedTokenizerBase, one: Preference) -> Iterator[Row]:
    for name, text, label in (("chosen", one.chosen, True), ("rejected", one.rejected, False)):
        if text is not None and name != one.middling:
            prompt, answer = _answered(tokenizer, one, text)
            yield {"prompt_ids": prompt, "completion_ids": answer, "label": label}


def _answered(tokenizer: PreTrainedTokenizerBase, one: Preference, answer: str) -> tuple[list[int], list[int]]:
    """Return the tokens before an answer, and the answer's with its end token: those that supervised training sees."""
    encoded = encode(tokenizer, (*one.messages, Message(role="assistant", content=answer)), sys.maxsize)
    assert encoded is not None
    ids, labels = encoded
    end = max(place for place, label in enumerate(labels) if label != IGNORED) + 1
    begin = max((place for place in range(end) if labels[place] == IGNORED), default=-1) + 1
    return ids[:begin], ids[begin:end]


def answers(row: Row) -> list[list[int]]:
    """Return the token ids of the answers in a row, one or two."""
    return [row[name] for name in ANSWERS if name in row]


def _length(row: Row) -> int:
    return len(row["prompt_ids"]) + max(map(len, answers(row)))


def _content(row: Row) -> tuple[object, ...]:
    return (tuple(row["prompt_ids"]), tuple(row["completion_ids"]))


def _shortened(tokenizer: PreTrainedTokenizerBase, one: Preference, max_tokens: int) -> Preference:
    """Return the preference with as much of its messages' beginning cut as its longer answer needs, if that helps."""
    longer = max((text for text in (one.chosen, one.rejected) if text is not None), key=len)
    chat = (*one.messages, Message(role="assistant", content=longer))
    if length(tokenizer, chat) <= max_tokens:
        return one
    short = shortened(tokenizer, chat, max_tokens)
    return one.model_copy(update={"messages": tuple(short[:-1])}) if short else one
