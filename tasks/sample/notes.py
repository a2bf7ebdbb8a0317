"""Write a stay down as a discharge note, in varied wording, and answer questions about it from its facts.

A note is a row of sections; each section has several wordings, and the words of a fact are the same in the note and
in the answer, so that a right answer can be found in the note and a wrong one cannot.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from tasks.sample.hospital import Medication, Stay

NONE_KNOWN = "no known allergies"
SECTIONS = ("diagnosis", "course", "medications", "allergy", "diet", "activity", "follow_up", "warnings")
TOPICS = ("medications", "dose", "allergy", "diet", "activity", "follow_up", "warnings", "diagnosis")

WORDINGS: Mapping[str, tuple[str, ...]] = {
    "diagnosis": ("Diagnosis: {d}.", "Admitted with {d}.", "Principal diagnosis was {d}.", "Treated here for {d}."),
    "course": (
        "Hospital course: given {t}, after which {o}.",
        "With {t} {o}.",
        "The team gave {t} and {o}.",
        "On the ward {o} after {t}.",
    ),
    "medications": (
        "Medications: {m}.",
        "Discharge medications: {m}.",
        "Sent home on {m}.",
        "Continue {m}.",
    ),
    "allergy": ("Allergies: {a}.", "Allergy list: {a}.", "Allergic history: {a}."),
    "diet": ("Diet: {x}.", "Nutrition: {x}.", "Please keep to {x}.", "The dietitian advised {x}."),
    "activity": ("Activity: {x}.", "The therapist advised {x}.", "Mobility: {x}."),
    "follow_up": (
        "Follow up: {c} clinic in {i}.",
        "To be seen in the {c} clinic in {i}.",
        "Next visit is with the {c} clinic in {i}.",
    ),
    "warnings": ("Return for {w}.", "Warning signs: {w}.", "Call or come back for {w}."),
}

QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "medications": (
        "Which medications does the patient go home with?",
        "What are the discharge medications?",
        "What medicines should be taken at home?",
    ),
    "dose": (
        "What is the dose of {drug}?",
        "How should {drug} be taken?",
        "How much {drug} and how often?",
    ),
    "allergy": ("Is there any allergy?", "What allergies are recorded?", "Which allergy must we know about?"),
    "diet": ("What diet is advised?", "What should the patient eat?", "Which diet was ordered?"),
    "activity": ("What activity is advised?", "Are there limits on activity?", "What about physical activity?"),
    "follow_up": ("When is the follow up?", "Who should see the patient next?", "What follow up is planned?"),
    "warnings": (
        "Which warning signs should bring the patient back?",
        "When should the patient return at once?",
        "What are the warning signs?",
    ),
    "diagnosis": ("What was the diagnosis?", "Why was the patient in hospital?", "What was treated?"),
}


def listed(items: Sequence[str]) -> str:
    """Join as in a sentence: a, b and c."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def orders(stay: Stay) -> str:
    """Return all medications with dose, route and frequency, as one phrase."""
    return listed([f"{m.name} {m.sig}" for m in stay.medications])


def allergies(stay: Stay) -> str:
    """Return the allergen with its reaction, or that none is known."""
    return f"{stay.allergen} causing {stay.reaction}" if stay.allergen else NONE_KNOWN


def write_note(rng: Random, stay: Stay, sections: Sequence[str] = SECTIONS) -> str:
    """Write the named sections of a note, each in a wording of its own."""
    return " ".join(write_section(rng, stay, section) for section in sections)


def write_section(rng: Random, stay: Stay, section: str) -> str:
    """Write one section; its facts keep their words in every wording."""
    text = rng.choice(WORDINGS[section]).format(
        d=stay.diagnosis,
        t=stay.treatment,
        o=stay.outcome,
        m=orders(stay),
        a=allergies(stay),
        x=stay.diet if section == "diet" else stay.activity,
        c=stay.clinic,
        i=stay.interval,
        w=listed(stay.warnings),
    )
    return text[0].upper() + text[1:]


def excerpt_sections(rng: Random, topic: str, count: int) -> list[str]:
    """Choose `count` sections in an order of their own, the one that answers `topic` among them."""
    needed = "medications" if topic == "dose" else topic
    others = [section for section in SECTIONS if section != needed]
    chosen = [needed, *rng.sample(others, count - 1)]
    ordered = [section for section in SECTIONS if section in chosen]
    if rng.random() < 0.4:  # real notes do not keep one order
        rng.shuffle(ordered)
    return ordered


def ask(rng: Random, topic: str, medication: Medication) -> str:
    """Ask about one topic of a note; `medication` is the one that a dose question is about."""
    return rng.choice(QUESTIONS[topic]).format(drug=medication.name)


ANSWERS: Mapping[str, Callable[[Stay, Medication], str]] = {
    "medications": lambda s, _: f"According to the note, the discharge medications are {orders(s)}.",
    "dose": lambda _, m: f"According to the note, {m.name} should be taken as {m.sig}.",
    "allergy": lambda s, _: (
        f"According to the note, the recorded allergy is {allergies(s)}."
        if s.allergen
        else "According to the note, the patient has no known allergies at this time."
    ),
    "diet": lambda s, _: f"According to the note, the patient should follow {s.diet} at home.",
    "activity": lambda s, _: f"According to the note, the activity advice is {s.activity} after discharge.",
    "follow_up": lambda s, _: f"According to the note, the patient is seen in the {s.clinic} clinic in {s.interval}.",
    "warnings": lambda s, _: f"According to the note, the patient should return at once for {listed(s.warnings)}.",
    "diagnosis": lambda s, _: f"According to the note, the patient was in hospital with {s.diagnosis}.",
}


def answer(topic: str, stay: Stay, medication: Medication) -> str:
    """Return the right answer to a question on `topic`: one sentence of at least ten words."""
    text = ANSWERS[topic](stay, medication)
    return text if len(text.split()) >= 10 else text[:-1] + ", as written at discharge."
