"""Rules: patterns with a name, a score and a reason to look, as recognizers of Presidio's analyzer.

Presidio's own `PatternRecognizer` compiles with IGNORECASE, under which `[A-Z]` also means lower case, and runs every
pattern over every text. A `Rule` states its flags itself and looks only where one of its literals occurs. Most
identifiers are numbers: the rules for them read an `Excerpt`, the numbers of a text with the words that label them,
which is found once for all of them and is a small part of prose.
"""

import bisect
import functools
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from tasks.phi.presidio import EntityRecognizer, RecognizerResult
from tasks.phi.recognizers.columns import cells_by_category
from tasks.phi.recognizers.words import kind_of


class Hit(NamedTuple):
    """Where a rule matched (characters, half-open) and how sure it is (0-1)."""

    start: int
    end: int
    score: float


class Excerpt(NamedTuple):
    """Parts of a text in their order, a null between them, and the way back into the text."""

    text: str
    lower: str
    starts: list[int]
    """Where each part starts in the excerpt."""
    origins: list[int]
    """Where each part starts in the text."""
    words: frozenset[str]
    """The first letters, three at most, of its words, in lower case."""

    def origin(self, position: int) -> int:
        """Return where a character of the excerpt stands in the text."""
        part = bisect.bisect_right(self.starts, position) - 1
        return self.origins[part] + position - self.starts[part]


class Rule(NamedTuple):
    r"""A pattern; the group `phi`, if there is one, is what it identifies, otherwise the whole match.

    `gate` holds lower-case literals of which one must occur in the text; empty: always look. `accept` may refuse a
    value. With `lower` the pattern reads the text in lower case and is written in it, which is far quicker than
    IGNORECASE; `accept` still sees the text as it is. A pattern that begins with a literal or a set of characters,
    its boundary behind them (`[0-9](?<!\w[0-9])`), is searched many times quicker than one that begins with its
    boundary, because the search then jumps to where it may begin. `within` is `labelled_numbers` or `long_numbers`
    for a rule that needs to read no more of the text than that; then `words` may hold the first
    letters (`Excerpt.words`) of words of which one must be there.
    """

    pattern: re.Pattern[str]
    score: float
    gate: tuple[str, ...] = ()
    accept: Callable[[str], bool] | None = None
    lower: bool = False
    within: Callable[[str], Excerpt] | None = None
    words: frozenset[str] = frozenset()

    def hits(self, text: str) -> list[Hit]:
        """Return the accepted matches in order."""
        if self.within is not None:
            excerpt = self.within(text)
            # asked here, because most rules end here and a call more for each is felt
            if not excerpt.text or (self.words and self.words.isdisjoint(excerpt.words)):
                return []
            return self._hits_within(excerpt)
        if self.gate and not occurs(self.gate, lowered(text)):
            return []
        return self._hits_in(text, lowered(text) if self.lower else text)

    def _hits_in(self, text: str, read: str) -> list[Hit]:
        group = "phi" if "phi" in self.pattern.groupindex else 0
        search, accept, hits = self.pattern.search, self.accept, []
        match = search(read)
        while match:
            start, end = match.span(group)
            if start == end or (accept and not accept(text[start:end])):
                # what was no value may be the next label: "Device serial:PX-1234"
                end = start if start > match.start() else match.end() + (start == end)
            else:
                hits.append(Hit(start, end, self.score))
                end = match.end()
            match = search(read, end)
        return hits

    def _hits_within(self, excerpt: Excerpt) -> list[Hit]:
        if self.gate and not occurs(self.gate, excerpt.lower):
            return []
        hits = self._hits_in(excerpt.text, excerpt.lower if self.lower else excerpt.text)
        # a value may begin and end in different parts: "ID 12 and 34" is one part or two
        return [Hit(excerpt.origin(start), excerpt.origin(end - 1) + 1, score) for start, end, score in hits]


def occurs(literals: tuple[str, ...], read: str) -> bool:
    """Say whether one of the literals occurs."""
    for literal in literals:  # noqa: SIM110  # a generator in any() takes three times as long, and this runs per rule
        if literal in read:
            return True
    return False


@functools.lru_cache(maxsize=2)
def lowered(text: str) -> str:
    """Return the lower-case text, of the same length, computed once for all the rules that look at it."""
    return _lower(text)


def _lower(text: str) -> str:
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


