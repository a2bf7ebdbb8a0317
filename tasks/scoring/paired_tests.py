"""Whether a paired difference could be chance: exact McNemar, sign flips of groups, Holm over several metrics.

McNemar (1947) counts the items that only one of two models got right; its exact form is a binomial test at one half.
For continuous metrics the sign of each group's summed difference is drawn at random (Fisher's randomization test for
pairs; Good, "Permutation, Parametric and Bootstrap Tests", 2005): under the null either model could have been either.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import binomtest

from tasks.scoring.bootstrap import DRAWS, SEED, Grouped

CHUNK_DRAWS = 2_000
TOLERANCE = 1e-12  # sums in another order differ by this much


def mcnemar(only_baseline: int, only_candidate: int) -> float:
    """Return the exact two-sided p of counts of items that only one model got right; 1 where there are none."""
    both = only_baseline + only_candidate
    return float(binomtest(only_candidate, both).pvalue) if both else 1.0


def sign_flips(
    columns: Mapping[str, Sequence[float]],
    groups: Sequence[str] | None = None,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, float]:
    """Return the two-sided p of each column's mean difference from 0; the observed signs count as one draw.

    Raises:
        EvaluationError: as `Grouped` does.
    """
    sums = Grouped(columns, groups).sums
    seen = np.abs(sums.sum(axis=0)) - TOLERANCE
    generator = np.random.default_rng(seed)
    as_far = np.zeros(len(seen))
    for start in range(0, draws, CHUNK_DRAWS):
        size = min(CHUNK_DRAWS, draws - start)
        signs = generator.integers(0, 2, size=(size, len(sums))) * 2.0 - 1.0
        as_far += (np.abs(signs @ sums) >= seen).sum(axis=0)
    return {name: float((1 + count) / (1 + draws)) for name, count in zip(columns, as_far, strict=True)}


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return the p values adjusted for their number (Holm 1979): the chance of any false finding stays below each."""
    adjusted: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p_values}
