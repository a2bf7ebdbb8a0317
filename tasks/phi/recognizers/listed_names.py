"""Names among the capitalised words of a text, by list and by cue, and the further mentions of names that were found.

A walk over the words decides where a name begins (a listed name, or a word with a cue before or behind it) and how far
it goes. It does not cover names that are neither listed nor announced.
"""

import re
from collections.abc import Iterator

from tasks.phi.recognizers.name_cues import (
    NONE,
    NOTE,
    STRONG,
    TITLE,
    TITLES,
    WEAK,
    cue_before,
    cue_behind,
    is_one_of_people,
    particles_start,
    title_start,
)
from tasks.phi.recognizers.name_shapes import AFTER_AN_INITIAL, JOINS, PARTICLES, Word, is_cited, is_compound, is_eponym
from tasks.phi.recognizers.rules import Hit
from tasks.phi.recognizers.words import (
    CREDENTIAL,
    IS_GIVEN,
    IS_SURNAME,
    MAY_BE_GIVEN,
    MAY_BE_SURNAME,
    NAMED,
    NO_NAME,
    ORDINARY,
    RARE,
    TERM,
    is_medical,
    is_word_in_lower_case,
    kind_of,
)

_LONGEST = 5  # words of one name
# evidence of a note without which one listed name alone is rather a method, a strain or an author
_FOR_A_GIVEN_NAME, _FOR_A_SURNAME = 1, 2
_SURE = IS_GIVEN | IS_SURNAME
_ENDS_OF_A_NAME = frozenset(",;?).!:\n")


def names(text: str, words: list[Word], evidence: int) -> Iterator[Hit]:
    """Yield the names that begin at a listed or announced word; `evidence` as of `note_evidence`."""
    at = 0
    count = len(words)
    end_of_last, cue_of_last = -1, NONE
    while at < count:
        word = words[at]
        kind = word.kind
        if kind & CREDENTIAL and word.end - word.start > 1 and at:
            first = _before_credential(text, words, at)
            if first < at and words[first].start >= end_of_last:
                yield Hit(words[first].start, words[at - 1].end, 0.9)
                end_of_last, cue_of_last = word.end, STRONG
                at += 1
                continue
        if (kind & (NO_NAME | CREDENTIAL) and not kind & NAMED and not word.is_initial) or (
            word.text[:3] in _MONTHS and _DAY.match(text, word.end)
        ):
            if word.text.istitle() and _MISTER.search(text, max(0, word.start - 6), word.start):
                yield Hit(title_start(text, word.start), word.end, 0.7)  # Mr. Sunday
            at += 1
            continue
        if not kind & NAMED and (kind & ~RARE or (len(word.text) < 5 and word.text.isupper())) and not word.is_initial:
            # an ordinary word or an abbreviation begins a name behind a title, or before a name: "Big Jim Tate"
            near = at + 1 < count and words[at + 1].kind & NAMED and words[at + 1].start - word.end < 3
            if (
                not near
                and text[max(0, word.start - 7) : word.start].rstrip(" .\t").rpartition(" ")[2].lower() not in TITLES
            ):
                at += 1
                continue
        begins = particles_start(text, word.start)
        cue = cue_before(text, begins)
        if begins < word.start and cue < TITLE:  # otherwise the name begins as before: at the word
            begins, cue = word.start, cue_before(text, word.start)
        if cue == NONE and cue_of_last >= STRONG and text[end_of_last : word.start] in _LISTED:
            cue = WEAK
        if cue == NONE and evidence >= NOTE and text[end_of_last : word.start] in _AND:
            cue = WEAK
        size = _size(text, words, at, cue, evidence)
        if size == 0:
            at += 1
            continue
        last = words[at + size - 1]
        end = last.end + (last.is_initial and text[last.end : last.end + 1] == ".")
        start = title_start(text, begins) if cue == TITLE else begins
        yield Hit(start, end, 0.9 if cue >= STRONG else 0.85 if size > 1 else 0.6)
        end_of_last, cue_of_last = end, cue
        at += size


