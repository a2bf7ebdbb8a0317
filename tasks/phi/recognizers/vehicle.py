"""Vehicle identifiers (45 CFR 164.514(b)(2)(i)(L)): VINs and licence plates.

Covers 17-character VINs with a valid check digit (49 CFR 565.15), any 17 such characters after VIN or within a text
that speaks of one, and plates after plate, tag or registration. It does not cover plates without such a word.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, has_digits, keyed, labelled_numbers, long_numbers
from tasks.phi.recognizers.words import STATES

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


_FUNCTION_WORDS = frozenset(
    ("in", "on", "of", "at", "to", "no", "by", "is", "was", "the", "and", "for", "has", "had", "day")
)


def is_plate(phi: str) -> bool:
    """Say whether the value has two digits or more and is not led by a word such as "in"; "elm 8152" is a plate."""
    letters, _, rest = phi.partition(" ")
    return has_digits(phi, at_least=2) and not (rest and letters.lower() in _FUNCTION_WORDS)


class VehicleRecognizer(RuleRecognizer):
    """Vehicle identification numbers and licence plates."""

    category = "VEHICLE"
    rules = (
        Rule(
            re.compile(r"(?<![\w-])[A-HJ-NPR-Z0-9]{17}(?![\w-])", re.IGNORECASE),
            0.85,
            accept=passes_vin,
            within=long_numbers,
        ),
        Rule(
            re.compile(
                r"(?<![a-z])(?:vin|chassis|vehicle\sidentification)(?![a-z])[^\n\0]{0,40}?(?<!\w)(?P<phi>[a-hj-npr-z0-9]{17})(?!\w)"
            ),
            0.95,
            ("vin", "chassis", "vehicle"),
            lambda phi: has_digits(phi, at_least=3),
            lower=True,
            within=labelled_numbers,
        ),
        keyed(
            r"vin|chassis|rego|parking\s+permit|(?:licen[cs]e|car|vehicle|registration|number|bike|truck|van)\s+(?:plate|tag)|plate|tag|tags|lp"
            r"|vehicle(?:\s+(?:identification|registration|reg))?|registration|reg",
            words="vin veh cha pla tag reg lp par",
            value=r"#?(?=[a-z0-9 -]{0,9}[a-z])(?=[a-z0-9 -]{0,9}\d)(?:[a-z]{2,4}[ -](?=\d))?[a-z0-9]+"
            r"(?:[- ](?=[a-z]{0,3}\d)[a-z0-9]+|[- ](?=[a-z]{1,3}(?![a-z0-9]))(?<=\d[- ])[a-z]{3})*",
            digits=2,
            score=0.9,
            plain=True,
        )._replace(accept=is_plate),
        # abbreviated, and so only before two groups: "pl. 10-5557"
        # with its state: "plate: Ohio QXL 4471"
        Rule(
            re.compile(
                r"(?:plates?|tags?)\W{1,3}(?:"
                + "|".join(sorted(STATES, key=len, reverse=True)).lower()
                + r")\s(?P<phi>[a-z0-9]{1,4}[- ]?[a-z0-9]{2,5})(?![\w-])"
            ),
            0.8,
            ("plate", "tag"),
            is_plate,
            lower=True,
        ),
        keyed(r"pl\.", words="pl", value=r"[a-z0-9]{2,4}-[a-z0-9]{3,5}", score=0.7, plain=True),
        keyed(r"(?:licen[cs]e\s+)?plate|tag|vin", words="pla tag vin", value=r"\d{4,17}", score=0.8, plain=True),
    )
