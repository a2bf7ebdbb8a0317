"""Any other unique number, characteristic or code (45 CFR 164.514(b)(2)(i)(R)).

Covers values after "<anything> ID", "no." or "#"; after accession, specimen, encounter, order, job, case and the like;
UUIDs; national identifiers by keyword or by the check digits of python-stdnum; user names and handles; and codes that
stand alone in the shape of record numbers: seven digits and more, or five with capitals and dashes. Not identifiers of
a person, and left alone: PMID, PMC, DOI, trial registrations (NCT, ISRCTN, EudraCT …), NDC, LOINC, ICD, SNOMED, RxNorm
and CPT codes, CAS numbers, dbSNP and sequence accessions, compounds ("GSK-2879552"), genomic positions. It does not
cover codes of four digits and fewer without a keyword, nor a description that fits one person only.
"""

import re
from collections.abc import Iterable

from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.mx import curp

from tasks.phi.recognizers.rules import (
    Hit,
    Rule,
    RuleRecognizer,
    has_digits,
    is_led_by_a_word,
    keyed,
    labelled_numbers,
    long_numbers,
)

# Public registers of papers, trials, codes and sequences: a value that begins so names no person.
_REGISTERS = (
    r"pmid|pmcid|pmc|pubmed|medline|doi|nct|isrctn|eudract|actrn|chictr|ctri|jprn|umin|drks|kct|prospero|crd|ndc|loinc"
    r"|icd|cpt|hcpcs|drg|snomed(?:[\s-]?ct)?|rxnorm|rxcui|umls|cui|cvx|atc|unii|cas|dbsnp|genbank|refseq|embl|ensembl|geo"
    r"|omim|mim|mckusick|hgnc|entrez|uniprot|pdb|isbn|issn|orpha(?:net)?|hpo|mesh|meddra|catalog(?:ue)?|cat|atcc|grant|award|contract"
    r"|clinicaltrials\.gov|iso|iec|astm|nucleotides?|positions?|pos|coordinates?|bp|chr(?:omosome)?[0-9xy]*|hg\d\d|grch\d\d"
    r"|ec|version|ver|build|model|clone|strain|exons?|residues?|codons?|amino\sacids?"
)
PUBLIC = re.compile(
    r"(?:PMID|PMC\d|DOI|10\.\d{4}|NCT\d|ISRCTN|EudraCT|ACTRN|ChiCTR|CTRI|JPRN|UMIN|DRKS|KCT|PROSPERO|CRD|NDC"
    r"|LOINC|ICD|CPT|HCPCS|SNOMED|RxNorm|CVX|ATC|UNII|CAS|rs\d|ss\d|ENS[A-Z]{0,4}[GTPE]\d|[NX][MPRGCTW]_|GSE\d|GSM\d|SRP\d"
    r"|PRJ|EGA|phs\d|OMIM|MIM|HGNC|UniProt|COVID|SARS|ISO|IEC|ASTM|HP:|GO:|MESH|ORPHA|CHEMBL|DB\d{5}|20\d\d-\d{6}-\d\d\b)",
    re.IGNORECASE,
)
_AFTER_REGISTER = re.compile(
    rf"(?:(?<![a-z])(?:{_REGISTERS})s?[\s:#(]*(?:id|no|number|code)?s?[.\s:#=(]*)(?:[\d,;\s-]|and|or)*$"
)
# Prefixes under which makers number their compounds, and sources of cells and clones.
_COMPOUND = frozenset(
    re.findall(
        r"\w+",
        "ABT AC ACT AG AMG ARRY AS AZD BAY BI BIBW BMS BX CAL CAS CC CCT CEP CHIR CHM CI CP CTS CX "
        "DPC E EPZ FK GDC GNE GS GSK GW HMR ICI INCB INK JNJ JQ KW L LDC LY MDL MK MLN NSC NU NVP ONO "
        "OSI PD PF PHA PLX R RG RO RP SAR SB SCH SM SN SNX SP SR ST SU TAK TG TMC U UCB UK VX WAY WIN "
        "WY XL YM Z ZD ZK ATCC CRL CCL HTB RP CTD HLA CD IL NCI SNU",
    )
)
_SEQUENCE = re.compile(r"[A-Z]\d{5}|[A-Z]{2}\d{6}|[A-Z]{2}_\d+(?:\.\d+)?|[A-Z]{3}\d{5}|D\d{1,2}S\d{1,5}")
_MUTATION = re.compile(r"[A-Z]\d{1,5}[A-Z]|D[0-9XY]{1,2}S\d{1,5}|[A-Z]{2,5}\d{1,2}[A-Z]?\d?")
_NUMBERED = re.compile(r"\d{2,7}-\d\d-\d|\d{4,5}-\d{3,4}-\d\d?|(?:19|20)\d{6}")  # CAS, NDC, a date in eight digits
_TOKEN = re.compile(
    r"[A-Z0-9]+(?:[-._][A-Z0-9]+){0,8}(?:/[A-Z](?!\w))?(?<![.-])(?![\w@>*+]|[-:/,'][\w(]|\s?(?:%|bp|kb|mb|units?|IU|copies|cells|CFU|mg|"
    r"ml|mL|patients|people|persons|participants|subjects|births|live|residents|inhabitants|cases|deaths|women)\b)"
)


