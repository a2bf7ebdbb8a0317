"""Persons whom only their surroundings tell, in notes: names that are words, first names alone, short forms.

"Thuy, the niece", "her midwife, Iris, is", "SW Dawn to see", "covering for Dawn", "Bri wrote" of a Brianna:
a relation or a role stands beside the word, or the word begins a name that is known. The cues are general knowledge of
notes. It does not cover a name that is an ordinary word where no relation, role or act stands beside it.
"""

import re
from collections.abc import Iterator

from tasks.phi.recognizers.name_shapes import Word, is_eponym
from tasks.phi.recognizers.rules import Hit
from tasks.phi.recognizers.unlisted_names import is_unknown
from tasks.phi.recognizers.words import (
    CREDENTIAL,
    IS_GIVEN,
    IS_SURNAME,
    MAY_BE_GIVEN,
    NAMED,
    NO_NAME,
    ORDINARY,
    RARE,
    TERM,
    kind_of,
    words_of,
)

_FAMILY = words_of("relations")
_ROLES_IN_NOTES = words_of("roles_in_notes")
_ROLES = words_of("roles") | _ROLES_IN_NOTES | _FAMILY
_BESIDE = (_ROLES - words_of("people") - {"m", "f", "to"}) | {"yr", "y", "yo"}  # what somebody is said to be
_AT_WORK = frozenset(["SW", "CM", "HHA", "LAC", "PCA", "PCG", "RD", "LVN", "CNS", "LC", "DON", "CSW"])
_OR_ELSE = frozenset(["MA", "PA", "OT", "ST", "RT"])  # a state, a therapy


def persons_in_notes(text: str, words: list[Word]) -> Iterator[Hit]:
    """Yield capitalised words beside which a relation, a role or an act says that they are persons."""
    end = -1
    for word in words:
        kind = word.kind
        if word.is_initial or (kind & (NO_NAME | CREDENTIAL) and not kind & NAMED) or word.text.lower() in _ROLES:
            continue
        named = bool(kind & NAMED) or is_unknown(word)
        joined = named and text[end : word.start] in _JOINED
        if (joined or _is_said_of(text, word, named=named) or _is_announced(text, word, named=named)) and not is_eponym(
            text, word.end
        ):
            end = word.end
            yield Hit(word.start, end, 0.5)
    for match in _OFFSPRING.finditer(text):
        for child in _CHILD.finditer(text, *match.span("phi")):
            if not kind_of(child.group().lower()) & (NO_NAME | CREDENTIAL):
                yield Hit(*child.span(), 0.5)
    for match in _LAST_FIRST.finditer(text):
        if _are_last_first(match["last"], match["first"]):
            yield Hit(*match.span("phi"), 0.5)
    for match in _NICKNAME.finditer(text) if '"' in text else ():
        yield Hit(*match.span("phi"), 0.5)


_JOINED = frozenset((" and ", " & ", " AND "))
_CHILD = re.compile(r"[A-Z][a-z]+(?:-[A-Za-z][a-z]+)?")
_AGED = r"[A-Z][a-z]{1,20}(?:-[A-Za-z][a-z]{1,20})?(?:[ ,(]{1,2}\d{1,2}[)]?)?"
_OFFSPRING = re.compile(  # each plural by its end, so that few letters begin one
    r"(?:kids|hildren|iblings|sons|ghters|others|isters|ousins|Kids|Sons|great-grands|twins)(?: at home| in school)?"
    rf"(?:, |: ?| \(| = ?| )(?P<phi>{_AGED}(?:(?:, and |, | and | & |; ){_AGED}){{0,7}})(?=[.,;)\n]|$| \w)"
)
_LAST_FIRST = re.compile(r"[(](?P<phi>(?P<last>[A-Z][A-Za-z'-]+), (?P<first>[A-Z][a-z'-]+)(?: [A-Z]\.?)?)[)]")
_NICKNAME = re.compile(
    r"(?:nswers to|oes by|nown as|to be called|icknamed?|Miss \w{1,20} or) \"(?P<phi>[A-Z][\w.' -]{1,24})\""
)


