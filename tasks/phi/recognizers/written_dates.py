"""Dates with the month's name: April 12, 2023 · 3rd of May · 12-Apr-23 · March 3-5 · mid-March 2023 · last December.

One scan finds the months' names in the text in lower case; what stands before and behind says whether it is a date,
because months are also verbs (may, march), names (April, June, August, Jan) and genes (MARCH1, SEPT9, OCT4, DEC1). A
month alone is a date where its name means nothing else, and otherwise after a word such as "in" or "since". It does
not cover misspellings of a month beyond the few listed.
"""

import re
from collections.abc import Iterator

from tasks.phi.recognizers.month_days import words
from tasks.phi.recognizers.numeric_dates import TIME
from tasks.phi.recognizers.rules import Hit

_LONG = words("january february march april june july august september october november december")
_SHORT = words("jan feb febr mar apr may jun jul aug sep sept oct nov dec")
_MISSPELT = words("febuary feburary janurary januray ocotber octobr novemeber decemeber septmber septemeber")
_MONTHS = _LONG | _SHORT | _MISSPELT
_OWN_SENSE = words("may march april june august jan mar jun dec")
"""Months whose name is also a word, a first name or the short form of something else."""
_GENES = words("mar may jun sep sept oct nov dec")
_PLAIN_IN_LOWER_CASE = words("sep sept oct nov jun june april august jan")
"""In lower case these are neither genes nor names."""
_ALONE_IN_LOWER_CASE = words("jan feb apr aug sept nov")
"""Short forms that may stand without a day after "in", "since" and the like."""
_WHERE_IT_STOPS = words("dec mar")
"""These neither, where the clause ends behind the day."""
_NAMES = words("may april june august jan")
_STOPS = frozenset({".", ","})
_DAY = r"(?:3[01]|[12][0-9]|0?[1-9])(?![0-9])(?:\s?(?:st|nd|rd|th)(?![a-z]))?"
_YEAR = r"(?:(?:18|19|20)[0-9]{2}|' ?[0-9]{2})(?![0-9])"
_NAME = re.compile(r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?<![a-z]...)[a-z]{0,6}(?![a-z])")
_BEHIND = re.compile(
    r"(?P<gap>\.?\s{0,3}(?:[-/,]\s?)?(?:the )?)"
    rf"(?P<day>{_DAY})(?![:%+]|\.[0-9]|/[0-9](?![0-9])| ?%)"
    r"(?:(?:\s{0,2}(?:-|to|thru|through|,? ?and|&)\s{0,2}|, ?(?=[0-9]{1,2}(?:st|nd|rd|th)?,? (?:and|&) ))"
    rf"{_DAY}(?![:%/.]\d|[a-z])){{0,4}}"
    rf"(?P<year>\s{{0,3}}(?:[,./-]|of|in)?\s{{0,3}}{_YEAR}|[-/][0-9]{{2}}(?![0-9/-]))?"
)
_YEAR_BEHIND = re.compile(rf"(?:'s)?\.?\s{{0,3}}(?:of |in |[,/-])?\s{{0,2}}(?P<year>{_YEAR})(?![-/.]\d)")
_SHORT_YEAR_BEHIND = re.compile(r"[-/ .,]{0,2}[0-9]{2}(?![\w:/-]|\.[0-9])")
_BEFORE = re.compile(
    r"(?P<first>[0-9](?<![a-z0-9./%$][0-9])[0-9]?)(?P<nth>\s?(?:st|nd|rd|th))?"
    rf"(?:\s?(?:-|to|and|&)\s?{_DAY})?(?P<gap> ?[-/.,] ?| {{0,3}}(?:(?:day )?of )? {{0,2}})\Z"
)
_YEAR_BEFORE = re.compile(r"(?<![\w.-])(?:19|20)[0-9]{2}[-/. ]{1,2}\Z")
_ORDINAL = (
    r"(?:(?:twenty|thirty)[- ])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|tenth|eleventh|twelfth"
    r"|(?:thir|four|fif|six|seven|eigh|nine)teenth|twentieth|thirtieth"
)
_ORDINAL_BEFORE = re.compile(rf"(?<![a-z-])({_ORDINAL})(?: day)? of \Z")
_ORDINAL_BEHIND = re.compile(rf" (?:the )?(?:{_ORDINAL})(?![a-z-])")
_YEAR_IN_WORDS = re.compile(
    r",?(?: of)? (?:(?:18|19|20)[0-9]{2}(?![0-9])|(?:two thousand(?: and)?|twenty|nineteen)"
    r"(?:[ -](?:oh|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|one|two|three|four|five|six|seven|eight|nine"
    r"|ten|eleven|twelve|[a-z]{3,5}teen)(?![a-z])){1,2})"
)
_UNITS = re.compile(
    r"\s?-?(?:mg|mcg|g|kg|ml|l|cm|mm|um|microns?|iu|units?|tablets?|tabs?|caps|puffs|drops|minutes?|mins?|hours?|hrs?"
    r"|days?|weeks?|months?|years?|times|patients|people|cases|participants|subjects|percent|%)(?![a-z])"
)
_CUE = re.compile(
    r"\b(?:(?P<strict>in|since|until|till|last|next|this|past|coming|early|mid|late|during|through|thru|again in"
    r"|(?:end|start|beginning|middle|month|part|half|week|weeks) of|dated?:?)|on|by|from|before|after|due|for"
    r"|[a-z]{3,}ed)"
    r"[\s-]{1,2}(?:(?:early|mid|late|the)[\s-]{1,2})?\Z"
)
# "this may be": a verb, in all but title case
_VERB_BEFORE_MAY = re.compile(r"\b(?:this|past|last|next|coming|dated?:?)\s\Z")
_WHICH = re.compile(r"\b(?:last|next|this past|this|early|mid|late)\s\Z")
_CLAUSE_ENDS = re.compile(r"\s?(?:[.,;)\n]|\Z)")
_JOINED = re.compile(r"\s{0,2}(?:,|-|/|and|or|to|through|&)\s{0,2}")


