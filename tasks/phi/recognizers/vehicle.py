"""Vehicle identifiers (45 CFR 164.514(b)(2)(i)(L)): VINs and licence plates.

Covers 17-character VINs with a valid check digit (49 CFR 565.15), any VIN after a keyword, and plates after plate, tag
or vehicle. It does not cover plates without such a word.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, has_digits, keyed

_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10), *range(10)], strict=True)
)
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def passes_vin(number: str) -> bool:
    """Say whether the ninth character is the check digit of 49 CFR 565.15(c)."""
    plain = number.upper()
    if len(plain) != 17 or not has_digits(plain, at_least=1):
        return False
    remainder = sum(_VALUES[c] * weight for c, weight in zip(plain, _WEIGHTS, strict=True)) % 11
    return plain[8] == "0123456789X"[remainder]


class VehicleRecognizer(RuleRecognizer):
    """Vehicle identification numbers and licence plates."""

    category = "VEHICLE"
    rules = (
        Rule(re.compile(r"(?<![\w-])[A-HJ-NPR-Z0-9]{17}(?![\w-])"), 0.85, (), passes_vin),
        keyed(
            r"vin|chassis|rego|(?:licen[cs]e|car|vehicle|registration|number)\s+(?:plate|tag)|plate|tag"
            r"|vehicle(?:\s+(?:identification|registration))?",
            gate=("vin", "vehicle", "chassis", "plate", "tag", "rego"),
            value=r"#?(?:[a-z]{2}\s)?[a-z0-9]+(?:[- ](?=[a-z]{0,3}\d)[a-z0-9]+)*",
            digits=2,
            score=0.9,
        ),
    )
