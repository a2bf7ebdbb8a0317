"""A second detector for redacted text that shares no pattern, no list and no code with the first.

It looks at shapes and clues alone, wide where the first is exact: numbers of seven digits or more, shorter ones behind
a word such as account, dates, telephone numbers, addresses of mail, web and machines, a capital behind a title or
before a degree, streets, ZIP codes behind a state, ages over 89, masked numbers, pictures. Doses, lab values, ratios,
blood pressures, trial numbers and gene names pass, and so do placeholders and what the policy wrote. It does not see
names without a title, a degree, a label or a relative, or towns without a ZIP code. A row in which it still sees
something is withheld.
"""

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from tasks.phi.residual_numbers import numbers
from tasks.placeholders import PLACEHOLDER

_MONTH = r"(?:jan|febr?|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:uary|ch|il|ust|ember|tember|ober)?"
_MONTH_FIRST = (  # as _MONTH, written by first letters, so that the search jumps
    r"(?:j(?<!\wj)(?:an(?:uary)?|une?|uly?)|f(?<!\wf)ebr?(?:uary)?|m(?<!\wm)(?:ar(?:ch)?|ay)|a(?<!\wa)(?:pr(?:il)?"
    r"|ug(?:ust)?)|s(?<!\ws)ept?(?:ember)?|o(?<!\wo)ct(?:ober)?|n(?<!\wn)ov(?:ember)?|d(?<!\wd)ec(?:ember)?)"
)
_DEGREES = r"(?:M\.?D|D\.?O|R\.?N|N\.?P|PA-C|Ph\.?D|D\.?D\.?S|LCSW|CRNA|MSW|PharmD|FNP|APRN|MBBS)\b"
_CAPITAL = r"[A-Z](?<![\w-][A-Z])[a-z'’]{1,20}(?:-?[A-Z][a-z]{1,20}){0,3}"
_LABELS = (
    r"(?:patient(?: name)?|name|attending|surgeon|signed by|dictated by|next of kin|emergency contact|provider|pcp|cc)"
    r"[ \t]*$"
)
_TOLD_BY = (
    r"(?:wife|husband|son|daughter|mother|father|sister|brother|partner|nephew|niece|cousin|nurse|referring"
    r"|(?:signed|dictated|transcribed|accompanied) by),? $"
)
_CALLS = r"(?:phone|tel|cell|mobile|call|pager?|fax)(?:ed to|ed)?[ .:#|=]{0,4}(?:no\.? |number |is |at |to )?\(?$"
_STREET = r"(?:street|avenue|boulevard|blvd|road|lane|drive|court|parkway|ave|st|rd|ln|dr|hwy|highway)\b"


class _Clue(NamedTuple):
    """A pattern for one kind; the group `v`, if it has one, is the value.

    `lower`: it reads the text in lower case. `behind` must match what ends before it, in lower case. The search jumps
    from one possible first character to the next, so patterns begin with a set of few, not with a word's border.
    """

    kind: str
    pattern: re.Pattern[str]
    lower: bool
    behind: re.Pattern[str] | None


_REACH = 32  # characters in which a clue stands before its value
_AROUND = 64  # characters on both sides by which a policy may know its replacement again


def _as_is(kind: str, pattern: str, behind: str = "", *, lower: bool = False) -> _Clue:
    return _Clue(kind, re.compile(pattern), lower, re.compile(behind) if behind else None)


_lower = functools.partial(_as_is, lower=True)


