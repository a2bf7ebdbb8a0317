"""Account numbers (45 CFR 164.514(b)(2)(i)(J)): cards, bank accounts, patient accounts.

Covers card numbers that pass the Luhn check (ISO/IEC 7812), IBANs that pass mod 97 (ISO 13616), routing numbers that
pass the check of the American Bankers Association beside a word of banking, and values after account, acct, invoice,
card, routing and the like, whatever their checksum. It does not cover account numbers without keyword or checksum, nor
cryptocurrency addresses.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, heads, keyed, long_numbers


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


def passes_aba(number: str) -> bool:
    """Say whether nine digits, weighed 3, 7, 1 in turn, make a multiple of ten."""
    return sum(int(c) * weight for c, weight in zip(number, (3, 7, 1) * 3, strict=True)) % 10 == 0


class AccountRecognizer(RuleRecognizer):
    """Card, bank and billing account numbers."""

    category = "ACCOUNT"
    rules = (
        Rule(
            re.compile(r"(?<![\w.-])[2-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{1,7}(?![\w-]|\.\d)"),
            0.9,
            accept=passes_luhn,
            within=long_numbers,
        ),
        Rule(
            re.compile(r"(?<![\w.-])3[47]\d{2}([ -]?)\d{6}\1\d{5}(?![\w-]|\.\d)"),
            0.9,
            accept=passes_luhn,
            within=long_numbers,
        ),
        Rule(
            re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?(?!\w)", re.IGNORECASE),
            0.9,
            accept=passes_iban,
            within=long_numbers,
        ),
        Rule(
            re.compile(r"(?<![a-z])(?:bank|wire|ach|deposit|rtn|routing|aba)[^\d\0]{0,24}\b(?P<phi>\d{9})(?![\w-])"),
            0.9,
            accept=passes_aba,
            lower=True,
            within=long_numbers,
            words=heads("ban wir ach dep rtn rou aba"),
        ),
        keyed(
            r"acc(?:oun)?ts?|a/c|iban|invoice|inv|routing|aba|card|visa|mastercard|amex|discover|guarantor|client|statement"
            r"|bill(?:ing)?|transaction|swift|bic|sort\s?code|check(?:ing)?|cheque|savings|receipt|payment|debit|credit",
            words=
                "acc c iba inv rou aba car vis mas ame dis gua cli sta bil tra swi bic sor che sav "
                "rec pay deb cre",
            value=r"#?(?:[a-z]{1,4}[ ](?=\d{4}))?[a-z0-9*•]+(?:[-./][a-z0-9*•]+|(?<=[\d*•])[ ][\d*•]{2,}(?![./:]\d))*",
            plain=True,
        ),
        keyed(
            r"card\s(?:number\s)?end(?:s|ing)(?:\sin)?|last four of (?:the )?card",
            words="car",
            value=r"[x*•. ]{0,16}\d{4}",
            score=0.6,
        ),
    )  # fmt: skip
