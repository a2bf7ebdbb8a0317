"""Device identifiers and serial numbers (45 CFR 164.514(b)(2)(i)(M)).

Covers UDIs in GS1 form (a GTIN-14 after the application identifier 01), HIBCC strings, 15-digit IMEIs that pass Luhn,
and values after serial, S/N, UDI, lot, model number, device, implant and the like. It does not cover device numbers
without a keyword in other forms.
"""

import re

from tasks.phi.recognizers.account import passes_luhn
from tasks.phi.recognizers.rules import Rule, RuleRecognizer, keyed


class DeviceRecognizer(RuleRecognizer):
    """Serial numbers, UDIs and IMEIs."""

    category = "DEVICE"
    rules = (
        Rule(re.compile(r"(?<!\w)\(01\)\s?\d{14}(?:\s?\(\d{2,4}\)\s?[A-Za-z0-9./-]{1,30})*"), 0.95, ("(01)",)),
        Rule(re.compile(r"(?<!\w)01\d{14}(?:1[017]\d{6}|21[A-Za-z0-9]{4,20})[A-Za-z0-9]{0,40}(?!\w)"), 0.8, ("01",)),
        Rule(re.compile(r"(?<!\w)\+[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}\d/\$?\$?[A-Z0-9/.$+-]{4,40}"), 0.8, ("+",)),
        Rule(re.compile(r"(?<![\w.-])\d{2}[- ]?\d{6}[- ]?\d{6}[- ]?\d(?![\w-]|\.\d)"), 0.7, (), passes_luhn),
        keyed(
            r"(?:(?:device|pacemaker|implant(?:able)?|icd|pump|generator|lead|valve|stent|prosthesis"
            r"|monitor|cgm|cpap|meter)\s+)*"
            r"(?:serial|s/n|sn|udi(?:-di)?|imei|lot|device|implant|model\s+no\.?|pacemaker|generator|asset(?:\s+tag)?)"
            r"(?:\s+(?:serial|identifier|tag))?",
            gate=(
                "serial",
                "s/n",
                "sn",
                "udi",
                "imei",
                "lot",
                "device",
                "implant",
                "model no",
                "pacemaker",
                "generator",
                "asset",
            ),
            score=0.9,
        ),
    )
