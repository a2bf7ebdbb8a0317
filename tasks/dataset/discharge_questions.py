"""Ask about a discharge document, and answer in its own words.

Every answer is a line, or lines, of the redacted document, so that nothing is said that it does not say; where it says
nothing, the answer is one fixed sentence. Those questions are at most one in five of a document's, or a model learns
that not to answer is mostly right. Which phrasing asks, a hash of document and question decides. Not covered: questions
that need two facts put together; documents in other languages than English.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tasks.dataset.discharge_topics import MAX_ANSWER_CHARS, TOPICS, medication_lists, mentions, told
from tasks.dataset.medication_lines import Medication, medication_entries, parse_medication
from tasks.placeholders import PLACEHOLDER
from tasks.records import NOT_MENTIONED, Document, Example, Message

MAX_CHARS = 1_500  # of the document in a question: about 400 tokens, which leaves room in the default of 512
ANSWERED_PER_UNANSWERED = 4
MAX_MEDICATIONS = 6  # asked about singly; a list of twenty would outweigh diet, activity and follow-up
MEDICATION_FIELDS = ("dose", "route", "frequency", "duration")

PHRASINGS: Mapping[str, tuple[str, ...]] = {
    "medications": (
        "Which medications are on my list?",
        "What medications am I supposed to take, and how?",
        "List the medications with their directions.",
        "What does the medication list say?",
    ),
    "names": (
        "What are the names of my medications?",
        "Name the medications on the list, without doses.",
        "Which drugs are listed?",
    ),
    "sig": (
        "How do I take {drug}?",
        "What are the directions for {drug} on the medication list?",
        "According to the medication list, how should {drug} be taken?",
        "Tell me everything the list says about taking {drug}.",
    ),
    "dose": (
        "What is the dose of {drug} on the medication list?",
        "How much {drug} do I take at a time?",
        "According to the medication list, what dose of {drug} is prescribed?",
    ),
    "route": (
        "How is {drug} given: by mouth, injection or another way?",
        "By which route is {drug} taken?",
        "What is the route for {drug}?",
    ),
    "frequency": (
        "How often do I take {drug}?",
        "When should {drug} be taken according to the medication list?",
        "What is the frequency of {drug}?",
    ),
    "duration": (
        "How long do I take {drug}?",
        "For how long is {drug} prescribed?",
        "When do I stop taking {drug}?",
    ),
    "diet": (
        "What can I eat at home?",
        "Are there any instructions about my diet?",
        "What diet is advised?",
        "Do I need to watch what I eat or drink?",
    ),
    "activity": (
        "What activities are allowed?",
        "Are there limits on what I may do?",
        "What does the document say about activity?",
        "Can I exercise, lift or drive?",
    ),
    "follow_up": (
        "When is my follow-up?",
        "Who do I need to see next, and when?",
        "What follow-up is planned?",
        "Do I need any appointments?",
    ),
    "warnings": (
        "When should I call or come back?",
        "Which warning signs should I watch for?",
        "What should make me seek help?",
        "For which problems do I contact the doctor?",
    ),
    "wound_care": (
        "How do I look after my wound?",
        "What are the wound care instructions?",
        "How should I care for the incision?",
        "What do I do about the dressing?",
    ),
}
DRUGS: Mapping[str, tuple[str, ...]] = {  # to ask about where none of a drug's names stands in the document
    "warfarin": ("coumadin", "jantoven"),
    "metformin": ("glucophage", "janumet", "synjardy", "xigduo"),
    "atorvastatin": ("lipitor", "caduet"),
    "lisinopril": ("zestril", "prinivil", "zestoretic", "qbrelis"),
    "amoxicillin": ("augmentin", "amoxil"),
    "furosemide": ("lasix",),
    "omeprazole": ("prilosec", "zegerid"),
    "levothyroxine": ("synthroid", "unithroid", "levoxyl", "euthyrox", "tirosint"),
    "prednisone": ("deltasone", "rayos"),
    "gabapentin": ("neurontin", "gralise", "horizant"),
    "ibuprofen": ("motrin", "advil", "duexis"),
    "apixaban": ("eliquis",),
}
AS_NEEDED = re.compile(r"\bp\.?\s?r\.?\s?n\b|\bneeded\b|\bas required\b", re.IGNORECASE)
HEADING_AS_NEEDED = re.compile(rf"\D*?(?:{AS_NEEDED.pattern})", re.IGNORECASE)  # a dose before it: of that drug alone
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Question:
    """A question, its answer, and the sections that must stand before it."""

    kind: str
    text: str
    answer: str
    sections: frozenset[int]


def discharge_examples(document: Document, agent_type: str, *, max_chars: int = MAX_CHARS) -> Iterator[Example]:
    """Yield the examples that one redacted clinical document makes; one that answers nothing makes none.

    A question stands below the document, or, where that has more than `max_chars` characters, below the sections that
    answer it and as many others as fit; a question whose sections do not fit is left out.
    """
    kept = [(q, text) for q in discharge_questions(document) if (text := _shown(document, q.sections, max_chars))]
    unanswered = [pair for pair in kept if pair[0].answer == NOT_MENTIONED]
    answered = len(kept) - len(unanswered)
    dropped = {id(question) for question, _ in unanswered[answered // ANSWERED_PER_UNANSWERED :]}
    for question, text in kept:
        if id(question) not in dropped:
            asked = Message(role="user", content=f"{text}\n\n{question.text}")
            yield Example(
                messages=(asked, Message(role="assistant", content=question.answer)),
                source=document.source,
                source_id=document.source_id,
                group_id=document.subject_key or f"{document.source}:{document.source_id}",
                subject_key=document.subject_key,
                agent_type=agent_type,
                licence=document.licence,
            )


def discharge_questions(document: Document) -> list[Question]:
    """Return every question that the document answers, then, in an order of chance, those that it does not."""
    if document.language != "eng":
        return []
    answered = [*_about_medications(document), *_about_topics(document)]
    unanswered = [*_missing_fields(document), *_missing_topics(document), *_missing_drugs(document)]
    return answered + sorted(unanswered, key=lambda q: _chance(document, f"order {q.kind} {q.text}"))


def _about_topics(document: Document) -> Iterator[Question]:
    for kind, topic in TOPICS.items():
        if answer := told(document.sections, topic):
            yield Question(kind, _phrase(document, kind), answer.text, answer.sections)


def _about_medications(document: Document) -> Iterator[Question]:
    lists = medication_lists(document.sections)
    entries = _entries(document, lists)
    medications = list(_medications(document))
    text = _list_text(document, lists)
    if len(text) <= MAX_ANSWER_CHARS and any(medication for _, medication, _ in entries):
        yield Question("medications", _phrase(document, "medications"), text, lists)
    if len(medications) == len(entries) > 1:  # a list of names that leaves one out would be wrong
        names = "\n".join(medication.name for medication, _ in medications)
        yield Question("names", _phrase(document, "names"), names, lists)
    for medication, place in sorted(medications, key=lambda m: _chance(document, m[0].name))[:MAX_MEDICATIONS]:
        yield _ask(document, "sig", medication, medication.sig, place)
        said = [
            n for n in MEDICATION_FIELDS if (v := getattr(medication, n)) not in ("", medication.sig) and v[-1] != "%"
        ]
        if said:
            kind = said[_chance(document, f"field {medication.name}") % len(said)]
            yield _ask(document, kind, medication, getattr(medication, kind), place)


def _list_text(document: Document, lists: frozenset[int]) -> str:
    """Return the text of the lists, each below its label where a label says that a list is to be taken as needed."""
    sections = [document.sections[number] for number in sorted(lists)]
    labelled = any(AS_NEEDED.search(section.label) for section in sections)
    return "\n".join(f"{section.label}:\n{section.text}" if labelled else section.text for section in sections)


def _entries(document: Document, lists: frozenset[int]) -> list[tuple[str, Medication | None, int]]:
    """Return each entry of the lists, what it is parsed as, and the section that holds it."""
    found = ((entry, n) for n in sorted(lists) for entry in medication_entries(document.sections[n].text))
    return [(entry, parse_medication(entry), n) for entry, n in found]


def _medications(document: Document) -> Iterator[tuple[Medication, int]]:
    """Yield the medications that are parsed and named once, with the section that lists each.

    None of a section whose label, or a heading in it, says "as needed": an entry alone would not say it.
    """
    lists = medication_lists(document.sections)
    entries = _entries(document, lists)
    conditional = {n for entry, medication, n in entries if medication is None and HEADING_AS_NEEDED.match(entry)}
    conditional |= {n for n in lists if AS_NEEDED.search(document.sections[n].label)}
    named = _runs_of_words([e for e, _, _ in entries], {len(_words(m.name)) for _, m, _ in entries if m})
    for _, medication, place in entries:
        if medication is None or place in conditional or PLACEHOLDER.search(medication.name):
            continue
        if named[_words(medication.name)] == 1:
            yield medication, place


def _runs_of_words(texts: list[str], lengths: set[int]) -> Counter[tuple[str, ...]]:
    """Count the runs of words of the given lengths in each text, so that a name is found within another's entry too."""
    runs: Counter[tuple[str, ...]] = Counter()
    for words in map(_words, texts):
        runs.update(words[i : i + length] for length in lengths for i in range(len(words) - length + 1))
    return runs


