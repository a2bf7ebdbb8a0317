"""What the three smaller agent types are asked at Larkmoor: chart sentences, drug checks and bills.

Each function returns a question, its right answer and a wrong one, all without identifiers.
"""

from random import Random

from tasks.sample import notes
from tasks.sample.hospital import DRUGS, Stay

Exchange = tuple[str, str, str]


def documentation_exchange(rng: Random, stay: Stay, other: Stay) -> Exchange:
    """Ask for one chart sentence from a list of facts."""
    facts = [
        f"diagnosis {stay.diagnosis}",
        f"treatment {stay.treatment}",
        f"diet {stay.diet}",
        f"follow up {stay.clinic} clinic in {stay.interval}",
    ]
    rng.shuffle(facts)
    lead = rng.choice(
        ("Write one chart sentence from these facts:", "Summarize for the chart:", "Draft a summary line:")
    )
    return f"{lead} {'; '.join(facts)}.", _chart_line(stay), _chart_line(other)


def _chart_line(stay: Stay) -> str:
    return (
        f"The patient with {stay.diagnosis} received {stay.treatment}, goes home on {stay.diet} and is seen in the"
        f" {stay.clinic} clinic in {stay.interval}."
    )


def clinical_exchange(rng: Random, stay: Stay, other: Stay) -> Exchange:
    """Ask what a drug is for, or to check the allergy against the list."""
    sections = ["diagnosis", "medications", "allergy", "warnings"]
    rng.shuffle(sections)
    note = notes.write_note(rng, stay, sections)
    medication = rng.choice(stay.medications)
    known = {name: (kind, use) for name, kind, use, _ in DRUGS}
    kind, use = known[medication.name]
    if rng.random() < 0.5:
        lead = rng.choice(("What is {d} given for?", "Why is {d} on the list?")).format(d=medication.name)
        wrong_kind, wrong_use = known[other.medications[0].name]
        return (
            f"{note} {lead}",
            f"In this patient {medication.name} is {kind} and is given for {use}.",
            f"In this patient {medication.name} is {wrong_kind} and is given for {wrong_use}.",
        )
    lead = rng.choice(
        ("Which allergy should be checked before a new drug?", "What must be checked before prescribing?")
    )
    right = f"Before any new drug is ordered, check the allergy list: {notes.allergies(stay)}."
    return f"{note} {lead}", right, f"Before any new drug is ordered, check the allergy list: {notes.allergies(other)}."


def billing_exchange(rng: Random) -> Exchange:
    """Ask what is still to be paid of a bill."""
    total = rng.randrange(200, 4000, 10)
    paid = rng.randrange(50, total, 10)
    days = rng.choice((14, 21, 30, 45, 60))
    item = rng.choice(("a hospital stay", "blood tests", "a clinic visit", "an x-ray", "physical therapy"))
    ask = rng.choice(("What do I still owe?", "How much must I pay and when?", "What is left to pay?"))
    question = (
        f"Statement for {item}: total {total} dollars, the plan paid {paid} dollars, balance {total - paid} dollars,"
        f" due in {days} days. {ask}"
    )
    right = f"The balance for {item} is {total - paid} dollars and it is due in {days} days."
    return question, right, f"The balance for {item} is {total} dollars and it is due in {days + 7} days."