# A number as far as it goes on in groups: 4111 1111 1111 1111, (503) 555-0147.
_NUMBER = re.compile(
    r"[0-9]\S*(?:\s{1,2}[-(+]?[0-9]\S*|(?<=[0-9]{3})\s-\s[0-9]{4}(?![^\s.,;)])|\s[A-Z]{1,4}[0-9]{0,4}(?=\s[0-9]))*"
)
# Short words of measures, forms and dates that no list of English words holds.
_ABBREVIATED = frozenset(
    re.findall(
        r"\S+",
        "mg mcg ml dl kg mm cm hg ng iu meq mmol bpm bp hr rr kcal lb lbs oz ft st nd rd th am pm hx dx rx tx sx yo yr "
        "yrs hrs min mins sec wk wks mo mos bid tid qid prn po iv im sc hs pt pts vs wnl cxr ekg ecg cbc bmp cmp hgb "
        "hct wbc plt inr esr crp tsh bun gfr ldl hdl ast alt bnp id ids no nos num nbr acct mrn ssn npi dea lic csn "
        "har fin ehr emr vin udi sn lot tel fax ext cell apt ste rm fl zip dob doa dos age sex mon tue wed thu fri sat "
        "sun jan feb mar apr jun jul aug sep sept oct nov dec icd cpt ndc chr fig figs ref vol pp dr mr mrs ms",
    )
)


def is_code_prefix(word: str) -> bool:
    """Say whether a word may be the letters of a code that stand apart before its digits: "SC 14 09 77", "lgt 33190".

    Up to four capitals may; of lower-case letters, those that are no word.
    """
    if len(word) > 4:
        return False
    return word.isupper() or (word.isalpha() and word.islower() and word not in _ABBREVIATED and not kind_of(word))


# Its unit, or what it counts.
_COUNTED = re.compile(r"[ ][a-zA-Z%]{1,14}(?![a-zA-Z])")
_LABEL_WIDTH = 80
"""Characters before a number in which its label is looked for: a form's columns stand apart."""
# What may stand between a keyword and its value; more than needed costs little, a word too few loses the value.
_LINKING = frozenset(
    re.findall(
        r"\S+",
        "id ids identifier identification no nos num number numbers nbr nr code # is was are of on at "
        "to in the its a an it ending ends last four 4 digits digit new file record x xx xxx xxxx s "
        "line from changed date as",
    )
) | {""}
_PUNCTUATION = ".,:;#=|-()[]{}<>\"'*/•_"


@functools.lru_cache(maxsize=2)
def labelled_numbers(text: str) -> Excerpt:
    """Return the numbers of three characters and more, and codes with digits, with what may label them."""
    parts: list[tuple[int, int]] = []
    done = 0
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        before = text[max(done, start - _LABEL_WIDTH) : start]
        apart = not before or before[-1].isspace()
        if apart and end - start < 3:
            continue
        words = before.split()
        label = len(words) if apart else len(words) - 1
        if label and (
            is_code_prefix(words[label - 1])
            or (
                len(words[label - 1]) < 4
                and label > 1
                and words[label - 2].endswith(":")
                and words[label - 1].isalpha()
            )
        ):
            label -= 1
        while label and words[label - 1].strip(_PUNCTUATION).lower() in _LINKING:
            label -= 1
        if label > 2:
            # two words: "medical record", "driver's licence"
            before = before.split(None, label - 2)[-1]
        counted = _COUNTED.match(text, end)
        parts.append((start - len(before), counted.end() if counted else end))
        done = end
    return _excerpt(text, parts)


# What may be more than a count, a year or a measured value: five digits, or letters and digits together.
_LONG = re.compile(
    r"[0-9](?:[^\s0-9,/]{0,3}[ ]?[^\s0-9,/]{0,3}[0-9]){4}"
    r"|[A-Z0-9]{2}(?<=[A-Z][0-9]|[0-9][A-Z])[A-Z0-9-]{4}"
    r"|[:-][0-9a-fA-F]{0,4}[:-][0-9a-fA-F:]|[0-9a-f]{4}[.][0-9a-f]{4}"
)


@functools.lru_cache(maxsize=2)
def long_numbers(text: str) -> Excerpt:
    """Return of `labelled_numbers` those that may identify by their shape alone."""
    excerpt = labelled_numbers(text)
    if not excerpt.text:
        return excerpt
    ends = [*excerpt.starts[1:], len(excerpt.text) + 1]
    parts = [
        (origin, origin + end - 1 - start)
        for start, end, origin in zip(excerpt.starts, ends, excerpt.origins, strict=True)
        if _LONG.search(excerpt.text, start, end)
    ]
    return _excerpt(text, parts)


# No whitespace and no letter: no pattern reads over it by chance.
_APART = "\0"


def _excerpt(text: str, parts: list[tuple[int, int]]) -> Excerpt:
    starts, at = [], 0
    for start, end in parts:
        starts.append(at)
        at += end - start + 1
    joined = _APART.join([text[start:end] for start, end in parts])
    lower = _lower(joined)
    return Excerpt(
        joined, lower, starts, [start for start, _ in parts], frozenset([word[:3] for word in _WORD.findall(lower)])
    )


_WORD = re.compile("[a-z]+")


def heads(words: str) -> frozenset[str]:
    """Return the first letters, three at most, of the words in a line: what `Rule.words` holds."""
    return frozenset([word[:3] for word in words.split()])


