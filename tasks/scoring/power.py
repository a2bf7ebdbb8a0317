"""How many paired items a comparison needs, and how small a gain it can see.

Normal approximation for a paired mean difference: n = ((z₁₋α/₂ + z_power) · sd / d)², as in Chow, Shao, Wang and
Lokhnygina, "Sample Size Calculations in Clinical Research", 3rd ed., chapter 3.
"""

import math
from statistics import NormalDist

from tasks.records import Estimate
from tasks.scoring.bootstrap import CONFIDENCE

ALPHA = 0.05  # two-sided: the gate reads the lower end of a 95 % interval
POWER = 0.80


def items_needed(sd: float, difference: float, *, power: float = POWER) -> int:
    """Return the pairs needed to tell a true mean difference from none; `sd` is that of the items' differences.

    `difference` is above 0, in the metric's units. At least 2 pairs, since fewer have no spread.
    """
    return max(2, math.ceil((_z(power) * sd / difference) ** 2))


def smallest_gain(sd: float, items: int, *, beyond: float = 0.0, power: float = POWER) -> float:
    """Return the true mean gain whose lower bound lies above `beyond` in a share `power` of comparisons."""
    return beyond + _z(power) * sd / math.sqrt(items)


def power_of(sd: float, items: int, difference: float) -> float:
    """Return the share (0-1) of comparisons whose lower bound lies above 0 when `difference` is the true mean gain."""
    if sd == 0:
        return float(difference > 0)
    normal = NormalDist()
    return normal.cdf(difference * math.sqrt(items) / sd - normal.inv_cdf(1 - ALPHA / 2))


def spread(estimate: Estimate) -> float:
    """Return the standard deviation of one item that a mean's interval stands for, in the metric's units.

    It comes from the interval rather than from the items, so that items of one group that move together count.
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return (estimate.high - estimate.low) / (2 * z) * math.sqrt(estimate.n)


def _z(power: float) -> float:
    normal = NormalDist()
    return normal.inv_cdf(1 - ALPHA / 2) + normal.inv_cdf(power)
