"""Whether `4/12` is the twelfth of April: the same shape is a score, a strength, a fraction or a ratio.

Read in this order: units behind it refuse; a word before it that asks for a date accepts; words of scoring nearby
refuse; another such date beside it, an event before it, a time behind it or its place before a colon accept;
otherwise its numbers decide, because a score is never above its maximum and has few of them. `6/8` with none of this
is a date where the text has another of June. It does not cover `4/5` and `8/10` with none of this, which stay, nor
day before month (`24/3`) without a word that asks for a date.
"""

import re
from collections.abc import Sequence
from typing import Literal

Reading = Literal["date", "other", "open"]


def words(text: str) -> frozenset[str]:
    """Return the words of a list that is written as a text."""
    return frozenset(text.split())


_STRONG = words("""
    on since until till through thru thr date dated dates dos doa doi dod visit visited seen saw adm admit admitted
    admission arr arrived dc d/c discharge discharged f/u fu followup follow-up appt appointment due eff effective
    hearing late entry note addendum today yesterday tomorrow tonight return returned rtc scheduled drawn collected
    received resulted reported labs lab cxr mri cta mra tte tee ekg ecg eeg emg kub egd bcx ucx cx swab culture cultures
    colonoscopy biopsy bx surgery transferred filled refilled started stopped placed extubated intubated mon monday tue
    tues tuesday wed weds wednesday thu thur thurs thursday fri friday sat saturday sun sunday lmp edd edc pod recheck
    rescheduled cancelled canceled signed tu d/c'd
""")
"""Words after which month and day are a date, whatever else is near."""
_WEAK = words("""
    by before after from between beginning starting start began begin stop last next echo ct us pet xray x-ray xr tx
    dialysis hd sent given done taken made inr resume onset dx'd dx night week weekend am pm procedure home floor icu
    rehab eval evaluation mammogram dexa pap vaccine flu covid tdap shingrix booster cath cabg stent pci surg
""")
"""Words after which it is a date, unless words of scoring are near; so are others in -ed, the following apart."""
_NO_EVENT = words("""
    rated scored graded described decreased increased improved reduced ranged remained measured estimated diluted need
    speed weighted unchanged located bed red med attended completed
""")
_ABBREVIATED = words("s/p c/o h/o w/u c/w r/o w/c")
_PART_OF_DAY = re.compile(
    r"(?:evening|morning|afternoon|night|week|wk|weekend|day|date|as|am|pm|labs|visit|note) of\b|\bon or about\b"
    r"|\b(?:set|scheduled|planned|booked|arranged|slated|due) for\b"
)
_SIGNED = re.compile(r"\([a-z]{2,3}/[a-z]{2,3} \Z")  # who dictated and who typed: "(tw/rm 5/7)"
_WORD_BEFORE = re.compile(r"([a-z][a-z/'-]*)\.?[\s:(,~|#-]{0,4}\Z")
_UNIT_BEHIND = re.compile(
    r"[\s-]{0,2}(?:%|\+|, ?\d{3}(?!\d)|\(?\d+(?:\.\d+)? ?%|(?:scale|points?|mg|mcg|mm|cm|ml|cc|strength|power|cells"
    r"|patients|pts|cases|subjects|tabs?|tablets?|cups?|inch|inches|packs?|ppd|tsp|weeks?|wks?|days?|months?|hours?|hrs?|years?|yrs?"
    r"|(?:sys\w*|dias\w*|ejection|flow|blowing|harsh)\.? (?:ejection )?murmur|murmur|systolic"
    r"|diastolic|holosystolic|sem|hsm|nodes?|lymph|cores?|bottles?|live births|chromosomes|alleles|families"
    r"|individuals|mice|rats|animals|women|men|children|infants|eyes|samples|tumou?rs|specimens|of|ns|normal saline"
    r"|criteria|sirs)\b)"
)
_SCORED_BEHIND = re.compile(
    r"[\s,;-]{0,2}(?:pain|in all|in the|in both|bilat\w*|throughout|intensity|severity|dose|positive|full|equal"
    r"|extremit\w+|upper|lower|proximal|distal|limbs|quadrants"
    r"|(?:on (?:the )?)?(?:moca|mmse|slums)|flexion|extension|grip|dorsi\w+|plantar\w+|hip|knee|ankle|elbow|wrist"
    r"|deltoids?|biceps|triceps|quad\w*|[lr][lu]e|[lu]e|right|left|[rl]|words|recall|items|times|per|score|at rest"
    r"|with (?:movement|activity)|blood)\b"
)
_TIME_BEHIND = re.compile(
    r",? {0,2}(?:(?:at|@) ?\d|[0-2]?\d:[0-5]\d|[0-2]\d[0-5]\d(?:h|hrs)?\b|[ap]\.?m\b"
    r"|(?:in the )?(?:morning|evening|afternoon)\b|approx|note\b)"
)
_SCORED_BEFORE = re.compile(
    r"\b(?:pain|strength|power|motor|reflex\w*|dtrs?|pulses?|murmur|gcs|mmse|moca|phq|gad|apgars?|ecog|nihss|scor\w+|scale"
    r"|rat(?:ed|es|ing|io)|grade[ds]?|stage|class|gleason|mallampati|vision|acuity|severity|intensity|vas|nrs|braden|morse"
    r"|slums|epds|audit|cage|titers?|cpap|bipap|peep|ps|ipap|epap|vent|bp|pressures?|nodes?|cores?|page|image|series"
    r"|slide|cycle|fraction|session|bottles?|recall|effort|mrc|asia|rass|curb|wells|meld|bishop|aldrete"
    r"|borg|rpe|timi|sofa|qsofa|mews|chads|vasc|exons?|codons?|frequency|prevalence|h/h|h&h|hgb|hct|i/o|pa|rv|ra|pcwp|adherence"
    r"|mood|anxiety|energy|sleep|dyspnea|nausea|discomfort)\b[^.;\n]{0,32}\Z"
)
_BETWEEN = r"(?:\s{1,12}|\s{0,3}(?:->|[-,;|&]|, ?and|and|to|thru|through)\s{0,3})"
_EARLIER = re.compile(rf"(?<![\w./-])([0-9]{{1,2}})/([0-9]{{1,2}}){_BETWEEN}\Z")
_LATER = re.compile(rf"{_BETWEEN}([0-9]{{1,2}})/([0-9]{{1,2}})(?![\w/]|\.[0-9])")
_QUANTITY = words(
    "in of at with was is were about approximately only x took takes take attended attends completed missed made"
)
_PERCENT = re.compile(r"%\s?\(\s?\Z")
_BOUNDS = words("by before after from between")
_FRACTIONS = frozenset({(1, 2), (1, 3), (2, 3), (1, 4), (3, 4)})
_CLAUSE_ENDS = re.compile(r"\s?(?:[.,;)\n]|\Z)")
_TIMES = words("on since until through thru date dated dos")
_MAXIMA = frozenset({2, 3, 4, 5, 6, 7, 8, 9, 10})
_COMMON_MAXIMA = frozenset({5, 10})
_TABLETS = frozenset({(5, 10), (5, 20), (10, 10), (10, 20), (5, 25), (10, 25), (12, 25)})
"""Doses of two drugs in one tablet."""


