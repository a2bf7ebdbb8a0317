"""Social security numbers (45 CFR 164.514(b)(2)(i)(G)), whole, masked, or their last four digits.

The shape 3-2-4 with dashes or dots counts whatever its area number is: sample and mistyped numbers are as identifying
to a reader of the record. It does not cover nine bare or spaced digits without a keyword (nine bare digits are some
other identifier).
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, has_digits, heads, labelled_numbers, long_numbers

_FOUR = r"(?P<phi>\d{4})(?![\w-]|[.,/]\d)"


_ANY, _BETWEEN = r"[x*#•\d]", "[-. ]{0,2}"  # a digit or its mask


def is_ssn(phi: str) -> bool:
    """Say whether the value has four digits or nine, masked or not."""
    return has_digits(phi, at_least=4) and len(re.sub(r"[-. ]", "", phi)) in {4, 9}


class SsnRecognizer(RuleRecognizer):
    """Social security and individual taxpayer numbers."""

    category = "SSN"
    rules = (
        Rule(re.compile(r"(?<![\w./-])\d{3}([-.]) ?\d{2}\1 ?\d{4}(?![\w-]|\.\d)"), 0.85, within=long_numbers),
        Rule(
            re.compile(r"(?<![\w-])[x*#•_]{3}[-. ]?[x*#•_]{2}[-. ]?\d{4}(?!\w)"),
            0.9,
            lower=True,
            within=labelled_numbers,
        ),
        Rule(
            re.compile(
                r"(?<![a-z])(?:ssn?|s\.s\.n?\.?|ss\#|soc(?:ial)?\.?(?:\s+sec(?:urity)?\.?)?|security|itin|tin|taxpayer)(?![a-z])"
                r"(?:\s?(?:no|num|number|id|card|digits?|\#|\(|\)|-|:|,|\||last\s+(?:four|4)|ending(?:\s+in)?|ends(?:\s+in)?|is"
                r"|was|are|of|in|on\sfile|=|\"|')(?![a-z])\.?){0,6}"
                rf"\s{{0,9}}(?P<phi>{_ANY}{{3}}{_BETWEEN}{_ANY}{{2}}{_BETWEEN}\d{{4}}|{_ANY}(?:{_BETWEEN}{_ANY}){{3,10}}?)"
                r"(?![\w-]|[./]\d)"
            ),
            0.98,
            accept=is_ssn,
            lower=True,
            within=labelled_numbers,
            words=heads("ss ssn ssa s soc sec iti tin tax"),
        ),
        Rule(
            re.compile(
                r"last\s(?:four|4)\s(?:digits\s)?(?:(?:of\s)?(?:the\s|his\s|her\s|their\s)?(?:ssn?|social(?:\ssecurity)?)"
                rf"\s?(?:number\s|no\.?\s)?)?(?:is|are|:|\#|-|=)?\s{{0,4}}{_FOUR}"
            ),
            0.7,
            lower=True,
            within=labelled_numbers,
            words=heads("las"),
        ),
    )
