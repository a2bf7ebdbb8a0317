"""A conversation as one token sequence under a base's own chat template, and which tokens of it are the answers'.

The dataset stage counts these tokens and the training stage learns from them, so both mean the same sequence. It is the
template's own text but for three things. White space around an answer is left out. A control token that somebody typed
(`<|im_end|>` in a question, or in an answer) is spelled out in ordinary tokens, so that only the template ends a turn;
words that a vocabulary adds without marking them as special, such as `<think>`, stay as they are. And where the base is
always prompted into a thought that its transcripts leave out (DeepSeek-R1's distils), the last answer follows on that
prompt: on the thought that stands in it, else on an empty one.

Not covered: tools, pictures; SentencePiece vocabularies may put a space before a control token that was typed.
"""

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import TemplateError

from tasks.errors import TrainingError
from tasks.records import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Turns = list[dict[str, str]]

OTHER_TEMPLATE = "take a base whose chat template writes every turn as it stands"
PRIVATE = range(0xF0000, 0xFFFFE)  # Unicode's private use: no template and no vocabulary means anything by them
THOUGHT = re.compile(r"(?P<thought>.*</think>\s*)(?=\S)", re.DOTALL)


@dataclass(frozen=True)
class ChatTokens:
    """The tokens of a conversation; `learned` says of each whether it is part of an answer or ends one."""

    ids: list[int]
    learned: list[bool]


@dataclass(frozen=True)
class _Answer:
    """Where an answer lies in the rendered text, in characters: from the end of its prompt to the end of its words."""

    begin: int
    end: int


def chat_tokens(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message]) -> ChatTokens:
    """Return the tokens of a conversation and which are learned: each answer with the token that ends it.

    What the template writes between the prompt and an answer's words (Qwen3's empty thought) is the model's to write,
    so it is part of the answer. The loss never falls on anything else.

    Raises:
        TrainingError: the template refuses the roles, rewrites answers so that they cannot be found, or ends them
            without a token of its own.
    """
    turns = [{"role": m.role, "content": m.content.strip() if m.role == "assistant" else m.content} for m in messages]
    free = (chr(code) for code in PRIVATE if not any(chr(code) in turn["content"] for turn in turns))
    mark, known = next(free), _added(tokenizer)
    typed = {word: next(free) for turn in turns for word in sorted({*known.controls.findall(turn["content"])})}
    for turn in turns if typed else ():
        turn["content"] = known.controls.sub(lambda found: typed[found[0]], turn["content"])
    text, answers = _answers(tokenizer, turns, mark)
    ids, spans = _tokens(tokenizer, text, {character: word for word, character in typed.items()})
    learned = [False] * len(ids)
    for answer in answers:
        first = next(i for i, (_, end) in enumerate(spans) if end > answer.begin)
        last = next((i for i, (at, _) in enumerate(spans) if at >= answer.end and ids[i] in known.ids), None)
        if last is None or text[answer.end : spans[last][0]].strip():
            raise TrainingError(
                "The base's chat template ends answers without a token, so that a model would not learn to stop.",
                fix="close each answer with eos_token in the template, as tasks/training/plain_chat.jinja does",
            )
        learned[first : last + 1] = [True] * (last + 1 - first)
    return ChatTokens(ids, learned)


