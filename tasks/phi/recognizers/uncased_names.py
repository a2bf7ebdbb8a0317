"""Names in lower case, as in portal messages and typed-in drafts: behind a title, a role, a relation, a greeting.

The cues are general knowledge of such texts. It does not cover a name in lower case that is also a word, unless what
stands beside it says that it is a person, nor unlisted names without a cue.
"""

import re
from collections.abc import Iterator

from tasks.phi.recognizers.name_cues import NOTE
from tasks.phi.recognizers.name_shapes import is_eponym
from tasks.phi.recognizers.rules import Hit, Rule
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
    return bool(kind & NAMED) or not (kind & (NO_NAME | TERM | ORDINARY) or is_medical(word))


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


def _is_one(word: str) -> bool:
    """Say whether a word is listed as a name and known as nothing else but a rare word."""
    kind = kind_of(word) if word.islower() else 0
    return bool(kind & NAMED) and not kind & (ORDINARY | TERM | NO_NAME | CREDENTIAL)


def _are_two(words: str) -> bool:
    """Say whether words are a given name and another name, one of them at least nothing else."""
    parts = words.split()
    kinds = [kind_of(part) for part in parts] if words.islower() else [0]
    named = all(kind & NAMED and not kind & NO_NAME for kind in kinds)
    return named and bool(kinds[0] & (IS_GIVEN | MAY_BE_GIVEN)) and any(_is_one(part) for part in parts)


def _may_be_given(word: str) -> bool:
    kind = kind_of(word) if word.islower() else 0
    return bool(kind & (IS_GIVEN | MAY_BE_GIVEN)) and not kind & NO_NAME


def _is_listed_and_another(words: str) -> bool:
    """Say whether a name, or the day of a week, and a word that nothing else is known of stand here."""
    if not words.islower():
        return False
    first, second = words.split()
    known = kind_of(second)
    return (
        (bool(kind_of(first) & NAMED) or first.endswith("day"))
        and not known & ~NAMED
        and len(second) > 3
        and not is_medical(second)
    )


def _is_signed(words: str) -> bool:
    """Say whether what initials precede is listed as a surname, or known as nothing."""
    last = words.rpartition(" ")[2].rpartition(".")[2]
    kind = kind_of(last) if words.islower() else NO_NAME
    return not kind & (NO_NAME | CREDENTIAL) and bool(kind & NAMED or (not kind and not is_medical(last)))


_TITLED = _cues("dr mr mrs ms r rs")
_GREETINGS = _cues("name its hi i hello dear ear thanks thank thx love ove regards per er read am") | {"this"}
_ROLES = _cues("rn lpn nurse np tech scribe pct cna aide clinician sw hha")
_ANNOUNCED = (
    "rn lpn np pa md do sw hha cna peer staff deputy officer tia tio abuela abuelo prima primo counselor sponsor"
    " worker ex"
)
_KIN = _cues(
    "wife husband spouse son daughter dtr mother father mom mum dad sister brother aunt uncle cousin niece nephew"
    " grandma grandpa grandson granddaughter partner friend neighbor neighbour girlfriend boyfriend roommate fiance"
    " fiancee nurse law lady clinician sitter scribe caseworker landlord teacher boss"
)
_OWNED = _cues("my her his our")
_RELATIVES = (
    r"(?:wife|husband|spouse|son|daughter|dtr|mother|father|mom|mum|dad|sister|brother|aunt|uncle|cousin|niece|nephew"
    r"|grandma|grandpa|grandson|granddaughter|partner|friend|neighbor|neighbour|girlfriend|boyfriend|roommate|fiancee?|nurse"
    r"|in[ -]law|lady|clinician|sitter|scribe|caseworker|landlord|teacher|boss)"
)
_WHO = rf"(?:{_ANNOUNCED.replace(' ', '|')}|{_RELATIVES[3:-1]})"


