"""Names of patients, relatives and clinicians (45 CFR 164.514(b)(2)(i)(A)).

Covers listed names; titles, post-nominals, field labels, roles and relations, "per", "told", "spoke with", ages and
acts beside a name; "First L.", "Last, First", initials beside a surname; the initials of somebody named, where they
sign; and every other mention of a name once found, also in lower case. An eponym ("Parkinson disease", "Hodgkin
lymphoma") and a citation in text ("Johnson and Lee, NEJM 2015") are no person here. The rule is Safe Harbor's first
item; the cues are general knowledge of clinical notes. A text that reads like a note is also searched for words that
no list knows (`unlisted_names`); in a paper one listed name alone is none either. It does not cover single unlisted
names without a cue, nicknames that are ordinary words, a name in lower case that is also a word, or other scripts.
"""

import re
from collections.abc import Iterable, Iterator

from tasks.phi.recognizers.listed_names import names, other_mentions
from tasks.phi.recognizers.name_shapes import Word, capitalised_words, is_eponym
from tasks.phi.recognizers.rules import Hit, Rule, RuleRecognizer
from tasks.phi.recognizers.unlisted_names import NOTE, labelled_names, names_in_notes, note_evidence
from tasks.phi.recognizers.words import (
    CREDENTIAL,
    IS_GIVEN,
    MAY_BE_GIVEN,
    NAMED,
    NO_NAME,
    ORDINARY,
    TERM,
    given_names_among,
    is_medical,
    kind_of,
)

_PARTICLE = r"(?:(?:van der|van|von|de la|del|de|la|le|al|el)[ ])?"
_W = r"[a-z][a-z'-]+"


def _reads_like_a_name(words: str) -> bool:
    """Say whether words are listed as names, or at least none of them is an ordinary word or a medical one."""
    if not words.islower():
        return False
    kinds = [(part, kind_of(part)) for part in words.lower().replace(",", " ").split() if len(part.strip(".")) > 1]
    if not kinds or any(kind & NO_NAME and not kind & NAMED for _, kind in kinds):
        return False
    if any(kind & (ORDINARY | TERM) and not kind & NAMED for _, kind in kinds):
        return False
    if all(kind & ORDINARY for _, kind in kinds):
        return len(kinds) > 1 and any(kind & IS_GIVEN for _, kind in kinds)
    return not any(not kind and is_medical(part) for part, kind in kinds)


def _is_a_name(word: str) -> bool:
    if not word.islower():
        return False
    kind = kind_of(word.rpartition(" ")[2])
    return not (kind & (NO_NAME | TERM) and not kind & NAMED) and not (kind & ORDINARY and not kind & NAMED)


def _is_unlisted(word: str) -> bool:
    """Say whether a word in lower case is neither ordinary nor rare nor ends as a medical one."""
    return word.islower() and len(word) > 5 and not kind_of(word) & ~NAMED and not is_medical(word)


def _is_given(word: str) -> bool:
    if not word.islower():
        return False
    kind = kind_of(word.lower())
    return not kind & NO_NAME and (bool(kind & (IS_GIVEN | MAY_BE_GIVEN)) or _is_listed(word) or _is_unlisted(word))


def _is_listed(words: str) -> bool:
    """Say whether every word is listed as a name, the first as a given one where it is also another word."""
    if not words.islower():
        return False
    kinds = [kind_of(part) for part in words.lower().replace(",", " ").split()]
    first = kinds[0]
    return all(kind & NAMED and not kind & NO_NAME for kind in kinds) and (
        not first & ORDINARY or (bool(first & (IS_GIVEN | MAY_BE_GIVEN)) and words.lower() not in _GREETED)
    )


# words that are names too and follow a greeting or a label as themselves
_GREETED = frozenset(
    [
        "will",
        "hope",
        "may",
        "so",
        "sue",
        "see",
        "doc",
        "dear",
        "guy",
        "love",
        "son",
        "miss",
        "pat",
        "any",
        "an",
        "in",
        "my",
    ]
)


def _cues(words: str) -> frozenset[str]:
    """Return the words, and the tails of the longer, which is what is lower case in them where a sentence begins."""
    return frozenset(words.split()) | frozenset(word[1:] for word in words.split() if len(word) > 4)


_TITLED = _cues("dr mr mrs ms r rs")
_GREETINGS = _cues("name its hi i hello dear ear thanks thank thx love ove regards per er read am") | {"this"}
_ROLES = _cues("rn lpn nurse np tech scribe pct cna aide clinician")
_KIN = _cues(
    "wife husband spouse son daughter dtr mother father mom mum dad sister brother aunt uncle cousin niece nephew"
    " grandma grandpa grandson granddaughter partner friend neighbor neighbour girlfriend boyfriend roommate fiance"
    " fiancee nurse"
)
_RELATIVES = (
    r"(?:wife|husband|spouse|son|daughter|dtr|mother|father|mom|mum|dad|sister|brother|aunt|uncle|cousin|niece|nephew"
    r"|grandma|grandpa|grandson|granddaughter|partner|friend|neighbor|neighbour|girlfriend|boyfriend|roommate|fiancee?|nurse)"
)


