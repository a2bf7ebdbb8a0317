"""One conversation as one token sequence under the base's own chat template, with labels on the answers alone.

Tokenising answers apart from questions misaligns a causal model, and training on the question teaches it to ask. The
end-of-turn token is part of the answer: a model that never sees it labelled never stops.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jinja2 import TemplateError

from tasks.errors import TrainingError
from tasks.records import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # torch's cross entropy leaves these labels out
OTHER_TEMPLATE = "take a base whose chat template writes every turn as it stands"


def encode(
    tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message], max_tokens: int
) -> tuple[list[int], list[int]] | None:
    """Return token ids and labels of equal length, or None if they are more than `max_tokens`.

    A label is the token itself within an assistant's words and on the special token that ends them, else -100.

    Raises:
        TrainingError: the template refuses the roles, or rewrites earlier turns so that answers cannot be found.
    """
    turns = [message.model_dump() for message in messages]
    text = _render(tokenizer, turns)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids: list[int] = encoded["input_ids"]
    if len(ids) > max_tokens:
        return None
    labels = [IGNORED] * len(ids)
    special = set(tokenizer.all_special_ids) | set(tokenizer.get_added_vocab().values())
    for begin, end in _answers(tokenizer, turns, text):
        inside = [i for i, (a, b) in enumerate(encoded["offset_mapping"]) if a < end and b > begin]
        after = inside[-1] + 1
        if after < len(ids) and ids[after] in special:
            inside.append(after)
        for place in inside:
            labels[place] = ids[place]
    return ids, labels


def _answers(tokenizer: "PreTrainedTokenizerBase", turns: list[dict[str, str]], text: str) -> list[tuple[int, int]]:
    """Return where the assistant's turns lie in the rendered text: characters, half-open, from the prompt's end on."""
    spans = []
    for place, turn in enumerate(turns):
        if turn["role"] != "assistant":
            continue
        prompt = _render(tokenizer, turns[:place], add_generation_prompt=True)
        found = text.find(turn["content"].strip(), len(prompt))
        if not turn["content"].strip() or not text.startswith(prompt) or found < 0:
            raise TrainingError("The base's chat template hides where an answer begins.", fix=OTHER_TEMPLATE)
        spans.append((len(prompt), found + len(turn["content"].strip())))
    return spans


def _render(
    tokenizer: "PreTrainedTokenizerBase", turns: list[dict[str, str]], *, add_generation_prompt: bool = False
) -> str:
    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=add_generation_prompt))
    except TemplateError as error:
        roles = ", ".join(dict.fromkeys(turn["role"] for turn in turns))
        raise TrainingError(f"The base's chat template refuses the roles {roles}.", fix=OTHER_TEMPLATE) from error