# Names in lower case cannot be cut where prose begins, so these say more about what follows them; each with the words
# of which one must be there, because looking up words costs less than looking for literals.
UNCASED = (
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
                rf"(?<![a-z])(?:rn|lpn|nurse|np|tech|scribe|by|pct|cna|aide|per|clinician|sw|hha|/)[ \t:]+"
                rf"(?P<phi>[a-z]\.[ \t]?{_W})(?!\w)"
            ),
            0.7,
            (),
            _reads_like_a_name,
            lower=True,
        ),
    ),
)

# the same in notes alone: papers have patients, sons and workers too, and no names behind them
UNCASED_IN_NOTES = (
    (
        _cues("rn md lpn np pa cna lac lcsw lpc"),
        Rule(
            re.compile(
                rf"(?P<phi>[a-z](?<![\w.][a-z])\.[ ]?(?:[a-z]\.[ ]?)?{_W}),?[ ]+"
                r"(?:rn|md|lpn|np|pa|cna|lac|lcsw|lpc)(?!\w)"
            ),
            0.7,
            (),
            _is_signed,
            lower=True,
        ),
    ),
    (
        _KIN | _cues(_ANNOUNCED),
        Rule(re.compile(rf"(?<![a-z-]){_WHO}[ ](?P<phi>{_W})(?![\w-])"), 0.6, (), _is_one, lower=True),
    ),
    (
        _KIN | _cues(_ANNOUNCED),
        Rule(re.compile(rf"(?<![a-z-]){_WHO}[ ](?P<phi>{_W} {_W})(?![\w-])"), 0.6, (), _are_two, lower=True),
    ),
    (
        _cues("covering cover calling asking asked into"),
        Rule(
            re.compile(rf"(?:cover|covering|calling|asking|asked) for (?P<phi>{_W})(?=[ ]?[.,;(\n])"),
            0.6,
            (" for ",),
            _may_be_given,
            lower=True,
        ),
    ),
    (
        _cues("into"),
        Rule(re.compile(rf"ran into (?P<phi>{_W})(?=[ ]?[.,;(\n])"), 0.6, ("ran into ",), _may_be_given, lower=True),
    ),
    (
        _OWNED,
        Rule(
            re.compile(
                rf"(?P<phi>[a-z](?<![\w'-][a-z])[a-z'-]+) \((?:my|her|his|our) (?:[a-z]+ )?"
                rf"(?:{_RELATIVES}|sponsor|\d\d? ?y)"
            ),
            0.6,
            ("(my ", "(her ", "(his ", "(our "),
            _may_be_given,
            lower=True,
        ),
    ),
    (
        _cues("and kids children"),
        Rule(
            re.compile(rf"(?:and|kids|children|sons|daughters) (?P<phi>{_W}) \((?=\d\d?(?: ?y[a-z]*)?\))"),
            0.6,
            ("(",),
            _may_be_given,
            lower=True,
        ),
    ),
    (
        _cues("probation parole"),
        Rule(
            re.compile(rf"(?:probation|parole) (?:officer|po) (?P<phi>{_W})(?=[,.;:)\n]| (?:is|was|says|wants)\b)"),
            0.6,
            ("probation", "parole"),
            _is_a_name,
            lower=True,
        ),
    ),
    (
        _TITLED,
        Rule(
            re.compile(
                rf"(?<![a-z-])(?:dr|mrs?|ms)\.? (?P<phi>{_W} {_W})"
                r"(?=[.,;:?!)\n]|$| (?:last|on|today|tomorrow|said|told|is|was)\b)"
            ),
            0.6,
            (),
            _is_listed_and_another,
            lower=True,
        ),
    ),
)

UNCASED_CUES = frozenset().union(*(cues for cues, _ in (*UNCASED, *UNCASED_IN_NOTES)))
"""The words of which one must be there for any of these rules."""


_INITIAL = re.compile(r" [a-z]\.(?=[),;]|$)")
_SAYS = re.compile(
    r" (?:says|said|told|will|is|was|has|had|drove|thinks|wants|asked|called|came|gave|left"
    r"|went|took|got)\b"
)


def listed_in_lower_case(text: str, present: set[str], evidence: int) -> Iterator[Hit]:
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
            initial = _INITIAL.match(text, end)
            yield Hit(match.start(), initial.end() if initial else end, 0.6)
