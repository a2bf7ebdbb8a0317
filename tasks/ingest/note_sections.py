"""Split a clinical note into sections by its headings, as clinicians write them.

A heading is a known phrase (tasks/ingest/note_headings.py) at the start of a line, or of a sentence, with a colon; a
known phrase that stands alone on a line; an unknown one in capitals with a colon; what the format itself marks. The
parts of an examination ("HEENT:", "Lungs:") stay in its text. No word of the note is lost but headings with nothing
below them. Not covered: what a sentence is about, where nothing heads it.
"""

import re
from collections.abc import Iterable, Iterator

from tasks.ingest.document_lines import Line
from tasks.ingest.note_headings import MAX_HEADING_CHARS, is_known_heading
from tasks.records import Section

MAX_MARKED_WORDS = 8  # of a heading that is nothing but bold; more is an emphasised sentence
MARKER = re.compile(r"^(?:[#*_>=\-•·●▪◦‣–—\s]+|\(?(?:\d{1,2}|[A-Z]|[IVX]{1,4})[.)](?=\s)\s*)+")
DECORATION = " *_#:=-–—\t"
WITH_COLON = re.compile(r"(?P<heading>[^:\n]{2,80}?)\**\s*:(?!\d)[-\s*]*(?P<rest>.*)", re.DOTALL)
WITH_DASH = re.compile(r"(?P<heading>[^:\n]{2,60}?)\s+[-–—]{1,2}\s+(?P<rest>.*)", re.DOTALL)
INSIDE = re.compile(r"(?<=[.;!?,])\s+(?=(?P<heading>[A-Z][A-Za-z/&,' -]{2,60}?)\s?:\s)")
CAPITALS = re.compile(r"[A-Z][A-Z0-9/&,.()' -]{3,}")
VALUE = re.compile(r"[<>~]?\d[\d.,/%-]*(?: ?\S+){0,2}")  # what follows the name of a measurement, not a heading
BULLETS = tuple("-•·●▪◦‣–—*")
WITH_ITEMS = re.compile(r"assess|impression|problem|exam|review of systems|results", re.IGNORECASE)
ENDS_A_SENTENCE = (".", "!", "?", ":", ";")
EXAMINATION = re.compile(r"exam|physical|\bpe\b|objective|vital", re.IGNORECASE)
WORDS_OF_PARTS = """
    abdomen adnexa affect appearance attitude axis back behavior blood pressure breasts bp cardiac cardiovascular
    chest cn cns constitutional cranial nerves cv endocrine ears ent extremities extremity eyes face gait
    gastrointestinal
    general genitalia genitourinary gi gu head heart rate heent hent height hematologic insight integumentary
    judgment lower lungs lymph lymphatic lymphatics memory mood motor mouth msk musculoskeletal neck neuro neurologic
    neurological nose o2 sat orientation oxygen saturation pelvic pelvis perception psych psychiatric pulmonary pulse
    pulses rectal reflexes resp respirations respiratory sensation sensory skin speech spine station temp temperature
    throat thought content process thyroid upper vascular vitals vital signs weight
"""
PARTS = frozenset(WORDS_OF_PARTS.split())


def read_sections(lines: Iterable[Line]) -> tuple[Section, ...]:
    """Return the sections of a note in order; what stands before the first heading has an empty label."""
    found: list[tuple[str, list[str]]] = [("", [])]
    pause = True
    for line in lines:
        for label, text in _pieces(line, found[-1][0], pause):
            if label:
                found.append((label, []))
            if text:
                found[-1][1].append(text)
        pause = not line.text or line.text.endswith(ENDS_A_SENTENCE)
    return tuple(Section(label=label, text="\n".join(texts)) for label, texts in found if texts)


def _pieces(line: Line, section: str, pause: bool) -> Iterator[tuple[str, str]]:
    """Yield (label, text) for each section that a line begins, ("", text) for what goes on.

    `pause`: a text ended before the line, so that a phrase alone on it may head what follows.
    """
    label, text = _start(line, section, pause)
    while inside := next((m for m in INSIDE.finditer(text) if _begins_inside(text, m)), None):
        yield label, text[: inside.start()].strip()
        label, text = _start(Line(text[inside.end() :]), section, pause=True)
    yield label, text.strip()


def _begins_inside(text: str, match: re.Match[str]) -> bool:
    heading = match["heading"]
    after_comma = text[match.start() - 1] == ","
    return is_known_heading(heading) and not _is_part(heading) and (heading.isupper() or not after_comma)


def _start(line: Line, section: str, pause: bool) -> tuple[str, str]:
    """Return the heading that a line begins with, or "", and the rest of the line."""
    if line.heading and (marked := _marked(line)):
        return marked
    is_item = line.text.startswith(BULLETS) and not line.text.startswith("**")
    if is_item and WITH_ITEMS.search(section):  # its items have heads of their own: "• Medications: no change."
        return "", line.text
    bare = MARKER.sub("", line.text)
    for pattern in (WITH_COLON, WITH_DASH):
        if (match := pattern.fullmatch(bare)) and _is_heading(match["heading"], match["rest"], section, pause, pattern):
            return match["heading"].strip(DECORATION), match["rest"].strip()
    alone = bare.strip(DECORATION)
    if pause and not is_item and _stands_alone(line.text, alone) and not _stays(alone, section):
        return alone, ""
    return "", line.text


def _marked(line: Line) -> tuple[str, str] | None:
    """Return heading and rest where the format sets the start of a line off as a heading."""
    heading, rest = MARKER.sub("", line.heading).strip(DECORATION), line.text[len(line.heading) :].strip()
    set_off = not rest or line.heading.endswith(":") or rest.startswith(":")
    title = len(heading.split()) <= MAX_MARKED_WORDS and not heading.endswith((".", "!", "?", ",", ";"))
    title = title and not any(c.isdigit() for c in heading)
    fits = 1 < len(heading) <= MAX_HEADING_CHARS and (is_known_heading(heading) or title)
    return (heading, rest.lstrip(": ")) if set_off and fits else None


def _is_heading(heading: str, rest: str, section: str, pause: bool, pattern: re.Pattern[str]) -> bool:
    heading = heading.strip(DECORATION)
    if _stays(heading, section):
        return False
    if is_known_heading(heading):
        return heading[:1].isupper() or (pause and pattern is WITH_COLON)
    return pattern is WITH_COLON and bool(CAPITALS.fullmatch(heading)) and not VALUE.fullmatch(rest.strip())


def _stands_alone(line: str, alone: str) -> bool:
    """Say whether a line is nothing but a known heading."""
    return line[-1:] not in (".", ",", ";") and alone[:1].isupper() and is_known_heading(alone)


def _stays(heading: str, section: str) -> bool:
    """Say whether a heading belongs into the section that it stands in: a part of an examination."""
    return _is_part(heading) and (not is_known_heading(heading) or bool(EXAMINATION.search(section)))


def _is_part(heading: str) -> bool:
    words = re.sub(r"[^a-z0-9 ]+", " ", heading.lower()).split()
    return bool(words) and all(word in PARTS or word == "and" for word in words)
