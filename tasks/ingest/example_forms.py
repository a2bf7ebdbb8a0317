"""The forms in which people keep examples, each as messages: chats, ShareGPT, instructions, pairs, questions.

    messages        {"messages": [{"role", "content"}]}
    ShareGPT        {"conversations": [{"from": "human" | "gpt" | "system", "value"}], "system"?}
    instruction     {"instruction", "input"?, "output", "system"?, "history"?: [[question, answer]]}
    input-output    {"input", "output", "metadata"?: {"source", "domain", "difficulty", "verified"}, …}
    question        {"question", "answer", "context"?}

Of metadata the four keys above are kept, for a key of another name may say anything about a patient.
"""

from collections.abc import Mapping
from typing import Any

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
        Unreadable: the row has a form, but no answer that follows a question.
        KeyError, TypeError, ValueError: fields are missing, or not of their types.
    """
    if "messages" in row:
        return _chat([(turn["role"], turn["content"]) for turn in row["messages"]])
    if "conversations" in row:
        turns = [(_role(turn["from"]), turn["value"]) for turn in row["conversations"]]
        return _chat([*_system(row), *turns])
    if "instruction" in row:
        parts = (string(row, "instruction"), string({"input": None, **row}, "input"))
        return _with_history(row, "\n\n".join(part for part in parts if part.strip()), string(row, "output"))
    if "output" in row:
        return _with_history(row, string(row, "input"), string(row, "output"))
    if "text" in row and not {"question", "role"} & row.keys():  # with a role it is one message of a tree of them
        return ()
    context = str(row.get("context") or "")
    return exchange("\n\n".join(part for part in (context, string(row, "question")) if part), string(row, "answer"))


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
    """Return a field's text, empty for null; KeyError where it is missing, TypeError where it is no text."""
    value = row[name]
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _role(name: object) -> Role:
    if name not in ROLES:
        raise Unreadable("unknown role")
    return ROLES[str(name)]


def _system(row: Mapping[str, Any]) -> list[tuple[Role, str]]:
    return [("system", system)] if (system := string({"system": None, **row}, "system")).strip() else []


def _with_history(row: Mapping[str, Any], question: str, answer: str) -> tuple[Message, ...]:
    earlier = [
        (role, text)
        for pair in row.get("history") or ()
        for role, text in zip(("user", "assistant"), pair, strict=True)
        if text
    ]
    before = [Message(role=role, content=text) for role, text in [*_system(row), *earlier]]  # type: ignore[arg-type]
    return *before, *exchange(question, answer)


def _chat(turns: list[tuple[Any, Any]]) -> tuple[Message, ...]:
    messages = tuple(Message(role=role, content=content) for role, content in turns)
    roles = [message.role for message in messages]
    if "user" not in roles or roles[-1] != "assistant":
        raise Unreadable("no question with an answer")
    if not all(message.content.strip() for message in messages):
        raise Unreadable("empty message")
    return messages
