"""Initials that stand for a person: beside an age, where somebody signs or types, and those of somebody named.

Also the names by which somebody is logged in ("closed by jdoe"). The cues are general knowledge of notes. It does not
cover initials in running text of persons who are not named.
"""

import re
from collections.abc import Iterator

from tasks.phi.recognizers.name_cues import TITLES
from tasks.phi.recognizers.rules import Hit, Rule
from tasks.phi.recognizers.words import CREDENTIAL, NAMED, NO_NAME, ORDINARY, TERM, is_medical, kind_of

_DOTTED = re.compile(
    r"[A-Z](?<![\w.][A-Z])\.[ ]?[A-Z]\.(?:[ ]?[A-Z]\.)?"
    r"(?=,? (?:is |was )?(?:an? )?\d{1,3}(?:[ -]?y|,? [MF]\b|,)|'s\b)"
)


def dotted_initials(text: str) -> Iterator[Hit]:
    for match in _DOTTED.finditer(text):
        yield Hit(*match.span(), 0.7)


_IN_NOTES = re.compile(
    r"[A-Z](?<![\w/.-][A-Z])[A-Z]{1,2}"
    r"(?:(?= (?:RN|LPN|CNA|PA-C)\b)|(?<=\d\d:\d\d [A-Z]{2})(?=:)|(?<=\d\d:\d\d [A-Z]{3})(?=:))"
    r"|[A-Z](?<=\n[A-Z])[A-Z]{1,3}[/:][a-z]{2,4}(?=[ \t]*(?:\n|$)|[ ]{2})"
)
_PLACES_OF_WORK = frozenset(
    ["ED", "ER", "OR", "ICU", "CCU", "OB", "AM", "PM", "IV", "PO", "GI", "IR", "HD", "VS", "MD", "NP"]
)


def initials_in_notes(text: str) -> Iterator[Hit]:
    """Yield initials where somebody signs or types: "given TW RN", "AVT/ms" on its own line, "typed by kb", "N.P."."""
    for match in _IN_NOTES.finditer(text):
        if match.group() not in _PLACES_OF_WORK and not kind_of(match.group().lower()) & (
            NO_NAME | ORDINARY | CREDENTIAL
        ):
            yield Hit(*match.span(), 0.5)
    for rule in _PUT_DOWN:
        yield from rule.hits(text)
    for match in _LOGGED_IN.finditer(text):
        word = match["phi"]
        if not kind_of(word) & ~NAMED and not is_medical(word):
            logged = _DOES_SO.search(text, max(0, match.start() - 12), match.start() + 1)
            if logged or kind_of(word[1:]) & NAMED:
                yield Hit(*match.span("phi"), 0.5)


def _are_initials(letters: str) -> bool:
    low = letters.lower()
    plain = low.isalpha() and kind_of(low) & (NO_NAME | ORDINARY | CREDENTIAL | TERM)
    return low not in _NO_INITIALS and not plain and letters not in _PLACES_OF_WORK


def _put_down(pattern: str, *gate: str) -> Rule:
    return Rule(re.compile(pattern), 0.5, gate, _are_initials)


