"""Which of the tagger's findings are plausible: it errs by nature, and in ways that can be said.

Lower-case words and acronyms in prose, bare years, small numbers and ratios, eponyms and cited authors are refused;
what is unsure counts only in company of sure findings. The lists of the rules say which words are no names. It does not
look at what the rules find: the tagger stands beside them.
"""

import bisect
import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from tasks.phi.recognizers.words import EPONYM_HEADS, NAMED, NO_NAME, STATES, TERM, is_medical, kind_of
from tasks.phi.tagger.lexicon import PLACES
from tasks.phi.tagger.parts import parts, words

SURE = 0.99  # asked of lower case and acronyms among cased prose, and of what stands alone in its text
VERY_SURE = 0.995  # asked of lower case with an ordinary word in it, in any text
SURE_OF_A_TERM = 0.9  # asked of an eponym or a maker as a name
SURE_OF_A_PLACE = 0.9  # asked of a listed place that is a word too, and of a floor
SURE_OF_INITIALS = 0.7  # where they stand as such
FEW_CAPITALS = 0.02  # share of capitals around, below which a text is one in lower case
COMPANY = 1500  # characters within which a sure finding makes an unsure one credible
CREDIBLE = 0.4  # asked of a finding in company of a sure one; 0.3 to 0.7 differ by a percent of recall
CROWD = 4  # so many sure findings in the neighbourhood, and the text is about somebody
CREDIBLE_IN_A_CROWD = 0.15
_MONTHS = frozenset(w.strip(".").lower() for b in ("months", "short_months", "weekdays") for w in parts(b)) | {
    "christmas", "easter", "halloween", "ramadan", "thanksgiving",
}  # fmt: skip
NOT_SMALLER = frozenset(parts("countries")) | STATES
"""Places that are no identifiers."""
_OF_COUNTRIES = frozenset(word for place in parts("countries") for word in place.lower().split())
_TERMS = frozenset(w.lower() for w in (*words("terms.txt"), *words("abbreviations.txt"), *words("medicine.yaml")))


def is_word(word: str) -> bool:
    """Say whether a word is ordinary English or medicine, perhaps a name too."""
    word = word.lower()
    return word in _TERMS or kind_of(word) & ~NAMED > 0 or is_medical(word)


def _is_no_name(word: str) -> bool:
    """Say whether a word is no name by itself; what is also a listed name is left to the tagger."""
    if len(word) == 1:
        return word.islower()
    return word.lower() in _OF_COUNTRIES or (not kind_of(word.lower()) & NAMED and is_word(word))


class Token(NamedTuple):
    """A token's place in the text, and what the tagger takes it for."""

    start: int
    end: int
    label: str
    score: float  # probability that it is an identifier


def cleared(tokens: list[Token], text: str) -> list[Token]:
    """Return the tokens without ordinary words in lower case, which stretch a name beyond its ends.

    What stands between two parts of a name stays ("Ana de la Cruz"), and so does an initial before one ("d. quorven").
    """
    tokens = [t for t in tokens if t.label != "NAME" or not any(map(str.isdigit, text[t.start : t.end]))]
    doubtful = [_may_be_cleared(token, text) for token in tokens]
    kept: list[Token] = []
    for at, token in enumerate(tokens):
        if doubtful[at]:
            sure_before = bool(kept) and kept[-1].label == "NAME" and _MARKS.fullmatch(text, kept[-1].end, token.start)
            behind = next((n for n in range(at + 1, min(at + 4, len(tokens))) if not doubtful[n]), None)
            run = tokens[at : behind + 1] if behind is not None else []
            joins = len(run) > 1 and all(_adjoin(one, two, text) for one, two in itertools.pairwise(run))
            if not joins or not (sure_before or token.end - token.start == 1):
                continue
        kept.append(token)
    return kept


def _may_be_cleared(token: Token, text: str) -> bool:
    word = text[token.start : token.end]
    return token.label == "NAME" and token.score < VERY_SURE and word[0].islower() and _is_no_name(word)


