"""One conversation as token ids and labels under the base's own chat template, with labels on the answers alone.

Tokenising answers apart from questions misaligns a causal model, and training on the question teaches it to ask. The
end-of-turn token is part of the answer: a model that never sees it labelled never stops. For that reason a
conversation that is too long is never cut at its right: it loses its oldest exchanges, then the beginning of its last
question; answers, their end tokens and the system's words stay whole.
"""

import bisect
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tasks.chat_tokens import chat_tokens
from tasks.records import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # torch's cross entropy leaves these labels out
QUESTION_WORDS = 10  # of a question that is cut, the last ones stay; fewer seldom ask anything


def encode(
    tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message], max_tokens: int
) -> tuple[list[int], list[int]] | None:
    """Return token ids and labels of equal length, or None if they are more than `max_tokens`.

    A label is the token itself within an assistant's words and on the special token that ends them, else -100.

    Raises:
        TrainingError: as `chat_tokens` does.
    """
    encoded = chat_tokens(tokenizer, messages)
    if len(encoded.ids) > max_tokens:
        return None
    return encoded.ids, [
        token if learned else IGNORED for token, learned in zip(encoded.ids, encoded.learned, strict=True)
    ]


def length(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message]) -> int:
    """Return the tokens of a whole conversation.

    Raises:
        TrainingError: as `chat_tokens` does.
    """
    return len(chat_tokens(tokenizer, messages).ids)


def shortened(
    tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message], max_tokens: int
) -> tuple[Message, ...] | None:
    """Return as much of the end of a conversation as fits into `max_tokens`, with the system's words before it.

    Whole exchanges go first, the oldest first; of the last one the question loses words from its beginning, down to
    `QUESTION_WORDS`. None where even that is too long: answer and system's words are never cut.

    Raises:
        TrainingError: as `chat_tokens` does.
    """
    after = next((place for place, turn in enumerate(messages) if turn.role != "system"), len(messages))
    system, turns = tuple(messages[:after]), tuple(messages[after:])
    asked = [i for i, turn in enumerate(turns) if turn.role == "user" and (not i or turns[i - 1].role != "user")]
    if not asked:
        return None
    question = turns[asked[-1]].content
    words = [found.start() for found in re.finditer(r"\S+", question)]
    cuts = words[1 : len(words) - QUESTION_WORDS + 1]

    def cut(place: int) -> tuple[Message, ...]:
        last = Message(role="user", content=question[cuts[place] :])
        return (*system, last, *turns[asked[-1] + 1 :])

    def fits(candidate: tuple[Message, ...]) -> bool:
        return length(tokenizer, candidate) <= max_tokens

    return _first(len(asked), lambda place: (*system, *turns[asked[place] :]), fits) or _first(len(cuts), cut, fits)


def _first(
    count: int, candidate: Callable[[int], tuple[Message, ...]], fits: Callable[[tuple[Message, ...]], bool]
) -> tuple[Message, ...] | None:
    """Return the first of ever shorter candidates that fits, by halving; None where the last does not."""
    place = bisect.bisect_left(range(count), True, key=lambda place: fits(candidate(place)))
    return candidate(place) if place < count else None