def _are_last_first(last: str, first: str) -> bool:
    """Say whether "(Adeyemi, Faith)" is a person: a surname and nothing else, then a word that may be a name."""
    known, second = kind_of(last.lower()), kind_of(first.lower())
    return (
        bool(known & IS_SURNAME)
        and not known & (TERM | ORDINARY | NO_NAME)
        and not second & (NO_NAME | TERM | CREDENTIAL)
    )


# ── what stands behind ───────────────────────────────────────────────────────────────────────────────────────────

_OWNER = r"(?:the|his|her|my|our|their|your|pt's|patient's|mom's|dad's|[A-Z][a-z]+'s)"
_BEHIND = re.compile(
    rf"(?:\"?, |\"? \(|,? (?:is|was) ){_OWNER}(?: ([\w-]+))? ([\w-]+)|\"? \(([\w-]{{3,}})[,);]"
    rf"| and {_OWNER} ([\w-]+)|,? \(?(?:my|his|her|our) \d{{1,2}} ?(y)",
    re.I,
)
_YOUNG = re.compile(r" \((?:1[0-7]|[1-9])(?: ?(?:y|yo|yr|yrs|mo|wk)[a-z]*)?\)")
_WHERE = re.compile(r"\b(?:in|at|to|from|near|of|on) $", re.I)  # "moved to Salem, her sister"
_ACTS = re.compile(
    r" (?:scribe|scribing|circulator|circulating|sitting w(?:ith|/)|says|writes|states|denies|reports|thinks|wants"
    r"|lives|drove)(?!\w)"
)


def _is_said_of(text: str, word: Word, *, named: bool) -> bool:
    """Say whether "X, her sister", "X (grandson)", "X (6)", "X says" stands here."""
    if not named or text[word.end : word.end + 1] not in (" ", ",", '"'):
        return False
    if word.text.istitle() and word.kind & NAMED:
        if word.kind & (IS_GIVEN | MAY_BE_GIVEN) and not word.kind & TERM and _YOUNG.match(text, word.end):
            return True
        if _ACTS.match(text, word.end):
            return True
    behind = _BEHIND.match(text, word.end)
    if behind is None or _WHERE.search(text, max(0, word.start - 6), word.start):
        return False
    return any(role and role.lower() in _BESIDE for role in behind.groups())


# ── what stands before ───────────────────────────────────────────────────────────────────────────────────────────

_APPOSED = re.compile(rf"(?:{_OWNER}|'s)(?: [\w-]+)? ([\w-]+), \"?$", re.I)
_ENDS_APPOSED = re.compile(r"\"?(?:[,.;)]| \(| (?:is|was|has|who|and|at)\b)")
_OWNED_ROLE = re.compile(r"'s [A-Za-z-]+ $")
_ASKED_FOR = re.compile(
    r"\b(?:(?:cover(?:ing|ed|s)?|coverage|filling in|calling|calls|asking|asks|asked|looking|looked) for"
    r"|(?:tearful|worried) (?:re|about)|ran into|(?:sits?|sitting|stays?|staying) with|raised by|answers to|goes by) $",
    re.I,
)
_NAMED_SO = re.compile(
    r"\b(?:name planned|planned name|naming (?:him|her|the baby)|named (?:him|her)|will be named|to be named) $", re.I
)
_ASKS = frozenset(["for", "re", "about", "into", "with", "by", "to"])
_NAMES = frozenset(["planned", "name", "him", "her", "baby", "named"])
_WHO_IS = re.compile(r"([\w-]+) is $")
_IS_WHO = frozenset(["doctor", "dentist", "lawyer", "landlord", "midwife", "boss", "lady", "pcp"])