def is_day_of_month(month: int, day: int) -> bool:
    """Say whether the month has such a day, in some year."""
    return 1 <= month <= 12 and 1 <= day <= (29 if month == 2 else 30 if month in {4, 6, 9, 11} else 31)


def month_day(low: str, start: int, end: int) -> Reading:
    """Say what two numbers with a slash between are, in a text in lower case: month and day (or year), or not.

    "open" means that nothing near decides; then a date of the same month elsewhere in the text does.
    """
    one, _, two = low[start:end].partition("/")
    month, day = int(one), int(two)
    word = _word_before(low, start)
    if not _stands_alone(low, start, end) or _UNIT_BEHIND.match(low, end) or (month, day) == (24, 7):
        return "other"
    if not is_day_of_month(month, day):
        return "date" if _is_day_month(month, day, word) or _is_month_year(low, start, month, day, word) else "other"
    if month == day == 2:  # 2/2 is short for "secondary to"
        return "date" if word in _TIMES else "other"
    signed = low[end : end + 1] == ")" and _SIGNED.search(low, max(0, start - 9), start)
    if signed or word in _STRONG or _PART_OF_DAY.search(low, max(0, start - 16), start):
        return "date"
    if _is_scored(low, start, end, word):
        return "other"
    return "date" if _is_placed(low, start, end, word) else _by_numbers(low, start, word, one, two)


