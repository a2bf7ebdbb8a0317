r"""Telephone numbers (45 CFR 164.514(b)(2)(i)(D)).

Covers North American numbers in groups (Numbering Plan: 3-3-4) with their extension, international numbers with a plus
(ITU-T E.164, 8 to 15 digits), national numbers with a leading zero that phonenumbers knows as valid somewhere, any run
of 7 to 15 digits after a word such as phone, cell or contact, and the short numbers of pagers and extensions ("pager
4471", "x4471"). It does not cover seven digits without such a word, nor numbers spelt in words. A number after "fax" is
for the fax recognizer.
"""

import re
from collections.abc import Iterable

import phonenumbers

from tasks.phi.recognizers.rules import Hit, Rule, RuleRecognizer, has_digits, heads, labelled_numbers, long_numbers

EXTENSION = r"(?:\s{0,2}[,;]?\s?(?:(?:x|ext\.?|extn\.?|extension)\s{0,2}[:#]?\s?|\#\s?)\d{1,6}(?!\w))?"
NORTH_AMERICAN = r"(?:\+?1[\s.-]?)?(?:\(\d{3}\)[\s.-]{0,2}|\d{3}[\s./-]{1,2})\d{3}(?:[\s.-]{1,2}|\s-\s)\d{4}"
INTERNATIONAL = r"(?:\+|(?<!\d)00)\d{1,3}[\s.-]?(?:\(\d{1,4}\)|\d{1,4})(?:[\s./-]?\d{2,4}){2,5}"
LOOSE = r"\+?[\d(][\d\s()./-]{5,18}\d"
_SHORT = r"(?:\d{1,2}-\d{4}|\d{3,5})(?![\w/%-]|[.,]\d|:\d\d)"

# Where English notes come from, or patients come from.
_REGIONS = ("GB", "IE", "AU", "NZ", "ZA", "DE", "FR", "IN", "IT", "NL", "BE", "ES")


def is_national(phi: str) -> bool:
    """Say whether the digits after a leading zero are a valid number of one of the regions."""
    for region in _REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(phi, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def is_loose(phi: str) -> bool:
    """Say whether there are digits enough for a number, and no measured value or date."""
    return has_digits(phi, at_least=7) and not re.fullmatch(
        r"[\d\s.]*\d\.\d\d?|(?:19|20)\d\d[-./\s]\d\d?[-./\s]\d\d?(?:\s.*)?|(?:19|20)\d\d\s?-\s?(?:19|20)\d\d|\d\d?[-./]\d\d?[-./](?:19|20)?\d\d(?:\s.*)?",
        phi,
    )


class PhoneRecognizer(RuleRecognizer):
    """Telephone, mobile and pager numbers."""

    category = "PHONE"
    rules = (
        Rule(re.compile(rf"(?<![\w.+/-]){NORTH_AMERICAN}(?![\w-]|\.\d)"), 0.75, within=long_numbers),
        Rule(
            re.compile(rf"(?<![\w+.-]){INTERNATIONAL}(?![\w-])"),
            0.75,
            ("+", "00"),
            lambda phi: 8 <= sum(c.isdigit() for c in phi) <= 17 and (phi[0] == "+" or " " in phi),
            within=long_numbers,
        ),
        Rule(
            re.compile(r"(?<![\w+./(-])\(?0\d{1,4}\)?[ -]\d{3,4}(?:[ -]\d{2,4}){1,3}(?![\w-]|[.,]\d)"),
            0.6,
            ("0",),
            is_national,
            within=long_numbers,
        ),
        Rule(
            re.compile(
                r"(?<![a-z])(?:(?:tele)?phone[sd]?|tel|cell(?:ular|phone)?|mobile|mob|pager|pgr|page[ds]?|beeper|bleep"
                r"|call(?:ed|s|back|ing)?|contact(?:ed)?|home|work|office|text(?:ed)?|sms|whatsapp|ph|voicemail|vm"
                r"|hotline|helpline|landline|desk|dial(?:ed|-in)?|ring|reach(?:ed|able)?|number|[hcwpmt](?=\s?:))(?![a-z])"
                r"\.?(?:\s{0,3}(?:\((?:[hcwm]|home|cell|work|mobile)\)|back|him|her|them|me|us|no|number|num|line|at|on|is"
                r"|was|phone|cell|to|changed|its|:|=|\#|\||-)(?![a-z])\.?){0,4}"
                rf"\s{{0,9}}(?P<phi>{LOOSE})(?![\w/%])"
            ),
            0.85,
            accept=is_loose,
            lower=True,
            within=labelled_numbers,
            words=heads(
                "pho tel cel mob pag pgr bee ble cal con hom wor off tex sms wha ph voi vm hot hel lan des dia rin rea"
                " num h c w p m t"
            ),
        ),
        Rule(
            re.compile(
                r"(?<![a-z])(?:ext(?:ension)?|extn|pager|pgr|beeper|bleep|paged|voip|vocera|spectralink|ascom"
                r"|(?:(?:tele)?phone|ph|tel)(?=\W{1,8}\d{1,2}-\d{4}))\.?"
                rf"(?:\s?(?:no\.?|number|id|at|is|on|\#|:|-)){{0,3}}\s{{0,4}}(?P<phi>x?{_SHORT})"
            ),
            0.8,
            lower=True,
            within=labelled_numbers,
            words=heads("ext pag pgr bee ble voi voc spe asc pho tele ph tel des off cal sta"),
        ),
        # a bare "x4471"; round thousands are magnifications and centrifuges
        Rule(
            re.compile(
                r"(?<![\w.)] )(?<![\w.])x(?!\d{1,3}00\b)(?:\d{1,2}-\d{4}|\d{4,5})(?![\w/%-]|[.,]\d)(?!\s?g\b)"
            ),
            0.6,
            ("x",),
            within=labelled_numbers,
        ),
        Rule(
            re.compile(
                rf"\b(?:call|calls|called|paged?|phone|desk|lab|office|unit|rn|md|pharmacy|ed|icu|at|on|to)\s"
                rf"(?P<phi>x(?!\d{{1,3}}00\b){_SHORT})"
            ),
            0.7,
            (" x",),
            lower=True,
            within=labelled_numbers,
        ),
    )  # fmt: skip

    def find(self, text: str) -> Iterable[Hit]:
        """Yield the numbers, each with the extension that follows it."""
        for rule in self.rules:
            for start, end, score in rule.hits(text):
                extension = _EXTENSION.match(text, end)
                yield Hit(start, extension.end() if extension else end, score)
        numbers = long_numbers(text)
        for local in _LOCAL.finditer(numbers.text):
            if _AFTER_A_NAME.search(numbers.text, max(0, local.start() - 24), local.start()):
                start = numbers.origin(local.start())
                yield Hit(start, start + 8, 0.6)


_EXTENSION = re.compile(EXTENSION, re.IGNORECASE)
# Seven digits behind a name: "Contact: Dana Quexal 555-0147". Behind a word in lower case they are a range.
_LOCAL = re.compile(r"[2-9](?<=[a-z)][ ].|[,:][ ].)\d\d-\d{4}(?![\w%-]|[.,]\d| ?[a-z%])")
_AFTER_A_NAME = re.compile(r"(?<![\w.-])[A-Z][a-z]{2,}[,:]? \Z")