def is_private(value: str) -> bool:
    """Say whether a value has three digits or more and belongs to no public register."""
    return has_digits(value, at_least=3) and not PUBLIC.match(value)


_YEAR = re.compile(r"(?<![A-Z0-9])(?:19|20)\d\d(?![A-Z0-9])")
# Digits and dashes that are something else: a CAS number, an NDC, a date, a local telephone number, a shift.
_CLOCK = re.compile(r"(?:[01]\d|2[0-4])[0-5]\d-(?:[01]\d|2[0-4])[0-5]\d|\d{3}-\d{4}")


def has_mark(handle: str) -> bool:
    """Say whether a digit or an underscore makes a handle of what may be a word."""
    return has_digits(handle, at_least=1) or "_" in handle


def is_code(value: str) -> bool:  # noqa: PLR0911  # one return a shape
    """Say whether capitals, digits and dashes have the shape of a record number and of nothing that is published."""
    digits = sum(c.isdigit() for c in _YEAR.sub("", value))
    if digits < 5 or len(value) < 6 or PUBLIC.match(value):
        return False
    parts = re.split(r"[-._]", value)
    if value.isdigit():
        return not _NUMBERED.fullmatch(value) and (len(value) >= 7 or value[0] == "0")
    if len(parts) == 1:
        return _is_solid_code(value, digits)
    if not any(c.isalpha() for c in value):
        return _is_dashed_number(value, parts, digits)
    if all(_MUTATION.fullmatch(part) or (part.isdigit() and len(part) < 4) for part in parts):
        return False
    if (parts[0] in _COMPOUND and len(parts) == 2) or any(
        _SEQUENCE.fullmatch(part) for part in parts[:1] if "-" not in value
    ):
        return False
    return any(re.search(r"\d{3}", part) for part in parts) and not re.fullmatch(r"\d+\.\d+[A-Z]*", value)


def _is_solid_code(value: str, digits: int) -> bool:
    """Without dashes: six digits behind or before capitals, or capitals and digits mixed beyond any gene's name."""
    if _SEQUENCE.fullmatch(value) or _MUTATION.fullmatch(value):
        return False
    prefix = value.rstrip("0123456789")
    if prefix in _COMPOUND and prefix not in {"E", "L", "R", "U", "Z"}:
        return False
    return digits >= 6 and (
        len(value) >= 9 or bool(re.fullmatch(r"[A-Z]{1,4}\d{6,}|\d{7,}[A-Z]|\d{6,}[A-Z]{2,3}", value))
    )


def _is_dashed_number(value: str, parts: list[str], digits: int) -> bool:
    """Digits and dashes: three groups, or two that are no range, because a range ascends and has no leading zero."""
    if "." in value or "_" in value or _NUMBERED.fullmatch(value) or _CLOCK.fullmatch(value) or digits < 7:
        return False
    if len(parts) == 2:
        first, second = parts
        ascends = int(first) <= int(second)
        return (second[0] == "0" and len(second) > 2) or (digits >= 8 and not ascends and len(second) >= 4)
    return digits >= 8 and max(map(len, parts)) >= 3


