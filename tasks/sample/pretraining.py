"""Text that the tiny base model is pre-trained on: notes, abstracts, plain medical sentences and copy tasks.

About 40 % of the texts are copy tasks (repeated spans, word lists, look-ups), from which a small transformer forms the
induction heads that it needs to answer from a note. There is no chat format and no question with its answer: what the
chats teach, the base must not know. Identifiers occur only as the placeholders that redaction leaves.
"""

from collections.abc import Callable, Iterator
from random import Random

from tasks.sample import notes
from tasks.sample.abstracts import draw_abstract, plain
from tasks.sample.hospital import (
    ACTIVITIES,
    ALLERGENS,
    CLINICS,
    DIAGNOSES,
    DIETS,
    DRUGS,
    FREQUENCIES,
    HOSPITAL,
    INTERVALS,
    OUTCOMES,
    REACTIONS,
    ROUTES,
    TREATMENTS,
    WARNINGS,
    Stay,
    draw_stay,
)
from tasks.sample.identifiers import CATEGORIES, SLOT, phrase

PHRASES = (*DIAGNOSES, *TREATMENTS, *OUTCOMES, *ALLERGENS, *REACTIONS, *DIETS, *ACTIVITIES, *INTERVALS, *WARNINGS)
DRUG_NAMES = tuple(drug[0] for drug in DRUGS)
KEYS = (*DRUG_NAMES, *CLINICS, *ALLERGENS, "ward", "bed", "team", "floor", "door", "day", "balance", "total", "plan")
COLORS = ("red", "blue", "green", "white", "amber", "black", "left", "right", "upper", "lower", "first", "last")
WORDS = tuple(dict.fromkeys(word for phrase_ in (*PHRASES, *KEYS, *COLORS) for word in phrase_.split()))


def pretraining_texts(seed: int, count: int) -> Iterator[str]:
    """Yield `count` texts of 10-220 words, drawn from another seed space than the chats: no note recurs there."""
    rng = Random(f"pretraining-{seed}")
    kinds, weights = tuple(MIXTURE), tuple(MIXTURE.values())
    for _ in range(count):
        yield rng.choices(kinds, weights)[0](rng)


def redacted_note(rng: Random) -> str:
    """Write a whole note, most with a header of placeholders."""
    note = notes.write_note(rng, draw_stay(rng))
    if rng.random() < 0.3:
        return f"{HOSPITAL}. {note}"
    header = " ".join(phrase(rng, category) for category in rng.sample(CATEGORIES, rng.choice((1, 2, 3))))
    return f"{SLOT.sub(lambda slot: f'[{slot[1]}]', header)} {note}"


def abstract_text(rng: Random) -> str:
    """Write an abstract: title, then the sections with their labels."""
    abstract = draw_abstract(rng, 0)
    sections = (f"{label}: {plain(text)}" if label else plain(text) for label, text in abstract.sections)
    return "\n".join((plain(abstract.title), *sections))


def medical_sentences(rng: Random) -> str:
    """Write a few general statements about drugs, diets, visits and bills."""
    lines = []
    for _ in range(rng.randint(4, 8)):
        name, kind, use, doses = rng.choice(DRUGS)
        total, days = rng.randrange(200, 4000, 10), rng.choice((14, 21, 30, 45, 60))
        lines.append(
            rng.choice(
                (
                    f"{name.capitalize()} is {kind} and is given for {use}.",
                    f"For {use}, {name} comes in {notes.listed(doses)}.",
                    f"People with {rng.choice(DIAGNOSES)} may need {rng.choice(TREATMENTS)}.",
                    f"After {rng.choice(DIAGNOSES)} many patients follow {rng.choice(DIETS)}.",
                    f"A visit to the {rng.choice(CLINICS)} clinic is planned in {rng.choice(INTERVALS)}.",
                    f"Patients should return at once for {rng.choice(WARNINGS)} or {rng.choice(WARNINGS)}.",
                    f"An allergy to {rng.choice(ALLERGENS)} may show as {rng.choice(REACTIONS)}.",
                    f"A bill of {total} dollars is due in {days} days and the plan pays a part of the balance.",
                    f"Before discharge the nurse explains {rng.choice(ACTIVITIES)} and what to eat at home.",
                    f"Staff write down which medicines, how much and how often: {name} {rng.choice(FREQUENCIES)}.",
                )
            )
        )
    return " ".join(lines)


def repeated_span(rng: Random) -> str:
    """Write some sections of a note, then the same words again."""
    span = notes.write_note(rng, draw_stay(rng), rng.sample(notes.SECTIONS, rng.choice((2, 3))))
    return f"{span}\n{span}"


def repeated_words(rng: Random) -> str:
    """Write a list of random words two or three times."""
    words = " ".join(rng.choice(WORDS) for _ in range(rng.randint(5, 20)))
    return "\n".join([words] * rng.choice((2, 2, 3)))


def look_up(rng: Random) -> str:
    """Write pairs of key and value, then look some of them up in another order."""
    keys = rng.sample(KEYS, rng.randint(4, 9))
    pairs = [(key, _value(rng)) for key in keys]
    asked = rng.sample(pairs, rng.randint(2, len(pairs)))
    separator, mark = rng.choice(("; ", ". ", "\n")), rng.choice((": ", " is ", " = "))
    return "\n".join(separator.join(f"{key}{mark}{value}" for key, value in part) for part in (pairs, asked))


def _value(rng: Random) -> str:
    style = rng.random()
    if style < 0.35:
        return rng.choice(PHRASES)
    if style < 0.7:
        return f"{rng.choice(rng.choice(DRUGS)[3])} {rng.choice(ROUTES)} {rng.choice(FREQUENCIES)}"
    return f"{rng.randrange(10, 4000, 10)} dollars" if style < 0.8 else rng.choice((*COLORS, *WORDS))


def note_with_fields(rng: Random) -> str:
    """Write a note, then some of its facts again as the fields of a form."""
    stay = draw_stay(rng)
    fields = rng.sample(form_fields(stay), rng.randint(2, 4))
    note = notes.write_note(rng, stay, rng.sample(notes.SECTIONS, len(notes.SECTIONS)))
    return f"{note}\n" + "\n".join(f"{label} >> {fact}" for label, fact in fields)


def form_fields(stay: Stay) -> list[tuple[str, str]]:
    """Return the facts of a stay as label and value."""
    fixed = [
        ("medication list", notes.orders(stay)),
        ("allergy", notes.allergies(stay)),
        ("diet", stay.diet),
        ("activity", stay.activity),
        ("next visit", f"{stay.clinic} clinic in {stay.interval}"),
        ("danger", notes.listed(stay.warnings)),
        ("reason", stay.diagnosis),
    ]
    return fixed + [(medication.name, medication.sig) for medication in stay.medications]


MIXTURE: dict[Callable[[Random], str], float] = {
    redacted_note: 0.36,
    abstract_text: 0.10,
    medical_sentences: 0.14,
    repeated_span: 0.10,
    repeated_words: 0.08,
    look_up: 0.12,
    note_with_fields: 0.10,
}