# where initials are put down
_PUT_DOWN = (
    _put_down(
        r"(?:[Tt]yped|[Tt]ranscribed|[Ss]cribed?|[Kk]eyed|[Tt]ypist|[Pp]roofed|TRANSCRIBED|TYPED)(?: by| BY)?[ :]*[(]?"
        r"(?:\d[\d/:.-]{0,15} ){0,3}[(]?(?P<phi>[a-z]{2,3}|[A-Z]{2,3}|[A-Za-z]\.[ ]?[A-Za-z]\.)(?=[\s,.;)/]|$)",
        *("typed", "typist", "scribe", "keyed", "proofed"),
    ),
    _put_down(r"[Ii]nitials?(?: (?:are|is))?:? (?P<phi>[A-Z](?:[-. ]{0,2}[A-Z]){1,2})(?!\w)", "initial"),
    _put_down(
        r"[a-z](?<=[ :][a-z])\.(?<=(?:eer|ent| pt|ter|her|son|kid|ith| w/| by| to|rom|be:)[ ][a-z]\.)[ ]?[a-z]\.(?!\w)"
    ),
    _put_down(r"(?:per|by|PER|BY) (?P<phi>[A-Z]\.[ ]?[A-Z](?:-[A-Z])?)(?!\w|\.[A-Za-z])"),
    _put_down(r"\n[ \t-]{0,20}(?P<phi>[A-Z]\.[ ]?[A-Z]\.(?:[ ]?[A-Z]\.)?)[ \t]*(?=\n|$)"),
    _put_down(r"(?:signed|Signed|Chief|chief) [\"']?(?:Chief )?(?P<phi>[A-Z]\.[ ]?[A-Z]\.)", "signed", "chief"),
    _put_down(
        r"(?:eview|eviewed|hecked|erified|osigned|nitialed)(?: by)?:? (?P<phi>[A-Z]{2,3})"
        r"(?=[ \t]*(?:\n|$)|[ ,]{1,2}\d{1,2}/\d)",
        *("review", "checked", "verified", "cosigned", "initialed"),
    ),
    _put_down(r"[(](?P<phi>[A-Z]\.), \d{1,2}\b"),
    _put_down(r"-(?<=[ \n]-)(?P<phi>[a-z]{2,3})[ \t]*(?=\n|$)"),
    _put_down(r"[(](?P<phi>[a-z]{2,3}/[a-z]{2,3})(?= \d{1,2}/\d)"),
    _put_down(r"(?:[|;/(]|by)[ ](?P<phi>[a-z]{2,4}) (?:LCSW|LICSW|MSW|RN|LPN|MD|DO|NP|CNA|PharmD)\b"),
)
_NO_INITIALS = frozenset(
    {
        *("a.m.", "p.m.", "p.o.", "q.d.", "b.i.", "t.i.", "i.v.", "i.m.", "h.s.", "e.g.", "i.e.", "a.c.", "p.c."),
        *("s.c.", "s.l.", "q.h.", "p.r.", "u.s.", "d.c.", "o.d.", "o.s.", "dtr", "pt", "hx"),
    }
)
_LOGGED_IN = re.compile(r"[ ](?<=(?:[ \n]by|sig|gin|ser|HIM) )[(]?(?P<phi>[a-z]{5,})(?![\w@-])")
_DOES_SO = re.compile(
    r"(?:(?:closed|prepared|entered|typed|scanned|printed|updated|keyed|merged|filed|released|signed) by"
    r"|sig|login|user) $"
)
_CAPITALS = re.compile(r"[A-Z]{2,4}(?![A-Za-z])")
_SIGNED = re.compile(
    r"[A-Z](?<!\w[A-Z])[A-Z]{1,3}(?![A-Za-z])"
    r"(?:(?=,? (?:RN|LPN|MD|DO|NP|PA-C|PharmD|CNA|MA)\b)|(?=[ \t]*/[ \t]*[A-Za-z]{2,3}\b)"
    r"|(?<=/[A-Z]{2})|(?<=/[A-Z]{3})|(?=: )|(?=[ \t]*(?:\n|$|\|))"
    r"|(?=\)| \()|(?<=\| [A-Z]{2})(?=,)|(?<=\"[A-Z]{2})(?=\")|(?<=: [A-Z]{2})(?= \d{1,2}/\d))"
)
_BRACKETED = re.compile(r"[(/-](?<![a-z]-)(?P<phi>[a-z]{2,3})(?=[)\n]| \d|$)")
_CREDENTIALLED = re.compile(r"[\s(/](?P<phi>[a-z]{2,3}) (?:rn|lpn|md|np|pa|cna)\b")
_PAIR = re.compile(r"[A-Za-z](?<![\w/][A-Za-z])[A-Za-z]{1,3}/(?P<phi>[a-z]{2,3}|[A-Z]{2,3})(?![\w/])")
_TYPED = re.compile(
    r"(?:^|\n|[ \t]{2})[ \t]*(?P<a>[A-Z]{2,3})[ \t]?[:/][ \t]?(?P<b>[a-z]{2,3}|[A-Z]{2,3})(?=[ \t]*(?:\n|$)|[ \t]{2})"
)


_WORDS = re.compile("[A-Za-z]+")


def initials_of(text: str, found: list[Hit]) -> set[str]:
    """Return the initials, in capitals, of the names found that have more than one word."""
    initials = set()
    for hit in found:
        parts = _WORDS.findall(text, hit.start, hit.end)
        if len(parts) > 1 and parts[0].lower() in TITLES:
            del parts[0]
        if len(parts) > 1:
            letters = "".join(part[0].upper() for part in parts)
            initials |= {letters, letters[0] + letters[-1], letters[-1] + letters[:-1]}
    return initials


def signing_initials(text: str, initials: set[str]) -> Iterator[Hit]:
    """Yield the initials of somebody named where they sign: "KAB", "TW RN", and the typist's behind them: "HM:jlt"."""
    if initials.isdisjoint(_CAPITALS.findall(text)):
        return
    for match in _SIGNED.finditer(text):
        if match.group() in initials and not kind_of(match.group().lower()) & (NO_NAME | CREDENTIAL):
            yield Hit(*match.span(), 0.6)
    for match in _TYPED.finditer(text):
        if match["a"] in initials:
            yield Hit(*match.span("a"), 0.6)
            yield Hit(*match.span("b"), 0.6)


def initials_put_small(text: str, initials: set[str]) -> Iterator[Hit]:
    """Yield the initials of somebody named in lower case, and of who typed: "(kb)", "kb/tr", "KAB/tr"."""
    for match in _BRACKETED.finditer(text):
        if match["phi"].upper() in initials and not kind_of(match["phi"]):
            yield Hit(*match.span("phi"), 0.5)
    for match in _CREDENTIALLED.finditer(text):
        if match["phi"].upper() in initials and not kind_of(match["phi"]):
            yield Hit(*match.span("phi"), 0.5)
    for match in _PAIR.finditer(text) if "/" in text else ():
        first, second = match.group().split("/")
        known = kind_of(first.lower()) | (0 if first.isupper() and second.islower() else kind_of(second.lower()))
        if not known & (NO_NAME | ORDINARY | CREDENTIAL):
            told = first.upper() in initials and (first.isupper() or second.upper() in initials or first.islower())
            if told or (second.upper() in initials and second.islower() and first.islower()):
                yield Hit(*match.span(), 0.5)
