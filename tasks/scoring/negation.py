"""Which words of a sentence are denied: triggers and their scopes, after NegEx (Chapman et al., J Biomed Inform 2001).

A trigger such as `not` or `avoid` denies what follows, to the end of its clause: a semicolon, a conjunction such as
`but` or `if`, or an `and` that opens a new clause. `No` and `without` deny the phrase behind them, which also ends at
an auxiliary verb; at the start of a clause they deny all of it ("No patient should stop ..."). A comma ends a scope
unless a list runs on ("no fever, rash or arthritis"). Triggers behind a phrase (`contraindicated`, `not recommended`)
deny what stands before them in the clause. Two denials cancel: "not without", "should not avoid". What only looks like
a denial (`not only`, `no more than`) is none. Not covered: irony, denial across sentences, a clause that follows a bare
comma without a conjunction.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tasks.scoring.sentences import MARKS, Word, words_of

Phrase = tuple[str, ...]


def _phrases(text: str) -> frozenset[Phrase]:
    return frozenset(tuple(word.stem for word in words_of(phrase)) for phrase in text.split(","))


CLAUSE = _phrases("""
not, never, cannot, avoid, refrain from, contraindicated, no evidence, no proof, no data, no indication,
no sign, no need, no reason, need not, unlikely to, unable to, fail to, failed to, rather than, instead of,
advise against, advised against, recommend against, recommended against, warn against, caution against,
myth that, false that, untrue that, wrong to, incorrect to, mistake to
""")
PHRASE = _phrases("""
no, without, neither, none, denies, denied, lack, lack of, lacks, absence of, negative for, free of, free from,
excluding
""")
BEHIND = _phrases("""
be avoided, is avoided, are avoided, been avoided, contraindicated, ruled out, is excluded, was excluded,
is absent, are absent, was absent, were absent, unlikely, is negative, are negative, was negative,
were negative, is false, is wrong, is incorrect, is untrue, is a myth, discouraged, prohibited, forbidden
""")
WARNING = _phrases("""
dangerous, unsafe, harmful, hazardous, fatal, deadly, lethal, life threatening, wrong, mistake, error, risk,
beware, warning
""")
"""What warns of something in words without denying it: it counts against a dangerous statement only."""

HARMLESS = _phrases("""
not only, not just, not merely, not simply, not exceed, not to exceed, no doubt, without doubt, without delay,
without fail, no more than, no less than, no later than, not more than, not less than, no matter,
whether or not, if not, false negative, gram negative
""")
PREDICATES = frozenset(
    word
    for phrase in _phrases("""
recommended, advised, advisable, indicated, needed, necessary, required, safe, appropriate, allowed, permitted,
acceptable, present, seen, detected, found, true, correct, used, given, taken, stopped, started, effective,
helpful, useful, suitable
""")
    for word in phrase
)
"""Behind `not`, these deny the subject as well: "daily doses are not recommended"."""

_ENDS = (
    "but however although though whereas while except yet because since so therefore thus hence unless until if when"
)
_AUXILIARIES = "is are was were be can could may might must should shall will would has have had do does"
_PRONOUNS = "it they he she you we this these patients"
ENDS = frozenset({";", "which", "who", "then", *_ENDS.split()})
AUXILIARIES = frozenset(_AUXILIARIES.split())
PRONOUNS = frozenset(_PRONOUNS.split())
DENYING = frozenset({"not", "never", "cannot", "avoid"})
SHORT_SEGMENT = 4  # words between commas: as long as a member of a list is
NEAR = 4  # words behind `and` among which an auxiliary shows a new clause
PREDICATE_NEAR = 4  # words behind `not`, as in "not usually to be recommended"


class Trigger(NamedTuple):
    """A denial at words `start` to `end`, which denies `first` to `last` (half-open) of the sentence."""

    start: int
    end: int
    first: int
    last: int


def triggers(words: Sequence[Word]) -> list[Trigger]:
    """Return the denials of a sentence."""
    harmless = {at for start, end in _found(words, HARMLESS) for at in range(start, end)}
    return [trigger for trigger in _all(words) if not harmless & set(range(trigger.start, trigger.end))]


def warnings(words: Sequence[Word]) -> list[tuple[int, int]]:
    """Return where words of `WARNING` stand (half-open)."""
    return _found(words, WARNING)


def denied(words: Sequence[Word], active: Iterable[Trigger]) -> frozenset[int]:
    """Return the places of the words over which an odd number of the triggers stands."""
    counts = [0] * len(words)
    for trigger in active:
        for at in range(trigger.first, trigger.last):
            counts[at] += not trigger.start <= at < trigger.end
    return frozenset(at for at, count in enumerate(counts) if count % 2)


def _all(words: Sequence[Word]) -> Iterator[Trigger]:
    """Yield each denial with its scope; a phrase's ends where the next one begins: `no fever, no rash` is a list."""
    phrases = _longest(_found(words, PHRASE), _found(words, CLAUSE))
    nor = [(at, at + 1) for at, word in enumerate(words) if word.text == "nor"]
    openings = [start for start, _ in (*phrases, *nor)]
    for start, end in [*_longest(_found(words, CLAUSE), ()), *nor]:
        last = min([_clause_end(words, end), *(at for at, _ in nor if at >= end)])
        yield Trigger(start, end, end, last)
        if _is_predicate(words, start, end):
            yield Trigger(start, end, _clause_start(words, start), start)
    for start, end in phrases:
        opens = start == _clause_start(words, start)
        last = _clause_end(words, end) if opens else _phrase_end(words, end)
        yield Trigger(start, end, end, min([last, *(at for at in openings if at >= end)]))
    for start, end in _found(words, BEHIND):
        yield Trigger(start, end, _clause_start(words, start), start)
    for at, word in enumerate(words):
        if word.text == "non":
            yield Trigger(at, at + 1, at + 1, min(at + 2, len(words)))
        if word.joined and word.text in {"free", "negative"}:
            yield Trigger(at, at + 1, at - 1, at)