# Names in lower case cannot be cut where prose begins, so these say more about what follows them; each with the words
# of which one must be there, because looking up words costs less than looking for literals.
_LOWER_CASE = (
    (
        _TITLED,
        Rule(
            re.compile(rf"(?<![a-z-])(?:dr|mrs?|ms)\.?[ \t]+(?P<phi>{_PARTICLE}{_W})(?![\w-])"),
            0.7,
            (),
            _is_a_name,
            lower=True,
        ),
    ),
    (
        _TITLED,
        Rule(
            re.compile(
                rf"(?<![a-z-])(?:dr|mrs?|ms)\.[ \t]*"
                rf"(?P<phi>{_PARTICLE}{_W}(?:[ \t]+[a-z]\.|(?:[ \t]+{_W}){{1,2}}(?=[.,;:?!)\n]|$)))(?![\w-])"
            ),
            0.7,
            (),
            _reads_like_a_name,
            lower=True,
        ),
    ),
    (
        _cues("nurse"),
        Rule(
            re.compile(r"nurse(?<![a-z]nurse)[ ](?P<phi>[a-z][a-z'-]{3,})(?![\w-])"), 0.6, (), _is_unlisted, lower=True
        ),
    ),
    (
        _cues("for"),
        Rule(
            re.compile(rf"for (?<![a-z]for )(?P<phi>{_W}[ \t]+{_W})(?=:[ \n])"),
            0.6,
            (":",),
            _reads_like_a_name,
            lower=True,
        ),
    ),
    (
        _cues("name"),
        Rule(
            re.compile(
                rf"name(?<![a-z]name)(?:[ \t]*[:=]|[ \t]+is)[ \t]*(?P<phi>{_W}(?:,?[ \t]+[a-z][a-z'.-]*){{0,2}}?)"
                r"(?=[ \t]*(?:[.,;()\n|]|$| and | dob))"
            ),
            0.7,
            (),
            _reads_like_a_name,
            lower=True,
        ),
    ),
    (
        _GREETINGS,
        Rule(
            re.compile(
                r"(?<![a-z])(?:this is|my name is|its|it's|i am|i'm|hi|hello|dear|thanks|thank you|thx|love"
                r"|regards|per|read back)"
                rf"[ \t,]+(?P<phi>{_W}(?:[ \t]+{_W})?)(?=[ \t]*(?:[.,;:?!()\n]|$))"
            ),
            0.6,
            (),
            _is_listed,
            lower=True,
        ),
    ),
    (
        _KIN,
        Rule(
            re.compile(
                rf"(?<![a-z]){_RELATIVES}(?:'s name)?(?:,? (?:is|was|named|called))?,?[ \t]+(?P<phi>{_W})"
                r"(?=[ \t]*(?:[.,;:?!()\n]|$)|[ ](?:who|is|was|has|and|says|said|will|drove|called|[a-z]+ed)\b)"
            ),
            0.6,
            (),
            _is_given,
            lower=True,
        ),
    ),
    (
        _cues("rn md lpn ma np pa cna"),
        Rule(
            re.compile(
                rf"(?<![\w.])(?P<phi>[a-z]\.[ \t]?{_W}|{_W}[ \t]+[a-z]\.?),?[ \t]+(?:rn|md|lpn|ma|np|pa-c|do|cna)(?!\w)"
            ),
            0.7,
            (),
            _reads_like_a_name,
            lower=True,
        ),
    ),
    (
        _ROLES,
        Rule(
            re.compile(
                rf"(?<![a-z])(?:rn|lpn|nurse|np|tech|scribe|by|pct|cna|aide|per|clinician|/)[ \t:]+"
                rf"(?P<phi>[a-z]\.[ \t]?{_W})(?!\w)"
            ),
            0.7,
            (),
            _reads_like_a_name,
            lower=True,
        ),
    ),
)


class NameRecognizer(RuleRecognizer):
    """Personal names."""

    category = "NAME"
    rules = tuple(rule for _, rule in _LOWER_CASE)

    def find(self, text: str) -> Iterable[Hit]:
        """Yield names by list, cue and surroundings, then every other mention of their words."""
        words = capitalised_words(text)
        present = set(_LETTERS.findall(text))
        evidence = note_evidence(words, present)
        found = list(names(text, words, evidence))
        found += labelled_names(text)
        if evidence >= NOTE:
            found += names_in_notes(text, words)
            found += _initials_in_notes(text)
        for cues, rule in _LOWER_CASE if evidence else ():
            if not cues.isdisjoint(present):
                found += rule.hits(text)
        found += _dotted_initials(text)
        found += _listed_in_lower_case(text, present, evidence)
        yield from found
        if found:
            yield from other_mentions(text, words, found, present)
            yield from _signing_initials(text, words, found)


