"""The interval of a share that was counted: of survivors among canaries, of identifiers found in a corpus.

It covers independent draws; canaries of one sentence shape are not quite that.
"""

import math

_Z = 1.959963984540054  # the normal's 97.5 % point: two-sided 95 %


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the two-sided 95 % interval of a share, (0, 1) for no trials.

    Wilson's score interval: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927), pages 209-212. With p = successes / trials and z = 1.96
    it is (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n); it keeps its level where p is 0 or 1, too.

    Raises:
        ValueError: the counts are negative, or there are more successes than trials.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials: 0 <= successes <= trials is needed.")
    if trials == 0:
        return 0.0, 1.0
    share, square = successes / trials, _Z * _Z
    middle = share + square / (2 * trials)
    reach = _Z * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    scale = 1 + square / trials
    low = 0.0 if successes == 0 else (middle - reach) / scale  # rounding would leave 1e-18
    high = 1.0 if successes == trials else (middle + reach) / scale
    return low, high