def _answers(tokenizer: "PreTrainedTokenizerBase", turns: Turns, mark: str) -> tuple[str, list[_Answer]]:
    """Return the rendered text and the answers in it.

    They are found by rendering once more with `mark` in place of their words: what stands between the marks is the
    template's, and must stand between the words, too.
    """
    text = _render(tokenizer, turns)
    places = [place for place, turn in enumerate(turns) if turn["role"] == "assistant"]
    parts = [THOUGHT.match(turns[place]["content"]) for place in places]
    thoughts = [part["thought"] if part else "" for part in parts]
    marked = [dict(turn) for turn in turns]
    for place, thought in zip(places, thoughts, strict=True):
        marked[place]["content"] = thought + mark
    between = _render(tokenizer, marked).split(mark)
    if len(between) != len(places) + 1:
        raise _hidden()
    answers, at = list[_Answer](), 0
    for place, thought, before in zip(places, thoughts, between, strict=False):
        words = turns[place]["content"][len(thought) :]
        if not words or not text.startswith(before + words, at):
            raise _hidden()
        begin = at + len(before)
        prompt = _prompt(tokenizer, turns[:place])
        if place == len(turns) - 1 and _prompts_into_thought(prompt, text[:begin]):
            closed = thought.strip().removeprefix("<think>").strip().removesuffix("</think>").rstrip()
            told = f"{prompt}{closed}\n</think>\n\n"
            text, begin = told + text[begin:], len(told)
        at = begin + len(words)
        answers.append(_Answer(len(prompt) if text[:begin].startswith(prompt) and prompt else begin, at))
    if text[at:] != between[-1]:
        raise _hidden()
    return text, answers


def _prompts_into_thought(prompt: str, before: str) -> bool:
    """Say whether the prompt opens a thought that the transcript, up to the words of the answer, does not."""
    transcript = before.rstrip()
    return prompt.startswith(transcript) and prompt[len(transcript) :].strip() == "<think>"


def _tokens(
    tokenizer: "PreTrainedTokenizerBase", text: str, typed: dict[str, str]
) -> tuple[list[int], list[tuple[int, int]]]:
    """Return token ids and the characters of each, half-open; what was typed is one character of the text.

    A control token parts the text before anything is merged, so that tokens around it are those of the whole text.
    """
    ids, spans = list[int](), list[tuple[int, int]]()
    pieces = re.split(f"([{''.join(typed)}])", text) if typed else [text]
    start = 0
    for piece in filter(None, pieces):
        spelled = typed.get(piece)
        encoded = tokenizer(
            spelled or piece,
            add_special_tokens=False,
            return_offsets_mapping=True,
            split_special_tokens=spelled is not None,
        )
        ids += encoded["input_ids"]
        offsets: Iterable[tuple[int, int]] = encoded["offset_mapping"]
        spans += [(start, start + 1) if spelled else (start + a, start + b) for a, b in offsets]
        start += len(piece)
    return ids, spans


@dataclass(frozen=True)
class _Added:
    """What a vocabulary holds besides the pieces of words: ids that may end a turn, and what matches control tokens."""

    ids: frozenset[int]
    controls: re.Pattern[str]


@functools.lru_cache(maxsize=8)  # read once: a vocabulary has hundreds of them
def _added(tokenizer: "PreTrainedTokenizerBase") -> _Added:
    special = (str(token.content) for token in tokenizer.added_tokens_decoder.values() if token.special)
    words = sorted({*map(str, tokenizer.all_special_tokens), *special}, key=len, reverse=True)
    ids = frozenset({*tokenizer.all_special_ids, *tokenizer.get_added_vocab().values()})
    return _Added(ids, re.compile("|".join(map(re.escape, words)) or r"(?!)"))


def _prompt(tokenizer: "PreTrainedTokenizerBase", turns: Turns) -> str:
    """Return what a model would be asked with after these turns; empty where the template has no such prompt."""
    try:
        return _render(tokenizer, turns, add_generation_prompt=True) if turns else ""
    except TrainingError:
        return ""


def _render(tokenizer: "PreTrainedTokenizerBase", turns: Turns, *, add_generation_prompt: bool = False) -> str:
    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=add_generation_prompt))
    except TemplateError as error:
        roles = ", ".join(dict.fromkeys(turn["role"] for turn in turns))
        raise TrainingError(f"The base's chat template refuses the roles {roles}.", fix=OTHER_TEMPLATE) from error


def _hidden() -> TrainingError:
    return TrainingError("The base's chat template hides where an answer begins.", fix=OTHER_TEMPLATE)
