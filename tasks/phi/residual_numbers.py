"""Numbers that the second detector takes for identifiers: long ones, dated ones, and shorter ones behind a clue.

Statistics, ranges, names of compounds, and the numbers of public registers (papers, trials, sequences, codes) are none.
It does not see a number of fewer than four digits.
"""

import re
from collections.abc import Iterator

# four groups of four, which are no four years, or digits with separators
_CLUSTER = re.compile(r"[0-9](?!(?:9|0)\d\d (?:19|20))[0-9]{3}(?: [0-9]{4}){3}(?!\d)|[0-9][0-9./:-]{2,}[0-9]")
_LEFT, _RIGHT = re.compile(r"[^\s\"'<>(){}\[\],;|]*$"), re.compile(r"[^\s\"'<>(){}\[\],;|]*")
_REACH = 64  # characters before a number in which its clue may stand
_GLUED = re.compile(r"^[^\d]*[:=#](?=[A-Za-z]{0,4}-?\d)")  # a label without a space behind it
_LONGEST = 200  # characters of a number that are looked at
# Registers whose numbers name papers, trials, sequences and codes, not people.
_PUBLIC = re.compile(
    r"(?:pmids?|pmc|pmcid|nct|isrctn|eudract|actrn|chictr(?:-[a-z]+-)?|ctri/?|drks|umin|jprn-?(?:umin)?|crd|prospero"
    r"|doi|10\.(?=\d)|arxiv|isbn|issn|ndc|loinc|icd(?:-?\d)?|icd-o|snomed(?:-?ct)?|cas|ec|omim|mim|rs"
    r"|ens[a-z]{1,7}|[nx][mpr]_|gse|gsm|phs|prj[a-z]{2}|ega[a-z]|hgnc|uniprot(?:kb)?|gi|genbank|accessions?|chembl"
    r"|pubchem|cid)(?=[\d:]|$)"
)
# Words that may stand between a register and its number.
_BETWEEN = re.compile(r"(?:no|nos|numbers?|ids?|identifiers?|codes?|version|cid|and|or|\W*)[.:]?|\d{5,}")
_WORDS = re.compile(r"[^\s\"'<>(){}\[\],;|]+")
_CLUES = tuple(
    (
        category,
        re.compile(
            rf"\b(?:{words})s?(?:[ \t]*(?:number|num|no|id|code|is|was|of|shows|are|[:#|.=*-]))*[ \t\n]*[a-z#*-]*$"
        ),
    )
    for category, words in (
        (
            "MRN",
            r"mrn?|medical record|med(?:\.|ical)? rec(?:ord)?|chart|emr|ehr|(?:hospital|patient) (?:id|no|number|#)",
        ),
        ("SSN", r"ssn?|social security|last (?:4|four)"),
        (
            "HEALTH_PLAN",
            r"member|subscriber|policy|medicaid|medicare|mbi|insurance|beneficiary|claim|plan (?:id|no|number|#)",
        ),
        ("ACCOUNT", r"account|acct|iban|routing|aba|card|invoice"),
        ("LICENSE", r"licen[cs]e|lic\.?|npi|dea|passport|certificate"),
        ("DEVICE", r"serial|s/n|udi|imei|(?:device|pacemaker|implant) (?:id|no|number|#)"),
        ("BIOMETRIC", r"fingerprint(?: template)?|voiceprint|iris scan|retinal scan|biometric(?: template)?"),
        (
            "OTHER_ID",
            r"accession|encounter|specimen|badge|(?:case|order|study|subject|participant|employee) (?:id|no|number|#)",
        ),
    )
)
_STATISTIC = re.compile(r"[pn=]*\d*\.\d+%?(?:[-/:]\d*\.\d+%?)*|\d+(?:\.\d+)?e[-+]?\d+", re.IGNORECASE)
_YEARS = re.compile(r"(?:1[89]|20)\d\d(?:[-/](?:1[89]|20)?\d\d)?")
_SSN = re.compile(r"\d{3}-\d{2}-\d{4}")  # no register's shape


def numbers(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the likely category, start and end of each number in a text that may be an identifier."""
    done = 0
    for match in _CLUSTER.finditer(text):
        if match.start() < done:
            continue
        window = text[max(0, match.start() - _REACH) : match.start()]
        left, right = _LEFT.search(window), _RIGHT.match(text, match.end())
        assert left is not None
        assert right is not None
        done = right.end()
        token = (left[0] + text[match.start() : min(right.end(), match.start() + _LONGEST)]).strip(".,:!?")
        value = _GLUED.sub("", token)
        category = _category(value, token, window[: left.start()], window)
        if category:
            start = text.index(value, match.start() - len(left[0]))
            yield category, start, start + len(value)


def _category(value: str, token: str, before: str, window: str) -> str:
    """Return what a value may be: in its token, behind the text before that; empty: nothing."""
    parts = value.split(".")
    if len(parts) == 4 and all(p.isascii() and p.isdigit() and len(p) <= 3 and int(p) < 256 for p in parts):
        return "IP"
    if _is_date(value):
        return "DATE"
    words = [word.strip(".,:!?") for word in _WORDS.findall(before)[-2:]]
    if not _SSN.fullmatch(value) and _is_public(words, token):
        return ""
    if sum(c.isdigit() for c in value) >= 4 and not _YEARS.fullmatch(value) and "%" not in value and "." not in value:
        tail = window.lower()
        for category, clue in _CLUES:
            if clue.search(tail):
                return category
    return "OTHER_ID" if _is_long(value) else ""


def _is_public(words: list[str], token: str) -> bool:
    """Say whether a register's whole name is in the token or stands before it, at most one filling word between."""
    near = words if words and _BETWEEN.fullmatch(words[-1].lower()) else words[-1:]
    return any(_PUBLIC.match(word.lower()) for word in (*near, token))


def _is_long(token: str) -> bool:
    """Say whether it is seven digits or more, alone or in groups, and no decimal, power or range."""
    digits = sum(c.isdigit() for c in token)
    if digits < 7 or not token.isascii():
        return False
    bare = token.lstrip("#+~<>=-").replace("*", "0")
    if _STATISTIC.fullmatch(bare):
        return False
    groups = re.split(r"[-./:]", bare)
    if (
        len(groups) == 2
        and all(g.isdigit() and len(g) <= 5 for g in groups)
        and 0 < int(groups[1]) - int(groups[0]) < 200
    ):
        return False  # pages, positions or years from one to the other
    if any(len(g) > 1 and g.isalpha() and g.islower() for g in groups):  # words joined by dashes: a compound's name
        return False
    longest = max(sum(c.isdigit() for c in group) for group in groups)
    return longest >= 7 or (len(groups) <= 5 and digits >= 8 and longest >= 3 and all(g.isdigit() for g in groups if g))


def _is_date(token: str) -> bool:
    """Say whether it is three groups of digits of which one is a year, or d/d/d of two digits each."""
    for separator in "/-.":
        groups = token.split(separator)
        if len(groups) == 3 and all(g.isascii() and g.isdigit() for g in groups):
            sizes = [len(g) for g in groups]
            if sizes in ([2, 2, 2], [1, 2, 2], [1, 1, 2], [2, 1, 2]) and separator == "/":
                return int(groups[2]) < 100 and max(map(int, groups[:2])) <= 31
            return 4 in (sizes[0], sizes[2]) and max(sizes[1], min(sizes[0], sizes[2])) <= 2
    return False