_CLUES = (
    # names: behind a title, before a degree, behind a label, behind a relative
    _as_is(
        "NAME",
        r"[MDP](?<!\w[MDP])(?:[Rr][Ss]?|s|iss|rof|S(?=\.))\.?[ ]+(?P<v>[A-Z][a-z'’]+(?:[ -][A-Z][a-z]+)*|[A-Z]{3,}\b)",
    ),
    _as_is("NAME", rf"(?P<v>{_CAPITAL}(?: [A-Z]\.?)? {_CAPITAL}),? {_DEGREES}"),
    _as_is("NAME", rf"(?P<v>[A-Z](?<!\w[A-Z])[A-Z]{{2,20}}(?: [A-Z]\.)? [A-Z]{{3,20}}), {_DEGREES}"),
    _as_is("NAME", rf"[:|\t][ \t]*(?P<v>(?:{_CAPITAL}(?: [A-Z]\.)?,? [A-Z]|[A-Z]{{3,}}, [A-Z]{{2}})\w+)", _LABELS),
    _as_is("NAME", rf"{_CAPITAL}(?: [A-Z]\.)? {_CAPITAL}\b", _TOLD_BY),
    _lower("NAME", r"my name is (?P<v>[a-z]{3,}(?: [a-z]{3,})?)"),
    # places: a number before a street, a state before a ZIP code
    _as_is("GEO", rf"[0-9](?<![\w.,/-][0-9])\d{{0,4}} (?:[NSEW]\.? )?(?:{_CAPITAL} ){{1,3}}(?i:{_STREET})"),
    _lower("GEO", r"[0-9](?<![\w.,/-][0-9])\d{1,4} [a-z]{4,} (?:street|avenue|boulevard|blvd)\b"),
    _lower("GEO", r"[0-9](?<![\w.,/-][0-9])\d{2,4} [a-z]{4,} (?:road|lane|court|drive)\b"),
    _as_is("GEO", rf"{_CAPITAL} (?:Memorial|General|Regional|Community|Valley)(?: Hospital| Medical Center| Clinic)"),
    _as_is("GEO", r",[ ]{0,2}[A-Z]{2}\.?[ ]{1,3}(?P<v>[0-9]{5})\b"),
    _lower("GEO", r"box #?\d+", r"\bp\.?[ ]?o\.? $"),
    _lower("GEO", r"zip(?: code)?[ :#|]{1,4}(?:is )?(?P<v>\d{5})\b"),
    # dates with a month's name, or without a year
    _lower(
        "DATE",
        rf"{_MONTH_FIRST}\.?,?[ ]{{1,3}}(?:(?:of )?(?:19|20)\d\d\b"
        r"|\d{1,2}(?:st|nd|rd|th)?\b(?:,?[ ]{1,3}(?:19|20)\d\d)?"
        r"(?![.:]\d|[ ]?(?:%|mg|ml|times|hours|days|weeks|months|years)))",
    ),
    _lower(
        "DATE",
        rf"[0-9](?<![\w.][0-9])[0-9]?(?:st|nd|rd|th)?(?: of |[ -]){_MONTH}\b"
        r"(?! (?:be|have|not|also|occur|in|cause|lead))",
    ),
    _lower(
        "DATE", r"[0-9](?<![\w./][0-9])[0-2]?/[0-3]?\d\b(?![/\d])", r"\b(?:on|since|dated|admitted|discharged|until) $"
    ),
    _lower(
        "AGE_OVER_89", r"(?:9(?<![\w.]9)[0-9]|1(?<![\w.]1)[01][0-9])[ -]?(?:y/?o\b|(?:years?|yrs?|y)[ -](?:old|of age))"
    ),
    _lower(
        "AGE_OVER_89", r"age(?<![a-z]age)[d:]?(?: of| is)?[ :|]{1,3}(?P<v>9[0-9]|1[01][0-9])\b(?![%.,/-]?\d| ?%|\+)"
    ),
    _lower("AGE_OVER_89", r"(?P<v>ninety[ -][a-z]{3,6})[ -]years?[ -]old"),
    # telephone, fax, social security
    _lower("PHONE", r"[0-9](?<![\w-][0-9])[0-9]{2}[-. ][0-9]{4}(?!\w)", _CALLS),
    _lower("PHONE", r"[0-9](?<!\w[0-9])[0-9]{2}\)?[-. /]{1,2}[0-9]{3}[-. ][0-9]{4}(?!\w)"),
    _lower("SSN", r"ss[n#][^\d\n]{0,28}(?P<v>\d{2,})"),
    _lower("SSN", r"social security[^\d\n]{0,28}(?P<v>\d{3,})"),
    _lower("SSN", r"[0-9](?<!\w[0-9])[0-9]{2}[- ][0-9]{2}[- ][0-9]{4}(?![\w-])"),
    _lower("SSN", r"[*•#x][*•#x]{1,6}[- ]?(?:[*•#x]{1,6}[- ]?)?[0-9]{3,}(?!\w)"),
    # mail, web, machines
    _lower("EMAIL", r"@(?<=[\w.+-]@) ?[\w-]+ ?\. ?[a-z]{2,}"),
    _lower("EMAIL", r"[\[( ]dot[\]) ]+[a-z]{2,}", r"[\[( ]at[\]) ]+[\w-]+[\]) ]*$"),
    _lower("URL", r"://(?!(?:dx\.)?doi\.org/10\.)"),
    _lower("URL", r"www\.(?=\w)"),
    _lower("URL", r"\.(?:com|org|net|edu|gov)(?<=\w\.\w{3})\b(?![.\w@]|/10\.)"),
    _lower("IP", r":(?=[0-9a-f:]{0,30}[0-9a-f]:)(?=[0-9a-f:]{0,30}(?:[a-f][0-9]|[0-9][a-f]))[0-9a-f:]{3,}"),
    _lower("IP", r"-[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}\b"),
    # vehicles, unique codes, pictures
    _as_is("VEHICLE", r"[A-HJ-NPR-Z0-9](?<!\w[A-HJ-NPR-Z0-9])[A-HJ-NPR-Z0-9]{12}[0-9]{4}\b(?<!\d{17})"),
    _lower(
        "VEHICLE",
        r"plate(?: number| no\.?)?[ :#|=]{1,4}(?:is )?"
        r"(?P<v>[a-z]{2,4}[- ]?\d{3,4}|\d{1,4}[a-z]{2,4}\d{0,4}|[a-z]{1,3}\d{1,3}[ -]?[a-z]{3})\b",
    ),
    _lower("HEALTH_PLAN", r"[1-9](?<!\w[1-9])[a-z][a-z0-9]\d-?[a-z][a-z0-9]\d-?[a-z]{2}\d{2}\b"),
    _lower("OTHER_ID", r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    _lower("PHOTO", r"\.(?:jpe?g|png|heic|bmp|dcm)\b"),
    _lower("PHOTO", r"data:image/"),
    _as_is("PHOTO", r"(?<!\S)(?![ACGTUN]+\b)\S{201,}"),
)
_BETWEEN = "\n\x00\n"  # no clue reaches over it; short texts together are read quicker
_NO_WIDTH = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


class Seen(NamedTuple):
    """What looks like an identifier, of its likely category, and what stands around it."""

    category: str
    value: str
    before: str
    after: str


def residual(texts: Iterable[str], wrote: Callable[[Seen], bool] = lambda _: False) -> Counter[str]:
    """Return how many shapes of identifiers are left in redacted texts, by category; empty to pass.

    `wrote` says whether a value is a replacement of the policy, which is none.
    """
    text, low = _read(_BETWEEN.join(texts))
    counts: Counter[str] = Counter()
    done = 0
    for category, start, end in sorted((*_shapes(text, low), *numbers(text)), key=lambda span: span[1]):
        seen = Seen(category, text[start:end], text[max(0, start - _AROUND) : start], text[end : end + _AROUND])
        if start >= done and not wrote(seen):
            counts[category] += 1
            done = end
    return counts


def _read(text: str) -> tuple[str, str]:
    """Return the text in plain characters, placeholders emptied, and the same in lower case, of the same length."""
    if not text.isascii():
        text = _NO_WIDTH.sub("", unicodedata.normalize("NFKC", text))
    if "[REDACTED-" in text:
        text = PLACEHOLDER.sub("[]", text)
    low = text.lower()
    return text, low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _shapes(text: str, low: str) -> Iterator[tuple[str, int, int]]:
    for kind, pattern, lower, behind in _CLUES:
        for match in pattern.finditer(low if lower else text):
            if behind is None or behind.search(low, max(0, match.start() - _REACH), match.start()):
                yield kind, *match.span("v" if "v" in pattern.groupindex else 0)
