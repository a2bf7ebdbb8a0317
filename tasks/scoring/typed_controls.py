"""Control tokens that somebody typed: `<|im_end|>` in a question is text, and must not end the turn.

A chat template writes control tokens and the users' words into one text, and a tokeniser that parses control tokens
cannot tell them apart: a question could close its turn and speak for the system. So what was typed is replaced by a
character of Unicode's private use before the template is rendered, and spelled out in ordinary tokens afterwards, as in
training. Words that a vocabulary adds without marking them as control, such as `<think>`, stay as they are. Not
covered: endpoints, which tokenise themselves; SentencePiece may put a space before what was typed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tasks.records import Message

PRIVATE = range(0xF0000, 0xFFFFE)  # no template and no vocabulary means anything by them


@dataclass(frozen=True)
class Guarded:
    """Turns for a chat template, and what each private character in them stands for."""

    turns: list[dict[str, str]]
    typed: dict[str, str]

    def pieces(self, rendered: str) -> Iterator[tuple[str, bool]]:
        """Yield the parts of a rendered prompt in order; True marks one that was typed: parse no control token in it.

        A prompt without typed control tokens is one part, so that its tokens are those of the whole text.
        """
        parts = re.split(f"([{''.join(self.typed)}])", rendered) if self.typed else [rendered]
        return ((self.typed.get(part, part), part in self.typed) for part in parts if part)


def controls_pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Return what matches the control tokens of a vocabulary, the longest first."""
    longest_first = sorted(filter(None, words), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def guarded(messages: Sequence[Message], controls: re.Pattern[str]) -> Guarded:
    """Return the messages with every control token in them replaced by a private character that none of them holds."""
    used = {character for message in messages for character in message.content}
    free = (chr(code) for code in PRIVATE if chr(code) not in used)
    standing = {word: next(free) for message in messages for word in sorted({*controls.findall(message.content)})}
    turns = [
        {"role": message.role, "content": controls.sub(lambda found: standing[found[0]], message.content)}
        for message in messages
    ]
    return Guarded(turns, {character: word for word, character in standing.items()})