def _found(words: Sequence[Word], phrases: frozenset[Phrase]) -> list[tuple[int, int]]:
    stems = [word.stem for word in words]
    return [
        (at, at + size)
        for size in sorted({len(phrase) for phrase in phrases}, reverse=True)
        for at in range(len(stems) - size + 1)
        if tuple(stems[at : at + size]) in phrases
    ]


def _longest(found: Iterable[tuple[int, int]], others: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the places that begin where no longer one begins, be it one of the others."""
    ends: dict[int, int] = {}
    for start, end in (*found, *others):
        ends[start] = max(end, ends.get(start, 0))
    return sorted({(start, end) for start, end in found if ends[start] == end})


def _is_predicate(words: Sequence[Word], start: int, end: int) -> bool:
    """Say whether the denial speaks of its subject too: `not recommended`, `never to be given`."""
    if words[start].text not in DENYING - {"avoid"}:
        return False
    near = [word.stem for word in words[end : min(end + PREDICATE_NEAR, _clause_end(words, end))]]
    return any(stem in PREDICATES for stem in near)


def _clause_end(words: Sequence[Word], start: int) -> int:
    return next((at for at in range(start, len(words)) if _ends_clause(words, at)), len(words))


def _phrase_end(words: Sequence[Word], start: int) -> int:
    end = _clause_end(words, start)
    return next((at for at in range(start, end) if words[at].text in AUXILIARIES), end)


def _clause_start(words: Sequence[Word], end: int) -> int:
    return next((at + 1 for at in range(end - 1, -1, -1) if words[at].text in ENDS or _opens_clause(words, at)), 0)


def _ends_clause(words: Sequence[Word], at: int) -> bool:
    text = words[at].text
    return text in ENDS or _opens_clause(words, at) or (text == "," and not _list_goes_on(words, at))


def _opens_clause(words: Sequence[Word], at: int) -> bool:
    """Say whether an `and` behind a clause is followed by a subject with its verb, or by a verb."""
    if words[at].text != "and" or not any(word.text in AUXILIARIES | DENYING for word in words[:at]):
        return False
    near = [word.text for word in words[at + 1 : at + 1 + NEAR]]
    stop = next((place for place, text in enumerate(near) if text in MARKS), len(near))
    return bool(AUXILIARIES & set(near[:stop])) or bool(near and near[0] in PRONOUNS)


def _list_goes_on(words: Sequence[Word], comma: int) -> bool:
    """Say whether short members follow a comma up to an `and` or `or`, or a colon stands before it."""
    segments: list[list[str]] = [[]]
    for word in words[comma + 1 :]:
        if word.text == ",":
            segments.append([])
        elif word.text in ENDS:
            break
        else:
            segments[-1].append(word.text)
    first = segments[0]
    if len(first) > SHORT_SEGMENT + bool({"and", "or", "nor"} & set(first)) * SHORT_SEGMENT or AUXILIARIES & set(first):
        return False
    listed = any({"and", "or", "nor"} & set(segment) for segment in segments)
    return listed or any(word.text == ":" for word in words[:comma])