def written_dates(text: str, low: str) -> Iterator[Hit]:
    """Yield the dates with a month's name; `low` is the text in lower case, of the same length."""
    follows = -1
    for match in _NAME.finditer(low):
        if match.group() not in _MONTHS:
            continue
        start, end, score = _read(text, low, match.start(), match.end(), joined=follows)
        if score:
            if (low[end : end + 1] in {" ", "t", ","}) and (time := TIME.match(low, end)):
                end = time.end()
            follows = end
            yield Hit(start, end, score)


def _read(text: str, low: str, at: int, end: int, *, joined: int) -> tuple[int, int, float]:
    """Return where the date around a month's name lies and how sure it is; 0 for no date."""
    behind = _BEHIND.match(low, end)
    before = _BEFORE.search(low, max(0, at - 24), at)
    if before and 1 <= int(before["first"]) <= 31 and not (behind and (behind["year"] or before["gap"][:1] in _STOPS)):
        return _day_first(text, low, before, at, end, joined=joined)
    beside = joined >= 0 and bool(_JOINED.fullmatch(low, joined, at))
    if behind:
        earlier = _YEAR_BEFORE.search(low, max(0, at - 7), at)
        dated = bool(behind["year"] or earlier)
        is_date = _is_month_first(text, low, at, end, behind, dated=dated, beside=beside)
        if is_date or "\n" not in behind["gap"]:
            return (earlier.start() if earlier else at), behind.end(), 0.9 if is_date else 0.0
    if spoken := _in_words(low, at, end):
        return (*spoken, 0.8)
    if (year := _YEAR_BEHIND.match(low, end)) and not _UNITS.match(low, year.end()):
        return at, year.end(), 0.85
    if _is_month_alone(text, low, at, end, beside=beside):
        which = _WHICH.search(low, max(0, at - 12), at)
        return which.start() if which else at, end, 0.6
    return at, end, 0.0


