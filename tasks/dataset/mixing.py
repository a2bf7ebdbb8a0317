"""Choose which training examples are learned from: weights by source and agent type, replay, a budget of tokens.

Every example has a place between 0 and 1, a keyed hash of its content, so the same in every week. Its place divided by
its weight is its rank. An example of rank 1 or more is left out: a weight of 0.25 keeps a quarter of a source, and the
same quarter every week. Of what is left, those of lowest rank fill the budget: a weight of 3 has three times the chance
of a weight of 1. `replay_share` is a further weight of what earlier rounds have learned from. Nothing is repeated, so a
weight above 1 tells only under a budget. Held-out examples are never thinned. Not covered: curricula, topics.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tasks.records import Mix


class Candidate(NamedTuple):
    """What the choice looks at."""

    content: str
    source: str
    agent_type: str
    tokens: int
    earlier: bool


def left_out(candidates: Sequence[Candidate], mix: Mix, key: bytes) -> Iterator[tuple[int, str]]:
    """Yield the place and the reason of every candidate that is not learned from."""
    ranks: list[tuple[float, str, int]] = []
    for place, one in enumerate(candidates):
        weight = mix.source_weights.get(one.source, 1.0) * mix.agent_weights.get(one.agent_type, 1.0)
        replayed = weight * mix.replay_share if one.earlier else weight
        at = _place(one.content, key)
        if at < replayed:
            ranks.append((at / replayed, one.content, place))
        else:
            yield place, "not replayed" if at < weight else "left out by its weight"
    spent = 0
    for _, _, place in sorted(ranks):
        spent += candidates[place].tokens
        if mix.token_budget is not None and spent > mix.token_budget:
            yield place, "beyond the token budget"


def unknown_weights(candidates: Sequence[Candidate], mix: Mix) -> tuple[str, ...]:
    """Return what weights are given for and no candidate has: mistyped, or not there this time."""
    sources, agents = ({getattr(one, name) for one in candidates} for name in ("source", "agent_type"))
    return (*sorted(mix.source_weights.keys() - sources), *sorted(mix.agent_weights.keys() - agents))


def _place(content: str, key: bytes) -> float:
    digest = hmac.new(key, b"mix\0" + content.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
