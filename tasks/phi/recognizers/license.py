"""Certificate and licence numbers (45 CFR 164.514(b)(2)(i)(K)).

Covers NPI (Luhn over the prefix 80840, CMS), DEA numbers (checksum of 21 CFR part 1301 practice), and values after
licence, certificate, NPI, DEA, passport, registration and the like, whatever their checksum. It does not cover licence
numbers without keyword or checksum.
"""

import re

from tasks.phi.recognizers.account import passes_luhn
from tasks.phi.recognizers.rules import Rule, RuleRecognizer, keyed


def passes_dea(number: str) -> bool:
    """Say whether digits 1, 3, 5 plus twice the digits 2, 4, 6 end in the seventh digit."""
    digits = [int(c) for c in number if c.isdigit()]
    return len(digits) == 7 and (sum(digits[0:6:2]) + 2 * sum(digits[1:6:2])) % 10 == digits[6]


class LicenseRecognizer(RuleRecognizer):
    """Professional, driver's and other licence and certificate numbers."""

    category = "LICENSE"
    rules = (
        Rule(re.compile(r"(?<![\w.-])[12]\d{9}(?![\w-]|\.\d)"), 0.6, (), lambda phi: passes_luhn("80840" + phi)),
        Rule(re.compile(r"(?<![\w-])[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}(?![\w-])"), 0.8, (), passes_dea),
        keyed(
            r"(?:(?:medical|nursing|driver'?s?|state|professional|physician|pharmacist|board|birth|death"
            r"|marriage|rn)\s+)*"
            r"(?:licen[cs]e|lic\.?|licensure|certificate|certification|cert\.?|npi|dea|dl|passport"
            r"|registration|upin|dln|permit)",
            gate=("licen", "lic", "cert", "npi", "dea", "dl", "passport", "registration", "upin", "permit"),
        ),
    )