_LINK = (
    r"(?:\s*(?:\b(?:id(?:entifier|entification)?s?|nos?|num(?:ber)?s?|nbr|code)\b\.?|on file\b|\([a-z ]{1,20}\)|\#|№))*"
)
_IS = (
    r"(?:[\s\"'\])]*(?:[:=|>\-]|(?<=\bid),|(?<=number),|\b(?:is|was|of|as)\b(?!-)|\bending(?:\s+in)?\b)){0,2}"
    r"[\s\"'\[(]*"
)
_KEYED_VALUE = r"#?[a-z0-9]+(?:[-./_][a-z0-9]+|(?<=\d)[ ]\d{3,})*"
# After a word that also has a plain meaning: no year, no range of years, no measured value, no count of something.
_NOT_A_YEAR = (
    r"(?!(?:(?:19|20)\d\d(?:\s?[-/]\s?(?:19|20)?\d\d)?|\d{1,3}(?:[.,]\d+)*)s?(?![\w-]|/\d|[ ]\d))"
    r"(?!nct\d|pmid|pmc\d|isrctn|eudract|doi\b)"
)
_NOT_A_COUNT = (
    r"(?![ ](?:patients|subjects|participants|people|persons|children|women|men|adults|cases|controls|individuals"
    r"|units?|mg|mcg|g|kg|ml|l|iu|cells|copies|bp|kb|years|months|weeks|days|hours|families|members|samples|per)\b)"
)


# "Pacemaker serial number PX-1": pacemaker is not followed by its number, and must leave "serial" to be tried.
_SOON_A_DIGIT = (
    r"(?=\S{0,40}?\d|(?!(?:sn|id|no|lot|ref|acct|mrn|csn|dea|npi|lic|dl)\b)[a-z]{1,4}(?:-[a-z]{1,4})?[ ][a-z]{0,2}\d)"
)


def keyed(
    keywords: str,
    *,
    words: str,
    value: str = _KEYED_VALUE,
    digits: int = 4,
    score: float = 0.95,
    plain: bool = False,
) -> Rule:
    """Return the rule "keyword, perhaps No/ID/#, perhaps is/:/=, then a value with at least `digits` digits".

    Keywords and value are written in lower case. `words` has the first letters, three at most, of words of which one is
    in every keyword. The keyword is among the last words before a number (`_LINKING` words aside).
    A `plain` keyword is also a word of prose: a year, a range or a count after it is no value.
    """
    if plain:
        value = f"{_NOT_A_YEAR}(?:{value})"
    counted = _NOT_A_COUNT if plain else ""
    pattern = re.compile(
        rf"(?<![a-z])(?:{keywords})s?(?![a-z]){_LINK}{_IS}{_SOON_A_DIGIT}(?P<phi>{value})(?![a-z0-9]){counted}"
    )
    return Rule(pattern, score, (), functools.partial(_is_value, digits=digits), True, labelled_numbers, heads(words))


def _is_value(phi: str, *, digits: int) -> bool:
    return has_digits(phi, at_least=digits) and not is_led_by_a_word(phi)


def is_led_by_a_word(phi: str) -> bool:
    """Say whether letters that stand apart before the digits are a word and no part of a code: "in 2021"."""
    first, _, rest = phi.partition(" ")
    return bool(rest) and first.isalpha() and not is_code_prefix(first)


def has_digits(text: str, *, at_least: int) -> bool:
    """Say whether enough digits, or masks in their place, make the text an identifier rather than a word or a dose."""
    return sum(c.isdigit() or c in "*•" for c in text) >= at_least and any(c.isdigit() for c in text)


_OF_A_COLUMN = 0.96  # more than what a shape says: a birth date is a date as well


class RuleRecognizer(EntityRecognizer):  # type: ignore[misc]  # Presidio carries no types here
    """A recognizer of one category by rules; a subclass may override `find` for what a pattern cannot say."""

    category = ""
    rules: tuple[Rule, ...] = ()

    def __init__(self) -> None:
        super().__init__(supported_entities=[self.category])

    def load(self) -> None:
        """Do nothing: rules need no assets."""

    def find(self, text: str) -> Iterable[Hit]:
        """Return where the category occurs in the text; hits may overlap."""
        hits: list[Hit] = []
        for rule in self.rules:
            hits += rule.hits(text)
        return hits

    def analyze(self, text: str, entities: list[str], nlp_artifacts: object) -> list[RecognizerResult]:
        """Return the hits as Presidio's results, when the category is asked for."""
        if self.category not in entities:
            return []
        hits = list(self.find(text))
        if cells := cells_by_category(text).get(self.category):
            hits += [Hit(*cell, _OF_A_COLUMN) for cell in cells]
        if not hits:
            return []
        metadata = {
            RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
        }
        return [
            RecognizerResult(self.category, hit.start, hit.end, hit.score, recognition_metadata=metadata)
            for hit in hits
        ]
