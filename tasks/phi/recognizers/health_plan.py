"""Health plan beneficiary numbers (45 CFR 164.514(b)(2)(i)(I)).

Covers values after insurance, policy, member, subscriber, group, claim, Medicare, Medicaid and the like, and the
format of the Medicare Beneficiary Identifier (CMS: eleven characters, without S, L, O, I, B, Z). It does not cover
plan numbers without a keyword, nor the names of insurers.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, keyed

_LETTER = "[AC-HJKMNP-RT-Y]"
_EITHER = "[AC-HJKMNP-RT-Y0-9]"


class HealthPlanRecognizer(RuleRecognizer):
    """Member, policy, subscriber and claim numbers."""

    category = "HEALTH_PLAN"
    rules = (
        Rule(
            re.compile(rf"(?<![\w-])[1-9]{_LETTER}{_EITHER}\d-?{_LETTER}{_EITHER}\d-?{_LETTER}{{2}}\d\d(?![\w-])"),
            0.85,
        ),
        keyed(
                r"(?:(?:health|medical|dental|primary|secondary)\s+)*(?:insurance|ins|insurer|payer|payor"
                r"|policy(?:holder)?|plan"
                r"|member(?:ship)?|subscriber|beneficiary|medicare|medicaid|medi-cal|tricare|hicn|mbi|hbn|hpn"
                r"|hpbn|claim|group"
            r"|coverage|enrollee|rx\s?(?:bin|grp|pcn))"
            r"(?:\s+(?:insurance|policy|plan|member|subscriber|beneficiary|claim|group|card))*",
            gate=("insur", "ins", "pay", "polic", "plan", "member", "subscr", "benef", "medi", "tricare", "hicn", "mbi",
                  "hbn", "hp", "claim", "group", "coverage", "enroll", "rx"),
            # four bare digits after "plan" or "Medicare" are a year or a count
            value=r"#?(?!\d{1,4}(?![\w-]))[a-z0-9]+(?:[-./][a-z0-9]+|(?<=\d)[ ]\d{3,})*",
        ),
    )  # fmt: skip
