"""A second detector for redacted text that shares no pattern and no list with the first.

It looks at shapes alone: runs of digits, groups of digits with separators, an @ between words, addresses, a month
beside a day, a title before a capital, long runs of base64. It is wide where the first is exact, and made so that
doses, lab values, ratios, blood pressures, trial numbers and gene names pass. It does not see names without a title,
or places. A row in which it still sees something is withheld.
"""

import calendar
import re
from collections.abc import Iterable

_TOKEN = re.compile(r"[^\s\"'<>(){}\[\],;|]+")
_TITLES = frozenset({"Mr", "Mrs", "Ms", "Dr", "Mr.", "Mrs.", "Ms.", "Dr.", "MR.", "MRS.", "DR."})
_MONTHS = frozenset(month.lower() for month in calendar.month_name if month)
# Registers whose numbers name papers, trials, sequences and codes, not people.
_PUBLIC = re.compile(
    r"(?:pmids?|pmc|pmcid|nct|isrctn|eudract|actrn|chictr(?:-[a-z]+-)?|ctri/?|drks|umin|jprn-?(?:umin)?|crd|prospero"
    r"|doi|10\.(?=\d)|arxiv|isbn|issn|ndc|loinc|icd(?:-?\d)?|icd-o|snomed(?:-?ct)?|cas|ec|omim|mim|rs"
    r"|ens[a-z]{1,7}|[nx][mpr]_|gse|gsm|phs|prj[a-z]{2}|ega[a-z]|hgnc|uniprot(?:kb)?|gi|genbank|accessions?|chembl"
    r"|pubchem|cid)(?=[\d:]|$)"
)
_SSN = re.compile(r"\d{3}-\d{2}-\d{4}")  # no register's shape
# Words that may stand between a register and its number.
_BETWEEN = re.compile(r"(?:no|nos|numbers?|ids?|identifiers?|codes?|version|cid|and|or|\W*)[.:]?|\d{5,}")


def count_residual(texts: Iterable[str]) -> int:
    """Return how many shapes of identifiers are left in redacted texts; 0 to pass."""
    return sum(_count(text) for text in texts)


def _count(text: str) -> int:
    seen = 0
    before = before_that = ""
    for token in (match.group().strip(".,:!?") for match in _TOKEN.finditer(text)):
        public = _is_public(before_that, before, token) and _SSN.fullmatch(token) is None
        seen += _is_address(token) or (_is_long_number(token) and not public) or _is_date(token)
        seen += _is_titled(before, token) or _is_written_date(before_that, before, token) or len(token) > 200
        before_that, before = before, token
    return seen


def _is_public(before_that: str, before: str, token: str) -> bool:
    """Say whether a register's whole name is in the token or stands before it, at most one filling word between."""
    words = (before_that, before, token) if _BETWEEN.fullmatch(before.lower()) else (before, token)
    return any(_PUBLIC.match(word.lower()) for word in words)


def _is_address(token: str) -> bool:
    """Say whether it is an @ with a dotted host, a scheme, or four dotted numbers."""
    left, at, right = token.partition("@")
    if at and left and "." in right.strip("."):
        return True
    if "://" in token or token.lower().startswith("www."):
        return "doi.org/10." not in token
    parts = token.split(".")
    return len(parts) == 4 and all(p.isascii() and p.isdigit() and len(p) <= 3 and int(p) < 256 for p in parts)


def _is_long_number(token: str) -> bool:
    """Say whether it is seven digits or more, alone or in groups, and no decimal, power or range."""
    digits = sum(c.isdigit() for c in token)
    if digits < 7 or not token.isascii():
        return False
    bare = token.lstrip("#+~<>=-").replace("*", "0")
    if re.fullmatch(
        r"[pPnN=]*\d*\.\d+%?(?:[-/:]\d*\.\d+%?)*|\d+(?:\.\d+)?e[-+]?\d+",
        bare,
        re.IGNORECASE,
    ):
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


def _is_titled(before: str, token: str) -> bool:
    return before in _TITLES and len(token) > 1 and token[0].isupper() and token[1:2].islower()


def _is_written_date(before_that: str, before: str, token: str) -> bool:
    """Say whether a month with a day beside it stands before a year."""
    if re.fullmatch(r"(?:19|20)\d\d", token) is None:
        return False
    pair = {before_that.lower(), re.sub(r"(?:st|nd|rd|th)$", "", before.lower())}
    day = re.sub(r"(?:st|nd|rd|th)$", "", before_that.lower())
    return bool(pair & _MONTHS) and any(p.isdigit() and int(p) <= 31 for p in (*pair, day))
