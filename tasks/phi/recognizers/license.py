"""Certificate and licence numbers (45 CFR 164.514(b)(2)(i)(K)).

Covers NPI (Luhn over the prefix 80840, CMS), DEA numbers (check digit as pharmacies verify it), CLIA numbers (two
digits, D, seven digits), and values after licence, certificate, NPI, DEA, passport, registration and the like, whatever
their checksum. It does not cover licence numbers without keyword or checksum.
"""

import re

from tasks.phi.recognizers.account import passes_luhn
from tasks.phi.recognizers.rules import Rule, RuleRecognizer, keyed, long_numbers


def passes_npi(number: str) -> bool:
    """Say whether ten digits pass the Luhn check behind the prefix of health care identifiers in the United States."""
    return passes_luhn("80840" + number)


def passes_dea(number: str) -> bool:
    """Say whether digits 1, 3, 5 plus twice the digits 2, 4, 6 end in the seventh digit."""
    digits = [int(c) for c in number if c.isdigit()]
    return len(digits) == 7 and (sum(digits[0:6:2]) + 2 * sum(digits[1:6:2])) % 10 == digits[6]


class LicenseRecognizer(RuleRecognizer):
    """Professional, driver's and other licence and certificate numbers."""

    category = "LICENSE"
    rules = (
        Rule(re.compile(r"(?<![\w.-])[12]\d{9}(?![\w-]|\.\d)"), 0.6, accept=passes_npi, within=long_numbers),
        Rule(
            re.compile(r"(?<![\w-])[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}(?![\w-])"),
            0.8,
            accept=passes_dea,
            within=long_numbers,
        ),
        Rule(re.compile(r"(?<![\w-])\d{2}D\d{7}(?![\w-])"), 0.7, ("d",), within=long_numbers),
        keyed(
            r"licen[cs]es?|lic\.?|licensure|certificate|certification|cert\.?|npi|dea|x?dea|dln?|dl\#|passport|registration"
            r"|upin|permit|clia|caqi?h|prov(?:ider)?\.?(?=\s*(?:\#|no\b|num|id\b))|taxonomy|pin(?=\s*(?:\#|no\b))|gmc|nmc|ahpra",
            words="lic cer npi dea xde dl dln pas reg upi per cli caq pro tax pin gmc nmc ahp",
            value=r"#?(?:[a-z]{2}[ ](?=[a-z]{0,2}\d{3}))?[a-z0-9]+(?:[-./][a-z0-9]+|(?<=\d)[ ]\d{3,}(?![./:]\d))*",
            plain=True,
        ),
    )  # fmt: skip
