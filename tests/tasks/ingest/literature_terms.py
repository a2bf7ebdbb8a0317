"""Queries as PubMed and arXiv write them: leaves joined by AND, OR and parentheses."""

import re
from collections.abc import Callable

Predicate = Callable[[object], bool]


def compile_query(query: str, leaf: Callable[[str], Predicate]) -> Predicate:
    """Return what tells whether a record matches; `leaf` makes a predicate of one condition."""
    tokens = [part.strip() for part in re.split(r"(\(|\)|\bAND\b|\bOR\b)", query) if part.strip()]
    position = 0

    def any_of() -> Predicate:
        nonlocal position
        parts = [all_of()]
        while position < len(tokens) and tokens[position] == "OR":
            position += 1
            parts.append(all_of())
        return lambda record: any(part(record) for part in parts)

    def all_of() -> Predicate:
        nonlocal position
        parts = [one()]
        while position < len(tokens) and tokens[position] == "AND":
            position += 1
            parts.append(one())
        return lambda record: all(part(record) for part in parts)

    def one() -> Predicate:
        nonlocal position
        token = tokens[position]
        position += 1
        if token != "(":
            return leaf(token)
        inner = any_of()
        assert tokens[position] == ")", query
        position += 1
        return inner

    predicate = any_of()
    assert position == len(tokens), query
    return predicate
