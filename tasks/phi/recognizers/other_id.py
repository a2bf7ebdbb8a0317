"""Any other unique number, characteristic or code (45 CFR 164.514(b)(2)(i)(R)).

Covers UUIDs, and values after patient, case, accession, specimen, encounter, visit, employee, badge, reference and the
like with "ID", "no." or "#". Not identifiers of a person, and left alone: PMID, PMC, DOI, trial registrations (NCT,
ISRCTN, EudraCT …), NDC, LOINC, ICD, SNOMED and CPT codes, dbSNP and sequence accessions. It does not cover codes
without keyword.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, has_digits

# Public registers of papers, trials, codes and sequences: a value that begins so names no person.
PUBLIC = re.compile(
    r"(?:PMID|PMC|DOI|10\.\d{4}|NCT|ISRCTN|EudraCT|ACTRN|ChiCTR|CTRI|JPRN|UMIN|DRKS|KCT|PROSPERO|CRD|NDC"
    r"|LOINC|ICD|CPT|HCPCS"
    r"|SNOMED|RxNorm|CVX|ATC|UNII|CAS|rs\d|ENS[GTP]|N[MPRGC]_|X[MP]_|GSE|GSM|SRP|PRJ|EGA|phs|OMIM|MIM|HGNC"
    r"|UniProt|COVID)",
    re.IGNORECASE,
)
_THING = (
    r"(?:patient|pt|case|study|site|subject|participant|accession|acc|specimen|sample|encounter|visit|order"
    r"|report|reference"
    r"|ref|employee|staff|badge|student|ticket|barcode|confirmation|tracking|file|requisition|referral"
    r"|appointment|admission"
    r"|episode|family|donor|recipient|transplant|unos|registry|prescription|rx|user(?:name)?|login|identified\s+as)"
)
_LINK = r"(?:id(?:entifier|entification)?|no|num(?:ber)?|code|\#|№)"
_VALUE = r"(?P<phi>[A-Za-z0-9]+(?:[-./_][A-Za-z0-9]+)*)(?!\w)"


def is_private(value: str) -> bool:
    """Say whether a value has three digits or more and belongs to no public register."""
    return has_digits(value, at_least=3) and not PUBLIC.match(value)


class OtherIdRecognizer(RuleRecognizer):
    """UUIDs and keyword identifiers that no other category claims."""

    category = "OTHER_ID"
    rules = (
        Rule(re.compile(r"(?<!\w)[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?!\w)"), 0.95, ("-",)),
        Rule(
            re.compile(
                rf"(?<![A-Za-z]){_THING}s?\s*(?:{_LINK}\b|\#)\.?\s*(?:{_LINK}\b|\#)?\s*(?:[:=]"
                rf"|\bis\b)?\s*\#?\s*{_VALUE}",
                re.I,
            ),
            0.8,
            ("id", "no", "num", "code", "#", "№"),
            is_private,
        ),
        Rule(
            re.compile(
                rf"(?<![A-Za-z])(?:unique\s+)?(?:ID|identifier)\s*(?:no\.?|number|\#)?\s*(?:[:=]"
                rf"|\bis\b)\s*\#?\s*{_VALUE}",
                re.I,
            ),
            0.7,
            ("id",),
            is_private,
        ),
        Rule(
            re.compile(rf"(?<![A-Za-z])(?:accession|specimen|barcode|requisition)\s*[:=]?\s*{_VALUE}", re.I),
            0.8,
            ("acc", "spec", "barc", "requi"),
            lambda v: is_private(v) and has_digits(v, at_least=5),
        ),
        Rule(re.compile(r"(?<![\w#])\#\s?(?P<phi>[A-Z]{1,5}-?\d{4,}(?:-\d+)*|\d{6,})(?!\w)"), 0.6, ("#",)),
        # letters, dash, five or more digits: the shape of most record numbers that stand without a keyword
        Rule(re.compile(r"(?<![\w-])(?P<phi>[A-Z]{2,5}-\d{5,}(?:-\d+)*)(?![\w-])"), 0.5, ("-",), is_private),
    )