_MONTHS = frozenset(
    [
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        *("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
    ]
)
_BEFORE_A_THING = re.compile(  # a variant of an enzyme, a drain, a pouch of somebody, a grade of somebody
    r"(?:[A-Z]\w*\d\w*|\([-+]\)|\d ?Fr) $|\b(?:pouch|space|angle|canal|triangle|circle|ligament|sphincter"
    r"|ampulla|node|foramen|island|loop|duct|valve|antrum|bundle|tetralogy|zone|web|sign|line) of $"
    r"|(?:[Gg]rade|[Ss]tage) [^()\n]{0,6}\($"
)
_NUMBERED = re.compile(r" (?:[0-9]|I{1,3}\b|IV\b)")
_MISTER = re.compile(r"\bM(?:r|rs|s|iss)\.? $")
_DAY = re.compile(r"\.? (?:of )?['0-9]")
_NO_INITIALS = frozenset(
    {"MD", "DO", "RN", "NP", "PA", "PC", "US", "IV", "IM", "PO", "SC", "ID", "OD", "BA", "BS", "MA", "MS"}
)
_AND = frozenset((" and ", " & ", " AND "))
_LISTED = frozenset((", ", "; ", " and ", ", and ", " / ", "/", " & ", "), ", " -> "))


def _before_credential(text: str, words: list[Word], at: int) -> int:
    """Return the first word of the name that a credential at `at` stands behind; `at` itself where there is none."""
    shouting = at > 1 and words[at - 1].text.isupper()
    first = at
    after = words[at].start
    while first > 0 and at - first < 4:
        word = words[first - 1]
        gap = text[word.end : after]
        if (
            (gap not in JOINS or '"' in gap)
            and not (first == at and gap in (", ", ",", "; "))
            and not (word.is_initial and gap in AFTER_AN_INITIAL)
            # Park, J PA
            and not (gap == ", " and first == at - 1 and words[first].is_initial and word.kind & NAMED)
        ):
            break
        if (
            word.kind & (NO_NAME | CREDENTIAL) and not word.kind & NAMED and not word.is_initial
        ) or word.text.lower() in TITLES:
            break
        if word.kind & ORDINARY and not word.kind & NAMED and shouting:
            break
        first -= 1
        after = word.start
    size = at - first
    kinds = [word.kind for word in words[first:at]]
    if size == 1 and (not kinds[0] & NAMED and (kinds[0] & (ORDINARY | TERM) or words[first].text.isupper())):
        return at
    if size == 1 and kinds[0] & TERM and words[at].text in ("PA", "MD", "MA", "DC", "DE"):  # a place and its state
        return at
    if size and not any(kind & NAMED for kind in kinds) and all(kind & ORDINARY for kind in kinds):
        return at
    if size and words[first].is_initial and size == 1:
        return at
    return first


def _size(text: str, words: list[Word], at: int, cue: int, evidence: int) -> int:  # noqa: PLR0911, PLR0912  # a list of cases, each with its answer
    """Return how many of the words, from `at`, are one person's name; 0 if none begins there."""
    word = words[at]
    kind = word.kind
    if cue >= TITLE and (word.is_initial or not kind & NO_NAME or kind & NAMED):
        return 0 if is_eponym(text, word.end) and not kind & _SURE else _extent(text, words, at, cue)
    size = _extent(text, words, at, cue)
    if cue < STRONG and not kind & IS_GIVEN:
        behind = cue_behind(text, words[at + size - 1].end)
        may_act = not kind & (ORDINARY | TERM) or (kind & (IS_GIVEN | MAY_BE_GIVEN) and behind >= STRONG)
        if behind and may_act and not word.is_initial:
            cue = max(cue, behind)
    last = words[at + size - 1]
    end = last.end
    if is_eponym(text, end) or is_compound(text, word.start, end):
        return 0
    if size > 1 and _BEFORE_A_THING.search(text, max(0, word.start - 16), word.start):  # stage II (Ann Arbor
        return 0
    if size > 1 and at and words[at - 1].kind & TERM and is_eponym(text, word.end):  # Charcot Marie Tooth
        return 0
    if _is_last_first(text, words, at, size, cue):
        return size
    if word.is_initial:  # "K. Osei", "J Park"
        if text[word.start - 2 : word.start - 1].isdigit():  # 1.2 L
            return 0
        if (
            cue
            and size == 2
            and word.text + words[at + 1].text not in _NO_INITIALS
            and words[at + 1].is_initial
            and text[word.end] == "."
        ):  # "patient J.T."
            return size
        return (
            size
            if size > 1
            and any(w.kind & NAMED and not w.is_initial for w in words[at : at + size])
            and (cue or words[at + 1].kind & _SURE or (words[at + 1].kind & NAMED and text[word.end] == "."))
            and not is_cited(text, end)
            else 0
        )
    if size > 1:
        return size if _begins(text, words, at, size, cue) else 0
    shouted = word.text.isupper()
    if shouted and kind & ORDINARY and cue < STRONG and _PRONOUN.search(text, max(0, word.start - 6), word.start):
        return 0
    before = max(0, word.start - 16)
    if cue == NONE and (_BEFORE_A_THING.search(text, before, word.start) or _NUMBERED.match(text, end)):
        return 0
    if is_cited(text, end) or (shouted and cue < STRONG and len(word.text) < 5):
        joined = cue == WEAK and text[word.start - 5 : word.start] == " AND " and kind & (ORDINARY | NAMED) < ORDINARY
        return int(joined and bool(kind & NAMED))
    if cue >= STRONG:
        return int(bool(kind & NAMED) or _reads_as_unknown(word))
    if cue == WEAK:
        return int(bool(kind & NAMED and not kind & TERM) or _reads_as_unknown(word))
    if kind & IS_GIVEN:
        ends = text[end : end + 1] != "." or text[end + 1 : end + 2] in ("", " ", "\n")
        return int(evidence >= _FOR_A_GIVEN_NAME and not shouted and ends)
    if kind & IS_SURNAME and evidence >= _FOR_A_SURNAME:
        return int(not _is_headed(text, words, at) and (not shouted or _stands_among_capitals(text, words, at)))
    return 0


def _begins(text: str, words: list[Word], at: int, size: int, cue: int) -> bool:  # noqa: PLR0911  # a list of cases, each with its answer
    """Say whether a name of two words or more begins here."""
    word, second = words[at], words[at + 1]
    kind = word.kind
    if cue >= STRONG:
        return (
            bool(kind & NAMED)
            or _reads_as_unknown(word)
            or bool(second.kind & _SURE)
            or (
                is_one_of_people(text, word.start)
                and text[words[at + size - 1].end : words[at + size - 1].end + 1] in _ENDS_OF_A_NAME
                and not kind & TERM
            )
        )
    if kind & IS_GIVEN:
        return not (word.text.isupper() and not second.is_initial and not second.kind & NAMED) or _reads_as_unknown(
            second
        )
    if second.is_initial:  # "Xanthe R.," behind a person
        after = text[second.end : second.end + 1]
        if kind & MAY_BE_GIVEN:
            return after in (".", ",", ")", "?", "", "'")
        if cue and _reads_as_unknown(word):
            return after == "."
        return (
            after == "." and bool(kind & NAMED) and (not kind & ORDINARY or text[word.start - 2 : word.start] == ", ")
        )
    if kind & MAY_BE_GIVEN:
        return (bool(second.kind & (_SURE | MAY_BE_SURNAME)) and not (second.kind & TERM and kind & TERM)) or bool(cue)
    if kind & IS_SURNAME or cue:
        return bool((kind & NAMED and not kind & TERM) or _reads_as_unknown(word)) and not _is_headed(
            text, words, at + size - 1
        )
    return bool(
        second.kind & IS_SURNAME
        and not kind & (ORDINARY | TERM)
        and not word.text.isupper()
        and _reads_as_unknown(word)
    )


def _extent(text: str, words: list[Word], at: int, cue: int) -> int:
    """Return how many words from `at` on read as one name, at least one."""
    first = words[at]
    shouting = first.text.isupper() and not first.is_initial
    size = 1
    surname = False
    while at + size < len(words) and size < _LONGEST:
        last, word = words[at + size - 1], words[at + size]
        gap = text[last.end : word.start]
        if gap not in JOINS and not (last.is_initial and gap in AFTER_AN_INITIAL):
            if not (size == 1 and _comes_first(text, words, at, gap, cue)):
                break
        elif "(" in gap and text[word.end : word.end + 1] not in (")", '"'):
            break
        elif word.is_initial:
            after = text[word.end : word.end + 1]
            if after not in (".", ",", ";", ")", "?", "", "\n", ":", " ", "|") or (word.text in "AI" and after == " "):
                break
            surname = True
        elif not _goes_on(word, first, last, shouting=shouting, surname=surname, cue=cue, size=size):
            break
        else:
            surname = surname or not last.is_initial
        size += 1
    return size


def _goes_on(word: Word, first: Word, last: Word, *, shouting: bool, surname: bool, cue: int, size: int) -> bool:  # noqa: PLR0911  # a list of cases, each with its answer
    kind = word.kind
    if kind & (NO_NAME | CREDENTIAL) and not kind & _SURE:
        return bool(kind & CREDENTIAL) and word.text in ("Jr", "Sr")
    shouted = word.text.isupper()
    if shouting or (shouted and not first.is_initial):
        if not shouted or (not shouting and len(word.text) < 4):
            return False
        if kind & _SURE or (kind & NAMED and not kind & (ORDINARY | TERM) and len(word.text) > 1):
            return True
        if kind & NAMED:
            return size == 1 and len(word.text) > 2 and bool(first.kind & IS_GIVEN or cue >= STRONG)
        return shouting and not kind & ~RARE and len(word.text) > 3 and not is_medical(word.text.lower()) and size < 3
    if kind & NAMED:
        return True
    if surname and not last.is_initial:
        return cue >= STRONG and not kind & ~RARE and not is_medical(word.text.lower())
    return bool(first.kind & IS_GIVEN or cue >= STRONG or first.is_initial or not kind & (ORDINARY | TERM))


def _comes_first(text: str, words: list[Word], at: int, gap: str, cue: int) -> bool:
    """Say whether "Last, First" stands here: the comma's right side a given name, its left side a surname."""
    if gap not in (", ", ",", ",  "):
        return False
    last, first = words[at], words[at + 1]
    if (first.kind & (NO_NAME | CREDENTIAL) and not first.kind & IS_GIVEN) or last.is_initial:
        return False
    begins = (
        last.start == 0 or text[last.start - 1] in "\n|(" or text[last.start - 2 : last.start] in (": ", "  ", "| ")
    )
    labelled = cue >= STRONG and text[max(0, last.start - 12) : last.start].rstrip()[-1:] in (":", "=", "|")
    if first.is_initial:
        return (
            (begins or labelled or cue > NONE)
            and bool(last.kind & NAMED)
            and _ENDS_LAST_FIRST.match(text, first.end) is not None
        )
    given = first.kind & (IS_GIVEN | MAY_BE_GIVEN)
    if last.kind & (IS_SURNAME | MAY_BE_SURNAME) and not (last.kind & TERM and not (labelled or begins)) and given:
        return bool(first.kind & IS_GIVEN) or begins or labelled or cue > NONE
    if labelled:
        return bool(given or (last.kind & NAMED and _reads_as_unknown(first))) or (
            _reads_as_unknown(last) and _reads_as_unknown(first)
        )
    return begins and bool(given) and _reads_as_unknown(last)


_ENDS_LAST_FIRST = re.compile(r"\.(?![A-Za-z])|[ ]{1,2}\(|[ ]*(?:\n|$|\|)|[ ]{2}")


def _is_last_first(text: str, words: list[Word], at: int, size: int, cue: int) -> bool:
    return (
        size > 1
        and text[words[at].end] == ","
        and _comes_first(text, words, at, text[words[at].end : words[at + 1].start], cue)
    )


def _reads_as_unknown(word: Word) -> bool:
    """Say whether no list and no ending knows the word, so that a cue may make it a name."""
    length = len(word.text)
    shouted = word.text.isupper()
    return (
        word.kind & ~(NAMED | RARE) == 0
        and length > (4 if shouted else 2)
        and not is_medical(word.text.lower())
        and (shouted or word.text[1:].islower() or word.text[:2] in ("Mc", "O'", "D'", "Ma") or "-" in word.text)
    )


def _is_headed(text: str, words: list[Word], at: int) -> bool:
    """Say whether a capitalised ordinary word follows, as in the name of a place, a product or a heading."""
    word = words[at]
    following = text[word.end : word.end + 2]
    if following[:1] in ("/", "-", "&", "_") or following[:1].isdigit():
        return True
    if following[:1] == ":" and (word.start == 0 or text[word.start - 1] == "\n"):  # a heading
        return True
    if at + 1 < len(words) and text[word.end : words[at + 1].start] in JOINS:
        after = words[at + 1]
        if word.text.isupper() and (len(after.text) < 4 or after.text in _SMALL):
            return False
        return not after.is_initial and bool(after.kind & (ORDINARY | NO_NAME | TERM)) and not after.kind & _SURE
    return False


def _stands_among_capitals(text: str, words: list[Word], at: int) -> bool:
    """Say whether a word in capitals stands in a text of capitals and is no abbreviation."""
    word = words[at]
    if len(word.text) < 5:
        return False
    around = text[max(0, word.start - 30) : word.end + 30]
    return around.upper() == around


_AFTER_LETTERS = re.compile("[^a-z].*")
_SMALL = frozenset(["WITH", "FROM", "THIS", "THAT", "WILL", "WERE", "WHO"])  # words between, in a text of capitals
_PARTS = re.compile(r"[A-Za-z][A-Za-z'-]*")


def other_mentions(text: str, words: list[Word], found: list[Hit], present: set[str]) -> Iterator[Hit]:
    """Yield found names wherever else they stand, neighbouring words of them as one."""
    last: Hit | None = None
    for hit in sorted(_mentions(text, words, found, present)):
        if last is not None and (hit.start <= last.end or text[last.end : hit.start] in (" ", ", ", "  ", "\n")):
            last = Hit(last.start, max(last.end, hit.end), hit.score)
            continue
        if last is not None:
            yield last
        last = hit
    if last is not None:
        yield last


def _mentions(text: str, words: list[Word], found: list[Hit], present: set[str]) -> Iterator[Hit]:  # noqa: PLR0912  # two scans: capitals, lower case
    """Yield the single words of found names, also in lower case unless the word is an ordinary one."""
    parts: dict[str, str] = {}  # a word of a name, and the particles before it
    for start, end in dict.fromkeys((hit.start, hit.end) for hit in found):
        before = ""
        for part in _PARTS.findall(text, start, end):
            low = part.lower().removesuffix("'s")
            if part.islower() and len(low) < 4 and low in PARTICLES:
                before += f"{low} "
                continue
            if len(low) > 2 and low not in TITLES and not kind_of(low) & CREDENTIAL:
                parts[low] = before
                if "-" in low:
                    parts.update((piece, "") for piece in low.split("-") if len(piece) > 3)
            before = ""
    if not parts:
        return
    for at, word in enumerate(words):
        low = word.text.lower()
        if low in parts and not is_eponym(text, word.end) and not is_cited(text, word.end):
            kind = word.kind
            if kind & (ORDINARY | NO_NAME | TERM) and not _acts_as_a_name(text, words, at):
                continue
            start, end = word.start, word.end
            before = parts[low]
            if before and text[start - len(before) : start].lower() == before:
                start -= len(before)
            elif at and words[at - 1].is_initial and text[words[at - 1].end : start] in (". ", ".", " "):
                start = words[at - 1].start
            if at + 1 < len(words) and words[at + 1].is_initial and text[end : words[at + 1].start] == " ":
                after = text[words[at + 1].end : words[at + 1].end + 1]
                if after in (".", ",", ";", ")", "\n", "", "?"):
                    end = words[at + 1].end + (after == ".")
            yield Hit(start, end, 0.6)
    lower = {p for p in parts if len(p) > 3 and not is_word_in_lower_case(p) and not kind_of(p) & NO_NAME}
    if lower and not present.isdisjoint([_AFTER_LETTERS.sub("", part) for part in lower]):
        for match in re.finditer(r"[a-z](?<![\w@-][a-z])[a-z]+(?:['-][a-z]+)*(?!\w)", text):
            if match.group().removesuffix("'s") in lower and not is_eponym(text, match.end()):
                yield Hit(match.start(), match.end() - 2 * match.group().endswith("'s"), 0.6)


_PRONOUN = re.compile(r"\b(?:I|HE|SHE|WE|THEY|IT|YOU|WHO|THAT|AND) $")


def _acts_as_a_name(text: str, words: list[Word], at: int) -> bool:
    """Say whether a found name that is also a word is the name here: inside a sentence, or said to act."""
    word = words[at]
    if word.text.isupper() and len(word.text) > 1 and text.isupper() is False and word.text[1:].isupper():
        return False
    if re.match(r"[ ,]+(?:of )?\d|'?-", text[word.end : word.end + 6]):  # June 5
        return False
    if word.text.isupper() and _PRONOUN.search(text, max(0, word.start - 6), word.start):  # SHE MAY
        return False
    left = text[max(0, word.start - 4) : word.start].rstrip(" \t\"'")
    if left and left[-1] not in ".\n:?!*":
        return not (word.kind & ORDINARY and text[max(0, word.start - 3) : word.start].lower() in ("in ", "of "))
    return (
        bool(cue_behind(text, word.end))
        or text[word.end : word.end + 2] in ("'s", ", ", ",\n")
        or re.match(r" (?:is|was|has|had|asked|says|works|and [A-Z]|wrote|[a-z]+ed\b)", text[word.end : word.end + 24])
        is not None
    )
