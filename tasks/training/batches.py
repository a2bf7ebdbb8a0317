"""The order in which examples are learned from: fixed before the run, so that a resumed run continues the same one.

Examples of like length share a batch, so that little is padding; batches come in random order.
"""

from collections.abc import Sequence
from random import Random

from tasks.records import Recipe

POOL_BATCHES = 16  # examples are sorted within pools of this many batches: little padding, much chance


def training_order(lengths: Sequence[int], *, epochs: float, batch_size: int, seed: int) -> list[int]:
    """Return indices into `lengths`, `batch_size` at a time of like length; every example `epochs` times.

    Of a fractional epoch the first part of its shuffle is taken.
    """
    rng = Random(seed)
    wanted = round(epochs * len(lengths))
    drawn: list[int] = []
    while len(drawn) < wanted:
        drawn += rng.sample(range(len(lengths)), len(lengths))
    order: list[int] = []
    pool = POOL_BATCHES * batch_size
    for begin in range(0, wanted, pool):
        chosen = sorted(drawn[begin : min(begin + pool, wanted)], key=lambda index: lengths[index])
        batches = [chosen[at : at + batch_size] for at in range(0, len(chosen), batch_size)]
        last = [batches.pop()] if len(batches[-1]) < batch_size else []  # a part batch inside would shift the rest
        rng.shuffle(batches)
        order += [index for batch in (*batches, *last) for index in batch]
    return order


def order_of(recipe: Recipe, lengths: Sequence[int]) -> list[int]:
    """Return the order of a recipe's whole run; `max_steps` ends it earlier."""
    order = training_order(lengths, epochs=recipe.epochs, batch_size=recipe.batch_size, seed=recipe.seed)
    return order[: recipe.max_steps * recipe.batch_size] if recipe.max_steps else order


def padded_share(lengths: Sequence[int], order: Sequence[int], batch_size: int) -> float:
    """Return which share of the tokens computed in this order is padding, 0-1."""
    batches = [[lengths[index] for index in order[at : at + batch_size]] for at in range(0, len(order), batch_size)]
    computed = sum(max(batch) * len(batch) for batch in batches)
    return 1 - sum(map(sum, batches)) / computed if computed else 0.0
