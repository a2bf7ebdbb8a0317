"""Account numbers (45 CFR 164.514(b)(2)(i)(J)): cards, bank accounts, patient accounts.

Covers card numbers that pass the Luhn check (ISO/IEC 7812), IBANs that pass mod 97 (ISO 13616), and values after
account, acct, invoice, card, routing and the like, whatever their checksum. It does not cover account numbers without
keyword or checksum, nor cryptocurrency addresses.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, keyed


def passes_luhn(number: str) -> bool:
    """Say whether the digits, separators aside, pass the Luhn check of ISO/IEC 7812-1."""
    digits = [int(c) for c in number if c.isdigit()]
    doubled = (d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2])
    return len(digits) >= 12 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def passes_iban(number: str) -> bool:
    """Say whether letters and digits, separators aside, leave the remainder 1 of ISO 13616."""
    plain = re.sub(r"[\s-]", "", number).upper()
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


class AccountRecognizer(RuleRecognizer):
    """Card, bank and billing account numbers."""

    category = "ACCOUNT"
    rules = (
        Rule(re.compile(r"(?<![\w.-])[2-6]\d{3}(?:[- ]?\d){8,15}(?![\w-]|\.\d)"), 0.8, (), passes_luhn),
        Rule(re.compile(r"(?<!\w)[A-Z]{2}\d\d(?:[ -]?[A-Z0-9]){11,30}(?!\w)"), 0.9, (), passes_iban),
        keyed(
            r"(?:bank|patient|billing|guarantor|checking|savings|hospital|credit|debit)?\s*(?:acc(?:oun)?t"
            r"|a/c|iban|invoice"
            r"|routing|aba|card|credit\s+card|debit\s+card|visa|mastercard|amex|guarantor|bill|transaction|swift)",
            gate=(
                "acc",
                "a/c",
                "iban",
                "invoice",
                "routing",
                "aba",
                "card",
                "visa",
                "amex",
                "guarantor",
                "bill",
                "swift",
                "transact",
            ),
            value=r"#?[a-z0-9*•]+(?:[-./][a-z0-9*•]+|(?<=[\d*•])[ ][\d*•]{3,})*",
        ),
        keyed("ending in|last four of (?:the )?card", gate=("ending", "card"), value=r"\d{4}", score=0.6),
    )
