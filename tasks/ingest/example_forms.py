"""The forms in which people keep examples, each as messages: chats, ShareGPT, instructions, pairs, questions.

    messages        {"messages": [{"role", "content"}]}
    ShareGPT        {"conversations": [{"from": "human" | "gpt" | "system", "value"}], "system"?}
    instruction     {"instruction", "input"?, "output", "system"?, "history"?: [[question, answer]]}
    input-output    {"input", "output", "metadata"?: {"source", "domain", "difficulty", "verified"}, …}
    question        {"question", "answer", "context"?}

What turns must be is said in tasks/ingest/exchanges.py.
Of metadata the four keys above are kept, for a key of another name may say anything about a patient.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from tasks.ingest.exchanges import NotAnExchange, Turn, valid_turns
from tasks.records import Message, Role

ROLES: Mapping[str, Role] = {
    **{"human": "user", "user": "user"},
    **{"gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "model": "assistant"},
    **{"system": "system"},
}
METADATA = ("source", "domain", "difficulty", "verified")
LONGEST_METADATA = 100  # characters; a longer one is prose


class Unreadable(Exception):
    """A row that is no example; its text is the reason, one of a fixed few."""


def messages_of(row: Mapping[str, Any]) -> tuple[Message, ...]:
    """Return the messages of a row of any form; none where it is a text without a question.

    Raises:
        Unreadable: the row has a form, but its turns are no exchange, or a text holds a NUL.
        KeyError, TypeError, ValueError: fields are missing, or not of their types.
    """
    if "messages" in row:
        return _chat(row["messages"])
    if "conversations" in row:
        turns = [{"role": _role(turn["from"]), "content": turn["value"]} for turn in row["conversations"]]
        return _chat([*_system(row), *turns])
    if "instruction" in row:
        parts = (string(row, "instruction"), optional(row, "input"))
        return _with_history(row, "\n\n".join(part for part in parts if part.strip()), string(row, "output"))
    if "output" in row:
        return _with_history(row, string(row, "input"), string(row, "output"))
    if "text" in row and not {"question", "role"} & row.keys():  # with a role it is one message of a tree of them
        return ()
    parts = (optional(row, "context"), string(row, "question"))
    return exchange("\n\n".join(part for part in parts if part), string(row, "answer"))


def metadata_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row's `metadata` says under the four known keys: three short texts, and a yes or no."""
    given = row.get("metadata")
    metadata = given if isinstance(given, Mapping) else {}
    kept: dict[str, Any] = {}
    for name in METADATA:
        value = metadata.get(name)
        if (name == "verified") != isinstance(value, bool):
            continue
        if isinstance(value, bool):
            kept[name] = value
        elif isinstance(value, str | int | float) and 0 < len(text := str(value).strip()) <= LONGEST_METADATA:
            kept[name] = text
    return kept


def exchange(question: str, answer: str) -> tuple[Message, ...]:
    """Return a question and its answer.

    Raises:
        Unreadable: either is empty.
    """
    if not question.strip():
        raise Unreadable("empty question")
    if not answer.strip():
        raise Unreadable("empty answer")
    return Message(role="user", content=question.strip()), Message(role="assistant", content=answer.strip())


def string(row: Mapping[str, Any], name: str) -> str:
    """Return a field's text, empty for null.

    Raises:
        KeyError, TypeError: it is missing, or no text.
        Unreadable: it holds a NUL, which PostgreSQL takes nowhere.
    """
    value = row[name]
    return "" if value is None else _text(value)


def optional(row: Mapping[str, Any], name: str) -> str:
    """Return a field's text as `string` does, empty where the field is missing."""
    return string(row, name) if name in row else ""


def strings(row: Mapping[str, Any], name: str) -> list[str]:
    """Return a field's texts; errors as of `string`, TypeError also where it is no list."""
    if not isinstance(row[name], list):
        raise TypeError(name)
    return [_text(value) for value in row[name]]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    if "\0" in value:
        raise Unreadable("NUL character")
    return value


def _role(name: object) -> Role:
    if name not in ROLES:
        raise Unreadable("unknown role")
    return ROLES[str(name)]


def _system(row: Mapping[str, Any]) -> list[Turn]:
    return [{"role": "system", "content": system}] if (system := optional(row, "system")).strip() else []


def _with_history(row: Mapping[str, Any], question: str, answer: str) -> tuple[Message, ...]:
    last = [{"role": message.role, "content": message.content} for message in exchange(question, answer)]
    earlier = [
        {"role": role, "content": text}
        for pair in row.get("history") or ()
        for role, text in zip(("user", "assistant"), pair, strict=True)
        if text
    ]
    return _chat([*_system(row), *earlier, *last])


def _chat(turns: object) -> tuple[Message, ...]:
    try:
        return tuple(Message.model_validate(turn) for turn in valid_turns(orjson.dumps(turns).decode()))
    except NotAnExchange as why:
        raise Unreadable(str(why)) from None
