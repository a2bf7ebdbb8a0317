"""How far a judge agrees with people, on the items that both rated.

Cohen's kappa (Cohen 1960) for verdicts of yes and no, with a bootstrap interval over groups of items; Spearman's rank
correlation for ratings on a scale, with the interval of Bonett and Wright (Psychometrika 2000).
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm, spearmanr

from tasks.errors import EvaluationError
from tasks.records import Estimate
from tasks.scoring.bootstrap import CONFIDENCE
from tasks.scoring.derived import Floats, derived_interval

FEWEST = 4  # the interval's variance divides by n − 3


def cohen_kappa(judge: Sequence[bool], people: Sequence[bool], groups: Sequence[str] | None = None) -> Estimate:
    """Return Cohen's kappa (−1 to 1; 0 is chance, 1 full agreement); 1 where both always say the same one thing.

    Raises:
        EvaluationError: no items, or lists of different lengths.
    """
    columns = {
        "judge": [float(value) for value in judge],
        "people": [float(value) for value in people],
        "both": [float(j and p) for j, p in zip(judge, people, strict=False)],
    }
    return derived_interval(columns, groups, _kappa)


def spearman(judge: Sequence[float], people: Sequence[float]) -> Estimate:
    """Return Spearman's rank correlation (−1 to 1) of two ratings of the same items.

    Raises:
        EvaluationError: fewer than four items, lists of different lengths, or a rating that never varies.
    """
    if len(judge) != len(people) or len(judge) < FEWEST or len(set(judge)) == 1 or len(set(people)) == 1:
        raise EvaluationError(
            f"{len(judge)} and {len(people)} ratings have no rank correlation.",
            fix=f"rate the same {FEWEST} items or more, and not all alike.",
        )
    value = float(spearmanr(judge, people).statistic)
    if 1 - abs(value) < 1e-12:
        return Estimate(value=value, low=value, high=value, n=len(judge))
    reach = float(norm.ppf((1 + CONFIDENCE) / 2)) * math.sqrt((1 + value**2 / 2) / (len(judge) - 3))
    centre = math.atanh(value)
    return Estimate(value=value, low=math.tanh(centre - reach), high=math.tanh(centre + reach), n=len(judge))


def _kappa(means: Floats) -> Floats:
    judge, people, both = means.T
    seen = 1 - judge - people + 2 * both
    expected = judge * people + (1 - judge) * (1 - people)
    varies = expected < 1 - 1e-12
    kappa: Floats = np.where(varies, (seen - expected) / np.where(varies, 1 - expected, 1.0), 1.0)
    return kappa
