"""Split a medication list into entries, and an entry into name, dose, form, route, frequency and duration.

The grammar is small and total: an entry is parsed when every word of it has its place, else it is kept whole and
nothing of it is guessed. So a taper ("20 mg daily for 2 days, then 10 mg"), an order to stop, or a sentence gives no
fields. Every field is a span of the entry. Not covered: names of drugs (any word may be one), other languages than
English.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tasks.dataset.medication_words import (
    ABBREVIATED,
    BETWEEN,
    GOES_ON,
    LEADING,
    LEADING_MARK,
    NAME,
    NEXT_ENTRY,
    NUMBERED,
    PARTS,
    RATIO,
    REASON_WORD,
    SENTENCE_WORDS,
    STRENGTH,
    TABLE_HEAD,
)

MAX_ENTRY_CHARS = 300
WITH_REASON = ("as_needed", "purpose")  # words follow that belong to them, up to the next part
FIELDS: Mapping[str, tuple[str, ...]] = {
    "dose": ("strength", "amount"),
    "form": ("form",),
    "route": ("route",),
    "frequency": ("frequency", "as_needed"),
    "duration": ("duration",),
}
SAYING_NOTHING = ("verb", "supply")

Span = tuple[int, int]


@dataclass(frozen=True)
class Medication:
    """One entry of a list; each field is a span of `entry`, empty where the entry does not say."""

    entry: str
    name: str
    sig: str  # all that follows the name
    dose: str = ""  # strength, amount, or what holds both: "325 mg tablet, 2 tablets"
    form: str = ""
    route: str = ""
    frequency: str = ""  # with what makes it conditional: "every 6 hours as needed for pain"
    duration: str = ""


def medication_entries(text: str) -> list[str]:
    """Return the entries of a medication list: its lines, or what numbers, commas and semicolons part within a line.

    A line that goes on in lower case, a step of a taper, and directions without a drug belong to the line before them;
    a table's head is no entry.
    """
    lines: list[str] = []
    for raw in text.splitlines():
        line = " ".join(raw.replace(" | ", " ").split())
        if not line or TABLE_HEAD.fullmatch(line.replace(" ", "")):
            continue
        wrapped = line[0].islower() and lines and lines[-1][-1] not in ".;:" and not NEXT_ENTRY.match(f", {line}")
        if lines and (wrapped or GOES_ON.match(LEADING_MARK.sub("", line))):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return [entry for line in lines for entry in _within(line)]


def _within(line: str) -> Iterator[str]:
    for numbered in NUMBERED.split(line):
        for part in NEXT_ENTRY.split(LEADING_MARK.sub("", numbered.strip())):
            if entry := part.strip(" ,;"):
                yield entry


def parse_medication(entry: str) -> Medication | None:
    """Return the fields of one entry, or None where a word of it has no place in the grammar."""
    entry = _without_stop(LEADING.sub("", " ".join(entry.replace(" | ", " ").split())))
    if len(entry) > MAX_ENTRY_CHARS:
        return None
    for end in _name_ends(entry):
        name = entry[:end].rstrip(" ,:;-–—(")
        if SENTENCE_WORDS.search(name):
            return None
        spans = _spans(entry, end)
        if spans is not None and NAME.fullmatch(name):
            return Medication(entry=entry, name=name, sig=entry[end:].strip(" ,;:-–—"), **_fields(entry, spans))
    return None


def _without_stop(text: str) -> str:
    """Return a text without the full stop that ends it; that of an abbreviation (b.i.d.) stays."""
    text = text.strip(" ,;:")
    return text[:-1] if text.endswith(".") and not ABBREVIATED.search(text) else text


def _name_ends(entry: str) -> Iterator[int]:
    """Yield where the name may end: before the first word at which a part begins, or a later one."""
    for space in re.finditer(r"[\s,:]+(?:[-–—]\s+)?", entry):
        if _part(entry, space.end()) is not None:
            yield space.start()


def _spans(entry: str, start: int) -> dict[str, Span] | None:
    """Return the parts that fill an entry from `start` to its end, each at most once; None where they do not."""
    found: dict[str, Span] = {}
    place = start
    while (place := _skip(entry, place)) < len(entry):
        part = _part(entry, place)
        if part is None:
            return None
        name, end = part
        if name in WITH_REASON:
            end = _reason_end(entry, end)
        if name in found and name not in SAYING_NOTHING:
            return None
        found[name] = place, end
        place = end
    told = {"strength", "amount", "route", "frequency", "as_needed"} & found.keys()
    only_a_ratio = told == {"strength"} and RATIO.fullmatch(entry[slice(*found["strength"])])  # as of a blood pressure
    return None if not told or only_a_ratio else found


def _fields(entry: str, spans: Mapping[str, Span]) -> dict[str, str]:
    """Return each field as the span that holds all its parts."""
    fields = {}
    for name, parts in FIELDS.items():
        if held := [spans[part] for part in parts if part in spans]:
            fields[name] = _without_stop(entry[min(start for start, _ in held) : max(end for _, end in held)])
    return fields


def _skip(entry: str, place: int) -> int:
    match = BETWEEN.match(entry, place)
    return match.end() if match else place


def _reason_end(entry: str, place: int) -> int:
    """Return where a reason ends: before the next part, a comma or the end."""
    while (word := REASON_WORD.match(entry, place)) and _part(entry, place + 1) is None:
        place = word.end()
    return place


def _part(entry: str, place: int) -> tuple[str, int] | None:
    """Return which part begins at a place, and where it ends; strength first, and of the others the longest."""
    if match := STRENGTH.match(entry, place):
        return "strength", match.end()
    matches = [(m.end(), name) for name, pattern in PARTS.items() if (m := pattern.match(entry, place))]
    if matches:
        end, name = max(matches, key=lambda item: item[0])
        return name, end
    if match := RATIO.match(entry, place):
        return "strength", match.end()
    return None