def _is_announced(text: str, word: Word, *, named: bool) -> bool:  # noqa: PLR0911  # a list of cases, each with its answer
    """Say whether "her scheduler, X,", "covering for X", "SW X", "her sponsor is X" stands here."""
    before = text[max(0, word.start - 34) : word.start]
    if before[-2:] in (", ", ' "') and not word.text.isupper():
        apposed = _APPOSED.search(before)
        if apposed and apposed[1].lower() in _ROLES:
            return _ENDS_APPOSED.match(text, word.end) is not None
    if before[-1:] not in (" ", '"', "'"):
        return False
    before = before.rstrip("\"'")
    role = before[:-1].rpartition(" ")[2].rpartition("\n")[2].lstrip("(")
    low = role.lower()
    if named and low in _ASKS and _ASKED_FOR.search(before):
        return True
    if word.text.isupper():
        return False
    if low == "is" and (who := _WHO_IS.search(before)):
        said = who[1].lower()
        return (named and said in _BESIDE) or (said in _IS_WHO and text[word.end : word.end + 1] in (",", "."))
    if role in _AT_WORK or role in _OR_ELSE:
        sure = bool(word.kind & NAMED) or (named and role in _AT_WORK)
        return sure or _OWNED_ROLE.search(before) is not None
    if role in _FAMILY:
        return not word.kind & (TERM | RARE) or bool(word.kind & NAMED)
    return (named and low in _ROLES_IN_NOTES) or (low in _NAMES and _NAMED_SO.search(before) is not None)


# ── short forms ──────────────────────────────────────────────────────────────────────────────────────────────────

_DOES = re.compile(
    r"(?:'s|,? who)?(?: also)? (?:is|was|has|had|says|said|writes|wrote|thinks|wants|feels|reports|states|denies|came"
    r"|went|did|does|took|takes|lives|likes|asks|told|will|[a-z]{2,}ed)\b"
)
_AFTER_AN_ACT = re.compile(r"\b(?:by|with|from|per|told|asked) $")
_SIGNS_OFF = re.compile(r"(?<![a-z])(?:thx|thanks|thank you|ty|love|its|it's|-) ?([a-z]{3,6})(?=[ \t.!]*(?:\n|$))")
_LONG = re.compile(r"[A-Za-z]{5,}")


def short_forms(text: str, words: list[Word], found: list[Hit]) -> Iterator[Hit]:
    """Yield words that begin a name found, where they act or sign: "Bri wrote" of a Brianna, "thx bri"."""
    names = {part.lower() for hit in found for part in _LONG.findall(text, hit.start, hit.end)}
    begun = {name[:size] for name in names for size in range(2, min(len(name), 7))}
    for word in words:
        if word.text.istitle() and word.text.lower() in begun and not word.kind & (NO_NAME | CREDENTIAL):
            if _AFTER_AN_ACT.search(text, max(0, word.start - 8), word.start):
                known = not word.kind & ORDINARY
            else:
                does = _DOES.match(text, word.end)
                listed = bool(word.kind & NAMED) and not word.kind & TERM
                known = does is not None and (listed or (not word.kind and does.group()[-3:] not in (" is", "was")))
            if known:
                yield Hit(word.start, word.end, 0.5)
    for match in _SIGNS_OFF.finditer(text):
        if match[1] in begun and not kind_of(match[1]) & (ORDINARY | NO_NAME):
            yield Hit(*match.span(1), 0.5)


# ── what goes on around a name ───────────────────────────────────────────────────────────────────────────────────

_TAIL = re.compile(r",? (?:J[rR]|S[rR]|I{2,3})\b\.?(?!\w)|(?:,? Vda)?\. de(?: la|l)? [A-Z][a-z]+")
_EPITHET = re.compile(r"(?:Big|Little|Lil'?|Old|Papa|Mama|Maw Maw|Paw Paw|Granny|Auntie|Baby) $")


def widened(text: str, found: list[Hit]) -> Iterator[Hit]:
    """Yield found names with what belongs to them: "Jr", "Vda. de Luna", "Big"."""
    for hit in found:
        tail = _TAIL.match(text, hit.end)
        head = _EPITHET.search(text, max(0, hit.start - 8), hit.start)
        if tail or head:
            yield Hit(head.start() if head else hit.start, tail.end() if tail else hit.end, hit.score)
