"""Medical record numbers (45 CFR 164.514(b)(2)(i)(H)).

Covers a value of four digits or more after MRN, EMR, EHR, HAR, FIN, CSN, medical record, chart or hospital number,
with the letters and separators around the digits. It does not cover a record number without any such word, unless
another recognizer knows its shape. "MRN-0007 labels a bin" is found, too: a keyword with digits is not second-guessed.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, keyed


class MrnRecognizer(RuleRecognizer):
    """Medical record numbers by keyword."""

    category = "MRN"
    rules = (
        # glued to what precedes it, as chunked exports leave it
        Rule(re.compile(r"MRN[-:#]?\d{5,}(?!\w)"), 0.9, ("mrn",)),
        keyed(
            r"m\.?r\.?n\.?|mr\s?(?=\#|no)|med(?:ical)?\.?\s*rec(?:ord)?s?\.?|emr|ehr|epi|har|fin|csn|mpi"
            r"|empi|uhid|urn|nhi"
            r"|(?:(?:patient\s+)?chart|hospital|(?:unit\s+)?record|rec\.?)(?=\s*(?:\#|no\b|num|id\b))",
            gate=("mr", "rec", "ehr", "epi", "har", "fin", "csn", "mpi", "uhid", "urn", "nhi", "hospital", "m.r"),
        ),
    )