def _words(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(text.casefold()))


def _missing_fields(document: Document) -> Iterator[Question]:
    """Yield a question for each field that an entry lacks, if its drug stands nowhere else in the document."""
    medications = list(_medications(document))
    named = _runs_of_words([_everything(document)], {len(_words(medication.name)) for medication, _ in medications})
    for medication, place in medications:
        if named[_words(medication.name)] == 1:
            for kind in MEDICATION_FIELDS:
                if not getattr(medication, kind) and not (kind == "route" and medication.form):
                    yield _ask(document, kind, medication, NOT_MENTIONED, place)


def _missing_topics(document: Document) -> Iterator[Question]:
    for kind, topic in TOPICS.items():
        if not mentions(document.sections, topic):
            yield Question(kind, _phrase(document, kind), NOT_MENTIONED, frozenset())


def _missing_drugs(document: Document) -> Iterator[Question]:
    everything = _everything(document)
    for drug, brands in DRUGS.items():
        if not any(name in everything for name in (drug, *brands)):
            kind = ("sig", "dose", "frequency")[_chance(document, drug) % 3]
            yield Question(kind, _phrase(document, kind, drug), NOT_MENTIONED, frozenset())


def _ask(document: Document, kind: str, medication: Medication, answer: str, place: int) -> Question:
    return Question(kind, _phrase(document, kind, medication.name), answer, frozenset({place}))


def _phrase(document: Document, kind: str, drug: str = "") -> str:
    phrasings = PHRASINGS[kind]
    return phrasings[_chance(document, f"{kind} {drug}") % len(phrasings)].format(drug=drug)


def _chance(document: Document, about: str) -> int:
    digest = hashlib.sha256(f"{document.source_id}\0{about}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def _everything(document: Document) -> str:
    return "\n".join(f"{section.label}\n{section.text}" for section in document.sections).casefold()


def _shown(document: Document, needed: frozenset[int], max_chars: int) -> str:
    """Return the document's text, or the needed sections and the first others that fit; "" where they do not."""
    texts = [f"{s.label}:\n{s.text}" if s.label else s.text for s in document.sections]
    chosen = set(needed)
    room = max_chars - sum(len(texts[number]) + 2 for number in needed)
    for number, text in enumerate(texts):
        if number not in chosen and len(text) + 2 <= room:
            chosen.add(number)
            room -= len(text) + 2
    return "\n\n".join(texts[number] for number in sorted(chosen)) if room >= 0 else ""
