"""Health plan beneficiary numbers (45 CFR 164.514(b)(2)(i)(I)).

Covers values after insurance, policy, member, subscriber, group, claim, authorisation, Medicare, Medicaid, a large
insurer's name and the like, and the format of the Medicare Beneficiary Identifier (CMS: eleven characters, without S,
L, O, I, B, Z). It does not cover plan numbers without a keyword, nor the names of insurers.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, has_digits, heads, keyed, labelled_numbers, long_numbers

_LETTER = "[AC-HJKMNP-RT-Y]"
_EITHER = "[AC-HJKMNP-RT-Y0-9]"


class HealthPlanRecognizer(RuleRecognizer):
    """Member, policy, subscriber and claim numbers."""

    category = "HEALTH_PLAN"
    rules = (
        Rule(
            re.compile(
                rf"(?<![\w-])[1-9]{_LETTER}{_EITHER}\d[- ]?{_LETTER}{_EITHER}\d[- ]?{_LETTER}{{2}}\d\d(?![\w-])",
                re.IGNORECASE,
            ),
            0.85,
            within=long_numbers,
        ),
        keyed(
            r"insurances?|insur|ins|insurer|payer|payor|policy(?:holder)?|plan|member(?:ship)?|mbr|subscriber|subs|beneficiary"
            r"|medicare(?:\s[abcd])?|medicaid|mcaid|mcare|medi-cal|tricare|champva|hicn?|mbi|hbn|hpn|hpbn|claim|(?<!linkage\s)group|grp"
            r"|coverage|enrollee|bcbs|blue\s?(?:cross|shield)|aetna|cigna|humana|kaiser|anthem|uhc|united\s?healthcare|molina"
            r"|hmo|ppo|mco|auth(?:ori[sz]ation)?|pre-?auth(?:ori[sz]ation)?|precert(?:ification)?|rx\s?(?:bin|grp|pcn|(?<!linkage\s)group|id)"
            r"|pcn|bin|card(?=\s(?:id|no))|claim\s+file",
            words=
                "ins pay pol pla mem mbr sub ben med mca tri cha hic mbi hbn hpn hpb cla gro grp cov "
                "enr bcb blu aet cig hum kai ant uhc uni mol hmo ppo mco aut pre rx rxb rxg rxp rxi "
                "pcn bin car",
            value=r"#?(?:[a-z]{1,4}(?:-[a-z])?[ ](?=\d[\d ]{5}))?"
            r"[a-z0-9]+(?:[-.][a-z0-9]+|(?<=\d)[ ]\d{2,}(?![./:]\d))*",
            digits=3,
            plain=True,
        ),
        # the payer's name between label and number: "PCN: Dorlcare 500551-771902"
        Rule(
            re.compile(
                r"(?<![a-z])(?:pcn|bin|insurance|ins|payer|payor|plan|coverage|carrier|primary|secondary|supplement(?:al)?|rx|hmo"
                r"|ppo)\s?[:=-]\s{0,3}[a-z]+(?:[ ][a-z]+)?[\s,#(]{1,3}"
                r"(?P<phi>[a-z]{0,4}\d[a-z\d]*(?:[- ][a-z]{0,2}\d[a-z\d]*)*)(?![\w/%]|\.\d)"
            ),
            0.7,
            accept=lambda phi: has_digits(phi, at_least=6),
            lower=True,
            within=labelled_numbers,
            words=heads("pcn bin ins pay pla cov car pri sec sup rx hmo ppo"),
        ),
    )  # fmt: skip