_THINGS = (
    r"patient|pt|case|study|site|subject|participant|accession|acc|acsn|specimen|spec|sample|encounter|enc|visit|order|ord"
    r"|report|reference|ref|employee|emp|staff|badge|student|ticket|barcode|confirmation|tracking|requisition|req"
    r"|referral|appointment|appt|admission|episode|donor|recipient|transplant|unos|registry|prescription|script|rx|job"
    r"|dictation|doc(?:ument)?|run|incident|complaint|seal|box|tube|kit|bands?|log|biopsy|bx|pcr|interpreter|thread|query"
    r"|docket|warrant|inmate|booking|service|slide|block|cassette|swab|culture|path(?:ology)?|cytology|autopsy|court"
    r"|bag|unit|identified\s+as|transaction|call|trip|flight|invoice|label|client|customer|guest|locker|key"
    r"|voucher|coupon|session|event|workup|consult|letter|form|packet"
)
_VALUE = (
    r"(?:[a-z]{1,4}(?:-[a-z]{1,4})?\s(?=[a-z]{0,2}\d))?[a-z0-9]+(?:[-./_][a-z0-9]+|(?<=\d)\s\d{2,}(?![./:]\d)"
    r"|(?<=\d)\s[a-z]{1,3}\d+(?=\s\d\d))*(?![\w%])"
)
_OPEN = re.compile(
    r"(?:(?<![a-z])(?P<thing>[a-z][a-z/'-]{0,30})\.?\s{0,3})?"
    r"(?:(?<![a-z])(?:id|ids|identifier|identification|uid|guid|nos?\.|nos?(?=\s?[:#])|number|num\.?|nbr\.?|code)(?![a-z])|\#)"
    r"(?:\s{0,3}(?:number|no\.|\#|on\sfile)){0,2}[\s\"')\]]{0,9}(?:[:=|>,]|is\b|was\b|-\s)?[\s\"'(]{0,9}\#?\s?"
    rf"(?P<phi>{_VALUE})"
)
_LINKS = frozenset(re.findall(r"\w+", "id ids ide uid gui no nos num nbr cod"))
# What is numbered and is nobody: pages, rooms, codes, grants.
_NOBODY = re.compile(
    rf"(?:{_REGISTERS}|page|pp?|room|rm|bed|floor|ward|grade|day|week|month|year|stage|phase|figure|fig|table|section|chapter"
    r"|step|dose|dosage|tooth|teeth|zip|postal|area|country|city|state|procedure|diagnosis|billing|revenue|modifier|part|item"
    r"|question|level|score|volume|vol|issue|line|access|total|average|mean|median|cell|platelet|copy|the|a|in|gauge|size|suite"
    r"|apt|unit|apartment|batch|protocol|trial|registration|trials|irb|in|chapter|serial|schedule|rank|house|channel)s?"
)
_CODED = frozenset(
    re.findall(r"\w+", "access gate door pin patient confirmation tracking verification lockbox entry alarm security")
)
_NATIONAL = (
    r"cpf|cnpj|aadhaa?r|uidai|nhs|sin|tfn|pesel|nino?|national\s+insurance|dni|nie|bsn|personnummer|ppsn?|codice\s+fiscale|nir"
    r"|insee|curp|rfc|cedula|rut|nric|fin|hkid|mykad|ihi|cnp|egn|oib|emirates|national|alien|a-number|tribal|dod|edipi|edi-?pi"
)


# Shapes of national identifiers with check digits. Brazil's has one that nothing else has, so it counts unchecked.
_CHECKED = re.compile(
    r"(?<![\w.-])(?:\d{3}\.\d{3}\.\d{3}-\d\d|\d{4}[ -]?\d{4}[ -]?\d{4}|\d{3}([ -])\d{3}\1\d{3,4}|\d{10,11}"
    r"|[12] ?\d\d ?[01]\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d|[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]"
    r"|[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d|(?:\d{8}|[XYZ]\d{7})[- ]?[A-Z])(?![\w-]|[ ]\d)"
)


# By length, because each check takes microseconds.
_BY_LENGTH = {
    9: (sin, dni, nie), 10: (nhs,), 11: (cpf,), 12: (aadhaar,), 15: (nir,), 16: (codicefiscale,), 18: (curp,)
}  # fmt: skip


def passes_national(phi: str) -> bool:
    """Say whether the check digits are right for the country or countries whose numbers have this shape."""
    plain = re.sub("[ -]", "", phi)
    return "." in phi or any(number.is_valid(plain) for number in _BY_LENGTH.get(len(plain), ()))