def _adjoin(one: Token, two: Token, text: str) -> bool:
    return two.label == "NAME" and _MARKS.fullmatch(text, one.end, two.start) is not None


def joined(tokens: list[Token], text: str) -> Iterator[Token]:
    """Join neighbours of one label on one line, over blanks and a mark between them."""
    last: Token | None = None
    for token in tokens:
        if last is not None and last.label == token.label and _MARKS.fullmatch(text, last.end, token.start):
            last = Token(last.start, token.end, last.label, max(last.score, token.score))
            continue
        if last is not None:
            yield last
        last = token
    if last is not None:
        yield last


def supported(findings: list[Token]) -> list[Token]:
    """Keep the sure findings, and the others where sure ones are near: identifiers come in company."""
    sure = [f.start for f in findings if f.score >= SURE]

    def asked(found: Token) -> float:
        low, high = bisect.bisect(sure, found.start - COMPANY), bisect.bisect(sure, found.start + COMPANY)
        return CREDIBLE_IN_A_CROWD if high - low >= CROWD else CREDIBLE if high > low else SURE

    return [found for found in findings if found.score >= SURE or found.score >= asked(found)]


def whole(found: Token, text: str) -> Token:
    """Return a name with what belongs to it: the rest of a hyphened word, a listed name beside it."""
    start, end = found.start, found.end
    if found.label != "NAME" or not text[start].isupper():
        return found
    while rest := _HYPHENED.match(text, end):
        end = rest.end()
    while before := _HYPHENED_BEFORE.search(text, max(0, start - 30), start):
        start = before.start()
    if (before := _WORD_BEFORE.search(text, max(0, start - 30), start)) and _is_a_listed_name(before[1]):
        start = before.start()
    if (behind := _WORD_BEHIND.match(text, end)) and _is_a_listed_name(behind[1]):
        end = behind.end()
    return found._replace(start=start, end=end)


def _is_a_listed_name(word: str) -> bool:
    kind = kind_of(word.lower())
    return bool(kind & NAMED) and not kind & (TERM | NO_NAME)