_DOTTED = re.compile(
    r"[A-Z](?<![\w.][A-Z])\.[ ]?[A-Z]\.(?:[ ]?[A-Z]\.)?"
    r"(?=,? (?:is |was )?(?:an? )?\d{1,3}(?:[ -]?y|,? [MF]\b|,)|'s\b)"
)


def _dotted_initials(text: str) -> Iterator[Hit]:
    for match in _DOTTED.finditer(text):
        yield Hit(*match.span(), 0.7)


_SAYS = re.compile(r" (?:says|said|told|will|is|was|has|had|drove|thinks|wants|asked|called|came|gave)\b")
_LETTERS = re.compile(r"[a-z]+")


def _listed_in_lower_case(text: str, present: set[str], evidence: int) -> Iterator[Hit]:
    """Yield given names in lower case that are no ordinary word, with the name that follows them."""
    for name in given_names_among(present, common=evidence < NOTE // 2):
        for match in re.finditer(
            rf"(?<![\w@.'/-]){name}(?:[ \t]+(?:[a-z]\.?[ \t]+)?([a-z]{{3,}}(?:-[a-z]+)*))?(?![\w@-])", text
        ):
            second = kind_of(match[1]) if match[1] else 0
            goes_on = second & NAMED and not second & (ORDINARY | TERM)
            end = match.end() if goes_on else match.start() + len(name)
            if (not goes_on and len(name) < 5 and not _SAYS.match(text, end)) or is_eponym(text, end):
                continue
            yield Hit(match.start(), end, 0.6)


_IN_NOTES = re.compile(
    r"[A-Z](?<![\w/.-][A-Z])[A-Z]{1,2}"
    r"(?:(?= (?:RN|LPN|CNA|PA-C)\b)|(?<=\d\d:\d\d [A-Z]{2})(?=:)|(?<=\d\d:\d\d [A-Z]{3})(?=:))"
    r"|[A-Z](?<=\n[A-Z])[A-Z]{1,3}[/:][a-z]{2,4}(?=[ \t]*(?:\n|$)|[ ]{2})"
)
_PLACES_OF_WORK = frozenset(
    ["ED", "ER", "OR", "ICU", "CCU", "OB", "AM", "PM", "IV", "PO", "GI", "IR", "HD", "VS", "MD", "NP"]
)


def _initials_in_notes(text: str) -> Iterator[Hit]:
    """Yield initials that stand where somebody signs: "given TW RN", "10:40 SP: called", "AVT/ms" on its own line."""
    for match in _IN_NOTES.finditer(text):
        if match.group() not in _PLACES_OF_WORK and not kind_of(match.group().lower()) & (
            NO_NAME | ORDINARY | CREDENTIAL
        ):
            yield Hit(*match.span(), 0.5)


_CAPITALS = re.compile(r"[A-Z]{2,4}(?![A-Za-z])")
_SIGNED = re.compile(
    r"[A-Z](?<!\w[A-Z])[A-Z]{1,3}(?![A-Za-z])"
    r"(?:(?=,? (?:RN|LPN|MD|DO|NP|PA-C|PharmD|CNA|MA)\b)|(?=[ \t]*/[ \t]*[A-Za-z]{2,3}\b)"
    r"|(?<=/[A-Z]{2})|(?<=/[A-Z]{3})|(?=: )|(?=[ \t]*(?:\n|$|\|))"
    r"|(?=\)| \())"
)
_TYPED = re.compile(
    r"(?:^|\n|[ \t]{2})[ \t]*(?P<a>[A-Z]{2,3})[ \t]?[:/][ \t]?(?P<b>[a-z]{2,3}|[A-Z]{2,3})(?=[ \t]*(?:\n|$)|[ \t]{2})"
)


def _signing_initials(text: str, words: list[Word], found: list[Hit]) -> Iterator[Hit]:
    """Yield the initials of somebody named where they sign: "KAB", "TW RN", and the typist's behind them: "HM:jlt"."""
    initials = set()
    for hit in found:
        parts = re.findall(r"[A-Za-z]+", text[hit.start : hit.end])
        if len(parts) > 1:
            letters = "".join(part[0].upper() for part in parts)
            initials |= {letters, letters[0] + letters[-1], letters[-1] + letters[:-1]}
    if initials.isdisjoint(_CAPITALS.findall(text)):
        return
    for match in _SIGNED.finditer(text):
        if match.group() in initials and kind_of(match.group().lower()) & NO_NAME == 0:
            yield Hit(*match.span(), 0.6)
    for match in _TYPED.finditer(text):
        if match["a"] in initials:
            yield Hit(*match.span("a"), 0.6)
            yield Hit(*match.span("b"), 0.6)