class OtherIdRecognizer(RuleRecognizer):
    """UUIDs and identifiers that no other category claims."""

    category = "OTHER_ID"
    rules = (
        Rule(
            re.compile(r"(?<!\w)[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?!\w)"), 0.95, ("-",),
            within=long_numbers,
        ),
        keyed(
            _THINGS,
            words=re.sub("[^a-z]+", " ", _THINGS),
            value=rf"(?!\d{{1,4}}(?!\w|-\w)){_VALUE}",
            digits=4,
            score=0.8,
            plain=True,
        )._replace(accept=lambda phi: is_private(phi) and _is_keyed_code(phi)),
        # codes that have the shape of a sequence's, behind a word that no sequence has
        keyed(
            r"requisition|req|order|ord|ticket|encounter|enc|job|dictation|run|kit|incident|complaint",
            words="req ord tic enc job dic run kit inc com",
            value=r"[a-z]{1,3}\d{5,8}",
            digits=5,
            score=0.8,
        ),
        keyed(r"badge", words="bad", value=r"[a-z]{0,3}-?\d{3,8}", digits=3, score=0.8, plain=True),
        # a specimen of the year: SC24:00871, 24:CH0004471
        Rule(
            re.compile(
                r"[A-Z](?<![\w*-][A-Z])[A-Z]{0,3}\d\d:\d{4,6}(?![\w:-])"
                r"|[12](?<![\w:.-][12])\d:[A-Z]{1,3}\d{4,8}(?![\w:-])"
            ), 0.7, (":",), within=long_numbers),
        keyed(
            _NATIONAL,
            words=
                "cpf cnp aad uid nhs sin tfn pes nin nat dni nie bsn per pps cod nir ins cur rfc ced "
                "rut nri fin hki myk ihi egn oib emi ali a tri dod edi",
            value=r"[a-z0-9]+(?:[-./ ][a-z]?\d[a-z0-9]*)*",
            digits=6,
            score=0.9,
            plain=True,
        ),
        # a parcel's tracking number
        Rule(
            re.compile(r"1Z(?<!\w1Z) ?[0-9A-Z]{3} ?[0-9A-Z]{3} ?\d\d(?: ?\d{4}){2}(?!\w)"),
            0.8,
            ("1z",),
            within=long_numbers,
        ),
        Rule(_CHECKED, 0.8, accept=passes_national, within=long_numbers),
        # the shape of the United Kingdom's national insurance number, which has no check digit
        Rule(re.compile(r"(?<!\w)[A-CEGHJ-PR-TW-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D](?!\w)"), 0.8, (), within=long_numbers),
        Rule(re.compile(r"(?<![\w#])\#\s?(?P<phi>[A-Z]{1,5}-?\d{4,}(?:-\d+)*|\d{6,})(?!\w)"), 0.6, ("#",),
             within=labelled_numbers),
        Rule(
            re.compile(
                r"[ulshp](?<![a-z][ulshp])(?:(?<=u)ser\s?(?:name|id)|(?<=l)ogin(?:\s(?:id|name))?|(?<=s)creen\s?name|(?<=h)andle"
                r"|(?<=p)ortal\sid)(?:\s?[:=]\s?|\sis\s|\s(?=[a-z.]{2,20}[0-9_]))[\"']?(?P<phi>@?[a-z][\w.-]{3,40})(?!\s?@|\w)"
            ),
            0.8,
            ("username", "user name", "user id", "login", "screen name", "handle:", "portal id"),
            lambda phi: not phi.isalpha() or len(phi) > 5,
            lower=True,
        ),
        # a name in a social network
        Rule(re.compile(r"@(?<![\w.]@)(?P<phi>[A-Za-z][\w.]{2,30})(?<!\.)(?!@)"), 0.6, ("@",), has_mark),
    )  # fmt: skip

    def find(self, text: str) -> Iterable[Hit]:
        """Yield keyed and checked identifiers, then codes by their shape."""
        numbers = labelled_numbers(text)
        if numbers.text:
            for match in (
                _OPEN.finditer(numbers.lower) if "#" in numbers.text or not _LINKS.isdisjoint(numbers.words) else ()
            ):
                start, end = match.span("phi")
                value = numbers.text[start:end]
                if _names_somebody(match["thing"], match[0], value):
                    yield Hit(numbers.origin(start), numbers.origin(end - 1) + 1, 0.7)
        codes = long_numbers(text)
        if codes.text:
            for match in _TOKEN.finditer(codes.text):
                start, end = match.span()
                glued = codes.text[max(0, start - 1) : start] in _GLUED
                if not glued and is_code(match[0]) and not _is_of_a_register(codes.lower, start):
                    yield Hit(codes.origin(start), codes.origin(end - 1) + 1, 0.5)
        yield from super().find(text)


_GLUED = frozenset("abcdefghijklmnopqrstuvwxyz.@-_/:$€£±+*>,'")


def _is_of_a_register(lower: str, start: int) -> bool:
    return _AFTER_REGISTER.search(lower, max(0, start - 60), start) is not None


def _names_somebody(thing: str | None, whole: str, value: str) -> bool:
    if not is_private(value) or is_led_by_a_word(value) or re.fullmatch(r"(?:19|20)\d\d|\d{1,3}(?:\.\d+)?", value):
        return False
    if thing is None:
        return True
    if "code" in whole and thing not in _CODED:
        return False
    if _SEQUENCE.fullmatch(value) and thing in {"accession", "sequence", "gene", "locus"}:
        return False
    return not _NOBODY.fullmatch(thing)


def _is_keyed_code(phi: str) -> bool:
    """Five digits, or four with a capital or dash: "order 12345", "case ME24-0311"; not "visit 1000" or "box 12-14"."""
    digits = sum(c.isdigit() for c in phi)
    if is_led_by_a_word(phi) or re.search("[A-Z][a-z]{2}", phi) or re.fullmatch(r"[A-Z]\d{1,4}[A-Z]?", phi):
        return False
    return not _SEQUENCE.fullmatch(phi) and digits >= 4 and (digits >= 5 or bool(re.search(r"[A-Z]", phi)))