_HYPHENED = re.compile(r"[-‐‑][A-Z][^\W\d_]*(?![^\W_])")
_HYPHENED_BEFORE = re.compile(r"(?<![^\W_])[A-Z][^\W\d_]+[-‐‑]$")
_WORD_BEFORE = re.compile(r"(?<![\w'’-])([A-Z][^\W\d_]+) $")
_WORD_BEHIND = re.compile(r" ([A-Z][^\W\d_]+)(?![\w'’-])")
_FLOOR = re.compile(r"\d{1,2} ?(?:North|South|East|West|Center|Main)|(?:North|South|East|West|Center|Main) \d{1,2}")
_INITIALS = re.compile(r"[A-Z]{2,3}|[a-z]{2,3}|(?:[A-Za-z]\.){1,2}[A-Za-z]\.?")
_BEFORE_INITIALS = re.compile(r"(?:[(/]|[-–—] ?|^\s*)$", re.MULTILINE)
_BEHIND_INITIALS = re.compile(r"\)|/[A-Za-z]{2,3}(?![^\W_])|\.?[ \t]*(?:\n|$)")
_MARKS = re.compile(r"[ \t]{0,2}[-.,'’/#&]?[ \t]?")
_WORD = re.compile(r"[^\W\d_]+")
_NUMERIC_DATE = re.compile(
    r"\d{1,2}([/.-])\d{1,2}\1(?:\d{4}|\d{2})|(?:19|20)\d\d([/.-])\d{1,2}\2\d{1,2}|(?:0?[1-9]|1[0-2])[/-](?:19|20)\d\d"
)
_MONTH_AND_DAY = re.compile(r"(\d{1,2})/(\d{1,2})")
_RELATIVE_DAY = re.compile(r"the \d{1,2}(?:st|nd|rd|th)|(?:last|this past) (?:week|month)")
_NO_DATE = re.compile(r"[A-Z][a-z]{2,3} ?- ?\d|\d\d? / \d\d?")  # a gene, a ratio as papers print it
_COUNTED = re.compile(r" (?:days?|weeks?|months?|years?|doses?|cycles?|time|trimester|percentile)\b")
_EXTENSION = re.compile(r"[+(\d]|(?i:x|ext|pager|pgr)(?![a-z])")
_REFERENCE = re.compile(r"\b(?:O?MIM|ISBN|ISSN|PMID|pp|PD|SB)\b[ .:#-]*$")
_NO_NUMBER = re.compile(  # times, ranges, vertebrae, markers on a chromosome, a trial
    r"\d{4}\s?-\s?\d{4}|\d{1,3}\s?-\s?\d{1,3}|[A-Z]\d{1,2}-[A-Z]?\d{1,2}|[A-Z]+\d+(?:-[A-Z]+\d+)+"
    r"|NCT\d+|rs\d+|pp.*|(?:19|20)\d\d"
)
_NO_NAME = re.compile(r"^[A-Z] ?\. ?[a-z]{4,}$|[a-z][A-Z](?![a-z]{2})")  # P. aeruginosa, YezB
# "family" and the like stand behind patients' names as well
_HEADS = frozenset(h.lower() for h in EPONYM_HEADS) - {"family", "families", "list", "bed", "bath", "line", "study"}
_NEXT_WORD = re.compile(r"(?:\s?['’]\s?s)?(?:\s?[-/]\s?[A-Z][\w'’]+)*\s([A-Za-z]+)")
_NO_PERSON = re.compile(  # an eponym's head further on, a cited author, part of a compound
    r"(?:\s?['’]\s?s?)?(?:\s?[-/]\s?[A-Z][\w'’]+)*\s"
    r"(?:(?!(?:had|has|have|with|for|was|were|is|and|said|says|denies|reports|to|in|on|at)\b)\w+\s){1,2}"
    r"(?:disease|syndrome|lymphoma|sarcoma|tumou?r|palsy|dystrophy|anomaly|thyroiditis|encephalopathy|nephropathy"
    r"|chorea|ataxia|contracture|phenomenon|sign|test|score|scale|criteria|index|classification|stain|cells?|block"
    r"|blot|procedure|maneuver|reflex|fracture|nodes?|carrier|lines)\b"
    r"|-[a-z]|(?:\s?\.)?\s?,?\s(?:et al|& \w+, (?:19|20)\d\d|(?:and )?[A-Z][\w'-]+\s?,\s?[A-Z](?![\w']))"
    r"|, [A-Z]\w+ (?:19|20)\d\d\)"
)
_AUTHORS = re.compile(r"[A-Z][\w'-]+\s?, (?:[A-Z]\s?\.\s?){1,2}[,;]? (?:and )?$")


def plausible(found: Token, text: str) -> bool:
    """Say whether a finding is more than what the tagger errs on by nature."""
    value = text[found.start : found.end]
    if found.label == "DATE":
        return _reads_like_a_date(value) and not (value.startswith("the ") and _COUNTED.match(text, found.end))
    words = _WORD.findall(value)
    if found.label in {"OTHER_ID", "PHONE"} or not words:
        return _reads_like_a_number(found, value, text)
    if found.label == "GEO":
        return _reads_like_a_place(found, value, words, text)
    return (
        not any(map(str.isdigit, value))
        and not _NO_NAME.search(value)
        and _reads_like_a_name(found, value, words, text)
    )


def _reads_like_a_number(found: Token, value: str, text: str) -> bool:
    digits = sum(map(str.isdigit, value))
    if _REFERENCE.search(text, max(0, found.start - 12), found.start) or _NO_NUMBER.fullmatch(value):
        return False
    if found.label == "OTHER_ID":  # "0900" is a time, L1325 a gene
        return (digits >= 6 and " - " not in value and ". " not in value) or (
            digits >= 4 and "-" in value and " " not in value
        )
    if found.label == "PHONE":
        return digits >= (7 if value.isdigit() else 4) and _EXTENSION.match(value) is not None
    return found.label == "GEO" and digits >= 5  # a ZIP code