def _in_words(low: str, at: int, end: int) -> tuple[int, int] | None:
    """Return where a day in words beside the month lies: "the fourteenth of March", "June twenty-first"."""
    if (before := _ORDINAL_BEFORE.search(low, max(0, at - 26), at)) is not None:
        year = _YEAR_IN_WORDS.match(low, end)
        return before.start(1), year.end() if year else end
    behind = _ORDINAL_BEHIND.match(low, end)
    # "may first be seen" is a verb's
    verb = low[at:end] in {"may", "march"} and low.startswith((" first", " second", " third"), end)
    if behind and (not verb or _CUE.search(low, max(0, at - 20), at)):
        year = _YEAR_IN_WORDS.match(low, behind.end())
        return at, year.end() if year else behind.end()
    return None


def _day_first(text: str, low: str, before: re.Match[str], at: int, end: int, *, joined: int) -> tuple[int, int, float]:
    """Read "3rd of May, 2022", "12-Apr-23", "24 Feb"."""
    month, word, gap, start = text[at:end], low[at:end], before["gap"], before.start()
    year = _YEAR_BEHIND.match(low, end)
    if year is None and (gap.strip() in {"-", "/", "."} or not gap or month[0].isupper()):
        year = _SHORT_YEAR_BEHIND.match(low, end)
    if year and not _UNITS.match(low, year.end()):
        return start, year.end(), 0.9
    if "of" in gap:
        return start, end, 0.9
    if gap[:1] in _STOPS or not gap or low[end : end + 1] == "-":
        beside = joined >= 0 and bool(_JOINED.fullmatch(low, joined, at))
        return at, end, 0.6 if _is_month_alone(text, low, at, end, beside=beside) else 0.0
    sure = month.istitle() or (before["nth"] and word not in _OWN_SENSE) or (month.isupper() and len(month) > 4)
    sure = sure or _is_plain(text, word, at, end)
    cued = word not in _OWN_SENSE | _GENES or _CUE.search(low, max(0, start - 16), start)
    return start, end + (low[end : end + 1] == "." and len(month) < 5), 0.85 if sure or cued else 0.0


def _is_month_first(
    text: str, low: str, at: int, end: int, behind: re.Match[str], *, dated: bool, beside: bool
) -> bool:
    """Say whether month and day are a date: with a year, and else by how the month is written and what is before."""
    month, word, gap = text[at:end], low[at:end], behind["gap"]
    if dated:
        return bool(gap or behind["year"])
    if not gap or gap.strip() not in {"", ".", "the"} or _UNITS.match(low, behind.end()):
        return False
    if text[at].islower() and word in _WHERE_IT_STOPS and _CLAUSE_ENDS.match(low, behind.end()):
        return True
    if behind["day"][-1].isalpha() or _is_plain(text, word, at, end) or word not in _OWN_SENSE | _GENES:
        return True
    if month.istitle() or (month.isupper() and word in _LONG - {"may"}):
        return "\n" not in gap
    return beside or bool(_CUE.search(low, max(0, at - 20), at))


def _is_plain(text: str, word: str, at: int, end: int) -> bool:
    """Say whether a month beside a day is one by its case: lower case, or capitals among capitals, is no gene."""
    if text[at].islower():
        return word in _PLAIN_IN_LOWER_CASE
    around = text[max(0, at - 24) : end + 24]
    return around.isupper() and sum(map(str.isalpha, around)) > 3 * len(word)


def _is_month_alone(text: str, low: str, at: int, end: int, *, beside: bool) -> bool:
    """Say whether a month without day and year is one: "again in January", "stopped Dec"; not "May-Thurner"."""
    month, word, behind = text[at:end], low[at:end], low[end : end + 2]
    compound = behind[:1] in {"-", "_", "'"} and behind[1:].isalnum()
    joint = low[at - 1 : at] in {"-", "_", "/"} and low[at - 4 : at] != "mid-" and not beside
    if compound or joint or behind.lstrip(" .")[:1].isdigit():
        return False
    if word in _LONG - _OWN_SENSE:
        return True
    cue = _CUE.search(low, max(0, at - 20), at)
    strict = bool(cue and cue["strict"])
    if word == "may" and not month.istitle():
        return strict and _VERB_BEFORE_MAY.search(low, max(0, at - 8), at) is None
    if month.isupper():
        return word in _LONG and (beside or strict)
    if month[0].islower():
        return strict and (word in _LONG or word in _ALONE_IN_LOWER_CASE)
    return beside or (bool(cue) if word not in _NAMES else strict)
