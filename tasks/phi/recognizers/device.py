"""Device identifiers and serial numbers (45 CFR 164.514(b)(2)(i)(M)).

Covers UDIs in the forms of the three issuing agencies (GS1: a GTIN-14 after the application identifier 01, bracketed or
not; HIBCC: plus, four characters of the labeller, a reference; ICCBBA: "=/" and what follows), donation numbers of ISBT
128, 15-digit IMEIs that pass Luhn, and values after serial, S/N, UDI, lot, device, implant, lead and the like. It does
not cover device numbers without a keyword in other forms.
"""

import re

from tasks.phi.recognizers.account import passes_luhn
from tasks.phi.recognizers.rules import Rule, RuleRecognizer, keyed, labelled_numbers, long_numbers


class DeviceRecognizer(RuleRecognizer):
    """Serial numbers, UDIs and IMEIs."""

    category = "DEVICE"
    rules = (
        Rule(
            re.compile(r"(?:\][A-Za-z]\d)?\(01\)\s?\d{14}(?:\s?\(\d{2,4}\)\s?[A-Za-z0-9./-]{1,30}){0,12}"),
            0.95,
            ("(01)",),
            within=labelled_numbers,
        ),
        Rule(
            re.compile(r"(?<!\w)01\d{14}(?:1[0137]\d{6}|21[A-Za-z0-9]{4,20}|10[A-Za-z0-9]{2,20})[A-Za-z0-9]{0,40}(?!\w)"),
            0.8,
            ("01",),
            within=long_numbers,
        ),
        Rule(
            re.compile(r"(?<!\w)\+[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}\d/\$?\$?[A-Z0-9/.$+-]{4,40}"),
            0.8,
            ("+",),
            within=labelled_numbers,
        ),
        Rule(re.compile(r"=/[A-Z0-9]{6,}(?:[=&][^\s=&]{2,30}){0,10}"), 0.9, ("=/",), within=labelled_numbers),
        Rule(re.compile(r"(?<![\w-])=?[A-NP-Z]\d{4}[ -]?\d{2}[ -]?\d{6}(?![\w-])"), 0.7, within=long_numbers),
        Rule(
            re.compile(r"(?<![\w.-])\d{2}[- ]?\d{6}[- ]?\d{6}[- ]?\d(?![\w-]|\.\d)"),
            0.7,
            accept=passes_luhn,
            within=long_numbers,
        ),
        keyed(
            r"serial|ser\.?(?=\s*(?:\#|no))|s/?n|udi(?:-di)?|imei|meid|iccid|lot|lots|device|implant|model\s+no\.?|pacemaker"
            r"|generator|asset(?:\s+tag)?|scanner|machine|pump|monitor|ventilator|unit|canister|transmitter|tx|sensor|lead"
            r"|valve|stent|graft|prosthesis|batch|barcode|defibrillator|icd|crt-?d|ppm|stimulator|bracelet|tracker|hugs"
            r"|(?:device|asset|hugs|equipment|tracking|id)\s+tag",
            words=
                "ser n sn udi ime mei icc lot dev imp mod pac gen ass sca mac pum mon ven uni can tra "
                "tx sen lea val ste gra pro bat bar def icd crt ppm sti bra hug tag",
            value=r"#?(?=\d{6}|[a-z0-9.-]*(?:[a-z]|\d-\d))[a-z0-9]+(?:[-./][a-z0-9]+)*",
            score=0.9,
            plain=True,
        ),
        keyed(
            r"serial|s/n|udi(?:-di)?|imei|meid", words="ser n udi ime mei",
            value=r"#?(?:[a-z]{1,3}[ ])?\d+(?:[- ]\d{2,})*", score=0.9,
        ),
    )  # fmt: skip