def _reads_like_a_place(found: Token, value: str, words: list[str], text: str) -> bool:
    if value.title().removeprefix("The ") in NOT_SMALLER or (len(value) < 4 and value[0].isdigit()):
        return False
    if found.score >= SURE_OF_A_PLACE and (_FLOOR.fullmatch(value) or _is_listed(value)):
        return not names_a_thing(found, text)
    if len(words) < 2 or value.islower():
        return _reads_like_a_name(found, value, words, text)
    # a name made of words: Maple Terrace is a place, "the Children's Psychiatric" a scale
    return not all(map(_is_no_name, words)) or (found.score >= SURE and not value.startswith(("the ", "a ")))


def _is_listed(value: str) -> bool:
    """Say whether a capitalised word is a place of the lists, though it may be another word too."""
    return value.istitle() and value.lower() in PLACES


def _reads_like_a_name(found: Token, value: str, words: list[str], text: str) -> bool:
    if max(map(len, words)) < 2 and (" " in value or not value.isupper()):
        return found.score >= SURE_OF_INITIALS and _stands_as_initials(found, text)  # not "i . c . v"
    no_names = [_is_no_name(word) for word in words]
    wordy = value.islower() and found.score < VERY_SURE and any(no_names)
    doubtful_term = found.label == "NAME" and found.score < SURE_OF_A_TERM and len(words) == 1
    # an eponym or a maker, though somebody may be called so
    term = doubtful_term and kind_of(value.lower()) & TERM > 0
    if wordy or term or all(no_names) or names_a_thing(found, text):
        return False
    around = text[max(0, found.start - 200) : found.end + 200]
    capitals = sum(map(str.isupper, around))
    if found.score >= SURE_OF_INITIALS and _stands_as_initials(found, text):
        return True
    if value.islower() and capitals > len(around) * FEW_CAPITALS:  # among cased prose
        return found.score >= VERY_SURE and not all(map(is_word, words)) and (len(words) > 1 or not is_word(value))
    if value.isupper() and (len(words) == 1 or max(map(len, words)) < 7) and capitals < len(around) / 4:
        return found.score >= VERY_SURE or (" " in value and found.score >= SURE)
    return True


def _stands_as_initials(found: Token, text: str) -> bool:
    """Say whether two or three letters stand as somebody's mark: "(jd)", "AVT/ms", "- TB" at a line's end."""
    if _INITIALS.fullmatch(text, found.start, found.end) is None:
        return False
    return _BEFORE_INITIALS.search(text, max(0, found.start - 4), found.start) is not None and (
        _BEHIND_INITIALS.match(text, found.end) is not None
    )


def names_a_thing(found: Token, text: str) -> bool:
    """Say whether a name is an eponym or an author's."""
    following = _NEXT_WORD.match(text, found.end)
    if following and following[1].lower() in _HEADS:
        return True
    cited = _NO_PERSON.match(text, found.end) or _AUTHORS.search(text, max(0, found.start - 40), found.start)
    return cited is not None


def _reads_like_a_date(value: str) -> bool:
    """Say whether the value is more than a year, a quantity or a ratio."""
    words = _WORD.findall(value.lower())
    if _NO_DATE.fullmatch(value):
        return False
    if words == [value.lower()] and len(value) < 5 and words[0] not in {"may", "june", "july"}:
        return False  # Oct-1 is a gene, MAR a chart
    if words:
        return not _MONTHS.isdisjoint(words) or _RELATIVE_DAY.fullmatch(value.lower()) is not None
    return any(map(_reads_like_a_numeric_date, (value.replace(" ", ""), *value.split())))


def _reads_like_a_numeric_date(value: str) -> bool:
    pair = _MONTH_AND_DAY.fullmatch(value)
    if pair:
        return 0 < min(int(pair[1]), int(pair[2])) <= 12 and max(int(pair[1]), int(pair[2])) <= 31
    return _NUMERIC_DATE.fullmatch(value) is not None