def _is_placed(low: str, start: int, end: int, word: str) -> bool:
    """Say whether it follows an event, precedes a time, stands where dates stand, or beside another date."""
    one, _, two = low[start:end].partition("/")
    event = word in _WEAK or (word.endswith(("ed", "'d")) and word not in _NO_EVENT)
    if event and (int(one), int(two)) in _FRACTIONS:
        event = word not in _BOUNDS and bool(_CLAUSE_ENDS.match(low, end))
    return (
        event
        or _is_beside_another(low, start, end, one, two)
        or bool(_TIME_BEHIND.match(low, end))
        or _heads_line(low, start, end)
    )


def _by_numbers(low: str, start: int, word: str, one: str, two: str) -> Reading:
    month, day = int(one), int(two)
    counted = word in _QUANTITY and not (
        word == "in" and day > 9 and _CLAUSE_ENDS.match(low, start + len(one + two) + 1)
    )
    if (
        counted
        or _PERCENT.search(low, max(0, start - 6), start)
        or (month, day) in _TABLETS
        or (month, day) in _FRACTIONS
    ):
        return "other"
    if month > day or "0" in (one[0], two[0]) or day not in _MAXIMA:
        return "date"
    return "other" if day in _COMMON_MAXIMA else "open"


def _is_day_month(day: int, month: int, word: str) -> bool:
    return word in _STRONG and is_day_of_month(month, day)


def _is_month_year(low: str, start: int, month: int, year: int, word: str) -> bool:
    """Say whether it is a month of the last century, as in "diagnosed 11/87"."""
    if not 1 <= month <= 12 or year < 32:
        return False
    if word in _STRONG or word in {"in", "dx", "diagnosed"}:
        return True
    return year >= 50 and len(word) > 1 and word not in _QUANTITY and not _is_scored(low, start, start, word)


def _is_scored(low: str, start: int, end: int, word: str) -> bool:
    """Say whether words of scoring are near, or two names for two numbers (AST/ALT 12/24)."""
    two_names = "/" in word and word not in _STRONG and word not in _ABBREVIATED
    return bool(two_names or _SCORED_BEFORE.search(low, max(0, start - 48), start) or _SCORED_BEHIND.match(low, end))


def _is_beside_another(low: str, start: int, end: int, one: str, two: str) -> bool:
    earlier, later = _EARLIER.search(low, max(0, start - 20), start), _LATER.match(low, end)
    return bool(
        (earlier and _follows(earlier.groups(), (one, two))) or (later and _follows((one, two), later.groups()))
    )


def _word_before(low: str, start: int) -> str:
    """Return the word before, with nothing but a space, a bracket or a colon between; "on" for an equals sign."""
    if low[max(0, start - 2) : start].strip() == "=":
        return "on"
    before = _WORD_BEFORE.search(low, max(0, start - 20), start)
    return before[1] if before else ""


def _stands_alone(low: str, start: int, end: int) -> bool:
    before, after = low[start - 1 : start], low[end : end + 2]
    if (
        before.isalnum()
        or before in {"_", "+", "<", "$"}
        or (before == ">" and low[start - 2 : start] != "->")
        or (before == "-" and low[start - 2 : start - 1].isalpha())
    ):
        return False
    if before in {" ", "-"} and low[start - 2 : start - 1].isdigit() and int(low[start]) < 4 and end - start == 3:
        return not re.search(r"(?<![\w/])\d{1,2}\Z", low[max(0, start - 4) : start - 1])  # 2 1/2 and 2-1/2
    return not (after[:1].isalnum() or after[:1] in {"/", "_", "+"} or (after[:1] == "." and after[1:].isdigit()))


def _follows(first: Sequence[str], second: Sequence[str]) -> bool:
    """Say whether the second is a later day, or a day of the next month: scores side by side share their maximum."""
    month, day, next_month, next_day = map(int, (*first, *second))
    if not (is_day_of_month(month, day) and is_day_of_month(next_month, next_day)):
        return False
    if month == next_month:
        return next_day > day and (month, next_day) not in _FRACTIONS
    return next_month == month % 12 + 1 and next_day < day


def _heads_line(low: str, start: int, end: int) -> bool:
    """Say whether it stands before a colon and a word, or first in its line before a colon, a dash or a bar."""
    if re.match(r": [a-z]", low[end : end + 3]):
        return True
    ahead = low[max(0, start - 6) : start].rpartition("\n")[2].strip(" -*|([\t")
    return ahead == "" and bool(re.match(r"[\])]?(?: ?[:|\t]| - | {2,}\S)|[\])]", low[end : end + 4]))
