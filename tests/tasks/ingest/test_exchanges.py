"""Which lists of messages are exchanges, and what is left of them."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.exchanges import ROLES, NotAnExchange, valid_turns

S = {"role": "system", "content": "Be kind."}
U = {"role": "user", "content": "What diet?"}
V = {"role": "user", "content": "After discharge, I mean."}
A = {"role": "assistant", "content": "Low salt."}
B = {"role": "assistant", "content": "Little salt."}
UV = {"role": "user", "content": "What diet?\n\nAfter discharge, I mean."}

EXCHANGES = [
    ([U, A], [U, A], "a pair"),
    ([S, U, A], [S, U, A], "a system message first"),
    ([U, A, V, B], [U, A, V, B], "two pairs"),
    ([U, V, A], [UV, A], "two user turns in a row are one question"),
    ([U, A, U, V, B], [U, A, UV, B], "also later"),
    ([U, A, V], [U, A], "a question that nobody answered"),
    ([U, A, V, V], [U, A], "several of them"),
    ([B, U, A], [U, A], "a greeting before the first question"),
    ([S, B, U, A], [S, U, A], "a greeting after the system message"),
    ([{**U, "name": "Ann"}, A], [U, A], "what else a message holds"),
]


@pytest.mark.parametrize(("messages", "turns", "why"), EXCHANGES)
def test_the_turns_of_an_exchange(messages: object, turns: object, why: str) -> None:
    assert valid_turns(orjson.dumps(messages).decode()) == turns, why


REFUSED = [
    (None, "malformed messages"),
    ("", "malformed messages"),
    ("{", "malformed messages"),
    ('["\\ud800"]', "malformed messages"),
    ([U, {**A, "role": None}], "unknown role"),
    ([U, {"content": "no role"}], "unknown role"),
    ([{**U, "role": "tool"}, A], "unknown role"),
    ([{**U, "role": "User"}, A], "unknown role"),
    ([{**U, "role": ["user"]}, A], "unknown role"),
    ([U, A, {**U, "role": "tool"}], "unknown role"),
    ([{**U, "content": None}, A], "malformed messages"),
    ([{**U, "content": 7}, A], "malformed messages"),
    (["What diet?", "Low salt."], "malformed messages"),
    ({"role": "user"}, "malformed messages"),
    ([None, A], "malformed messages"),
    ([{**U, "content": " \n"}, A], "empty message"),
    ([{**U, "content": ""}, A], "empty message"),
    ([U, {**A, "content": "Low\0salt."}], "NUL character"),
    ([U, A, B], "two answers in a row"),
    ([U, A, S], "system message after the start"),
    ([U, S, A], "system message after the start"),
    ([S, S, U, A], "system message after the start"),
    ([], "no question with an answer"),
    ([S], "no question with an answer"),
    ([A], "no question with an answer"),
    ([U], "no question with an answer"),
    ([A, U], "no question with an answer"),
    ([S, A], "no question with an answer"),
]


@pytest.mark.parametrize(("messages", "reason"), REFUSED)
def test_what_is_no_exchange_is_refused_for_its_reason(messages: object, reason: str) -> None:
    text = messages if isinstance(messages, str | None) else orjson.dumps(messages).decode()
    with pytest.raises(NotAnExchange) as refused:
        valid_turns(text)
    assert str(refused.value) == reason


@given(st.lists(st.sampled_from(ROLES), max_size=8))
def test_what_is_kept_alternates_and_ends_with_an_answer(roles: list[str]) -> None:
    messages = [{"role": role, "content": f"{number}"} for number, role in enumerate(roles)]
    try:
        kept = valid_turns(orjson.dumps(messages).decode())
    except NotAnExchange:
        return
    order = [turn["role"] for turn in kept]
    start = order[0] == "system"
    assert order[start:] == ["user", "assistant"] * ((len(order) - start) // 2)
    assert len(order) > 1
    # No word of a person or a model is invented, and none changes place.
    numbers = [int(number) for turn in kept for number in turn["content"].split()]
    assert numbers == sorted(set(numbers))
