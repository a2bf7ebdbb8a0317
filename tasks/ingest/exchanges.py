"""What makes a list of chat messages an exchange to learn from: questions and answers in turn, the last an answer.

A person who writes twice before the answer comes has asked one question: the two are joined. A model that answers twice
leaves open which answer was rated, so that is refused. What stands before the first question (a greeting) or after the
last answer has no pair and is left out. Chat templates such as Mistral's and Gemma's refuse any other order.
"""

import orjson

ROLES = ("system", "user", "assistant")

Turn = dict[str, str]


class NotAnExchange(Exception):
    """Messages that cannot be learned from; its text is the reason, one of a fixed few."""


def valid_turns(messages: str | None) -> list[Turn]:
    """Return the turns of a JSON list of messages: perhaps a system message, then questions and answers in turn.

    Raises:
        NotAnExchange: malformed, an unknown role, an empty message, a NUL, two answers in a row, a system message that
            is not the first, or no answer that follows a question.
    """
    kept: list[Turn] = []
    for role, content in _messages(messages):
        before = kept[-1]["role"] if kept else ""
        if role == "system":
            if before:
                raise NotAnExchange("system message after the start")
            kept.append({"role": role, "content": content})
        elif role == "user":
            if before == "user":
                kept[-1]["content"] += f"\n\n{content}"
            else:
                kept.append({"role": role, "content": content})
        elif before == "assistant":
            raise NotAnExchange("two answers in a row")
        elif before == "user":
            kept.append({"role": role, "content": content})
    if kept and kept[-1]["role"] == "user":
        kept.pop()
    if not kept or kept[-1]["role"] != "assistant":
        raise NotAnExchange("no question with an answer")
    return kept


def _messages(messages: str | None) -> list[tuple[str, str]]:
    """Return role and content of each message."""
    try:
        turns = orjson.loads(messages or "")
    except orjson.JSONDecodeError:
        raise NotAnExchange("malformed messages") from None
    if not isinstance(turns, list):
        raise NotAnExchange("malformed messages")
    return [_message(turn) for turn in turns]


def _message(turn: object) -> tuple[str, str]:
    if not isinstance(turn, dict):
        raise NotAnExchange("malformed messages")
    role, content = turn.get("role"), turn.get("content")
    if role not in ROLES:
        raise NotAnExchange("unknown role")
    if not isinstance(content, str):
        raise NotAnExchange("malformed messages")
    if not content or content.isspace():
        raise NotAnExchange("empty message")
    if "\0" in content:  # text or json of a view can hold what jsonb refuses; no table of ours can
        raise NotAnExchange("NUL character")
    return role, content
