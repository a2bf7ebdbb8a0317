"""Whether an item was learned from: the same question with the same answer, or the same question over the same context.

Words are compared, without case, punctuation and width. The same thing in other words, and a passage inside a longer
one, are the dataset's business, which leaves out near-duplicates and what resembles a suite before anything is learned.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tasks.records import CertifiedRow, Example, Message, Preference
from tasks.scoring.suites import Asked

MIN_WORDS = 8  # greetings and thanks recur by themselves
_NOT_A_WORD = re.compile(r"\W+")

Key = tuple[str, ...]


def overlapping(items: Iterable[Asked], training: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the ids of the items that the training rows (examples or preferences) hold, in the items' order."""
    asked = [(item.id, set(_item_keys(item))) for item in items]
    wanted = {key for _, keys in asked for key in keys}
    seen = {key for row in training for key in _row_keys(row) if key in wanted}
    return tuple(name for name, keys in asked if keys & seen)


def _item_keys(item: Asked) -> Iterator[Key]:
    question = _words(item.question)
    yield from _long_enough(("answered", *question, "", *_words(item.reference)))
    if item.context:
        context = _words(item.context)
        inside = " ".join(context) in " ".join(question)
        yield from _long_enough(("given", *sorted(question if inside else question + context)))


def _row_keys(row: Mapping[str, Any]) -> Iterator[Key]:
    """Yield a key for each answer of a row to the question before it, and one for all words before its last answer."""
    messages = _messages(CertifiedRow.model_validate(row).row)
    question: list[str] = []
    before: list[str] = []
    for message in messages:
        words = _words(message.content)
        if message.role == "assistant":
            yield from _long_enough(("answered", *question, "", *words))
            yield from _long_enough(("given", *sorted(question)))
            yield from _long_enough(("given", *sorted(before)))
        if message.role == "user":
            question = words
        before += words


def _messages(row: Mapping[str, object]) -> tuple[Message, ...]:
    """Return the messages of an example, or those of a preference with its chosen answer."""
    if "chosen" not in row:
        return Example.model_validate(row).messages
    liked = Preference.model_validate(row)
    return (*liked.messages, Message(role="assistant", content=liked.chosen or ""))


def _long_enough(key: Key) -> Iterator[Key]:
    if len(key) > MIN_WORDS:
        yield key


def _words(text: str) -> list[str]:
    return _NOT_A_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).split()
