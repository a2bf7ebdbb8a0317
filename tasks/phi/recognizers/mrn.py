"""Medical record numbers (45 CFR 164.514(b)(2)(i)(H)).

Covers a value of four digits or more after MRN, MR#, EMR, EHR, HAR, FIN, CSN, CHI, medical record, chart, unit,
hospital or clinic number, with the letters and separators around the digits, also in the next cell of a table. It does
not cover a record number without any such word, unless another recognizer knows its shape. "MRN-0007 labels a bin" is
found, too: a keyword with digits is not second-guessed.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, keyed, labelled_numbers

# A record number may stand in groups: SC 14 09 77.
_GROUPED = r"#?(?:[a-z]{1,4}[ ](?=\d))?[a-z0-9]+(?:[-./_][a-z0-9]+|(?<=\d)[ ]\d{2,}(?![./:]\d))*"


class MrnRecognizer(RuleRecognizer):
    """Medical record numbers by keyword."""

    category = "MRN"
    rules = (
        # glued to its number and to what precedes it, as chunked exports leave it
        Rule(re.compile(r"(?:MRN|EMR|MR)[-:#_]?\d{5,}(?!\w)"), 0.9, ("mr",), within=labelled_numbers),
        keyed(
            r"m\.?r\.?n\.?|mrno|mr\s?(?=\#|no|number|id)|rec(?:ord)?s?\.?|emr|ehr|emrn|epi|har|fin|csn|mpi|empi|cmrn|pmrn|uhid"
            r"|urn|nhi|chi|ur\s?(?=no|\#|number)|ipn|epic\s+id"
            r"|(?:chart|hospital|hosp|unit|clinic|cpi|file)(?=\s*(?:\#|no\b|nos\b|num|nbr\b|id\b))",
            words=
                "mr mrn n rn rec emr ehr epi har fin csn mpi emp cmr pmr uhi urn nhi chi ur ipn cha "
                "hos uni cli cpi fil",
            value=_GROUPED,
        ),
        # "merged with duplicate 40-30081"
        keyed(
            r"dup(?:licate)?s?|merged\s+(?:with|w/|into)|previous(?:ly)?\s+(?:mrn|chart)",
            words="dup mer pre",
            value=r"[a-z]{0,4}\d[a-z0-9]*(?:[-./_][a-z0-9]+)*",
            digits=6,
            score=0.7,
            plain=True,
        ),
        keyed(r"chart", words="cha", value=r"[a-z]{1,4}-\d{4,}", score=0.7),
        keyed(r"chart|mr", words="cha mr", value=_GROUPED, digits=5, score=0.8, plain=True),
    )  # fmt: skip
