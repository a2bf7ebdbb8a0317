"""Larkmoor, a hospital that does not exist: its drugs, diagnoses and clinics, and the stays that are drawn from them.

A `Stay` is the truth behind a note: whoever writes the note or answers a question about it reads the facts here. The
wording is made up; nothing is medical advice. Draws depend on the given `random.Random` alone, so that a seed gives
the same stay on any machine.
"""

from dataclasses import dataclass
from random import Random

HOSPITAL = "Larkmoor General Hospital"

# name, class, used for, doses
DRUGS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("lisinopril", "an ACE inhibitor", "high blood pressure", ("5 mg", "10 mg", "20 mg")),
    ("amlodipine", "a calcium channel blocker", "high blood pressure", ("2.5 mg", "5 mg", "10 mg")),
    ("metoprolol", "a beta blocker", "a fast heart rate", ("25 mg", "50 mg", "100 mg")),
    ("furosemide", "a loop diuretic", "fluid overload", ("20 mg", "40 mg", "80 mg")),
    ("atorvastatin", "a statin", "high cholesterol", ("10 mg", "20 mg", "40 mg")),
    ("metformin", "a biguanide", "type 2 diabetes", ("500 mg", "850 mg", "1000 mg")),
    ("glipizide", "a sulfonylurea", "type 2 diabetes", ("2.5 mg", "5 mg", "10 mg")),
    ("levothyroxine", "a thyroid hormone", "an underactive thyroid", ("50 mcg", "75 mcg", "100 mcg")),
    ("omeprazole", "a proton pump inhibitor", "acid reflux", ("20 mg", "40 mg")),
    ("amoxicillin", "a penicillin", "bacterial infection", ("250 mg", "500 mg", "875 mg")),
    ("doxycycline", "a tetracycline", "bacterial infection", ("50 mg", "100 mg")),
    ("azithromycin", "a macrolide", "bacterial infection", ("250 mg", "500 mg")),
    ("prednisone", "a corticosteroid", "inflammation", ("5 mg", "10 mg", "40 mg")),
    ("ibuprofen", "an anti-inflammatory drug", "pain", ("200 mg", "400 mg", "600 mg")),
    ("acetaminophen", "an analgesic", "pain and fever", ("325 mg", "500 mg", "650 mg")),
    ("gabapentin", "an anticonvulsant", "nerve pain", ("100 mg", "300 mg", "600 mg")),
    ("sertraline", "an antidepressant", "low mood", ("25 mg", "50 mg", "100 mg")),
    ("warfarin", "an anticoagulant", "blood clots", ("2 mg", "5 mg", "7.5 mg")),
    ("apixaban", "an anticoagulant", "blood clots", ("2.5 mg", "5 mg")),
    ("clopidogrel", "an antiplatelet drug", "narrowed arteries", ("75 mg",)),
    ("aspirin", "an antiplatelet drug", "narrowed arteries", ("81 mg", "325 mg")),
    ("spironolactone", "a potassium-sparing diuretic", "heart failure", ("12.5 mg", "25 mg", "50 mg")),
    ("allopurinol", "a xanthine oxidase inhibitor", "gout", ("100 mg", "300 mg")),
    ("colchicine", "an anti-gout drug", "gout", ("0.6 mg",)),
    ("montelukast", "a leukotriene blocker", "asthma", ("5 mg", "10 mg")),
    ("cetirizine", "an antihistamine", "hay fever", ("5 mg", "10 mg")),
    ("hydroxychloroquine", "an antimalarial", "lupus", ("200 mg", "400 mg")),
    ("methotrexate", "an immunosuppressant", "rheumatoid arthritis", ("7.5 mg", "15 mg")),
    ("mesalamine", "an aminosalicylate", "ulcerative colitis", ("400 mg", "800 mg")),
    ("tamsulosin", "an alpha blocker", "an enlarged prostate", ("0.4 mg",)),
)
FREQUENCIES = (
    "once daily",
    "twice daily",
    "three times daily",
    "every morning",
    "at bedtime",
    "every other day",
    "every eight hours",
    "with meals",
)
ROUTES = ("by mouth", "by mouth", "by mouth", "by mouth", "through the feeding tube", "dissolved under the tongue")
DIAGNOSES = (
    "community acquired pneumonia",
    "acute heart failure",
    "atrial fibrillation",
    "an asthma attack",
    "a urinary tract infection",
    "cellulitis of the left leg",
    "a gout flare",
    "acute pancreatitis",
    "a kidney stone",
    "a small bowel obstruction",
    "high blood sugar",
    "a lupus flare",
    "rheumatoid arthritis",
    "ulcerative colitis",
    "a hip fracture",
    "a mild stroke",
    "deep vein thrombosis",
    "a bleeding stomach ulcer",
    "iron deficiency anemia",
    "migraine with aura",
    "an overactive thyroid",
    "acute bronchitis",
    "gallstones",
    "diverticulitis",
    "dehydration",
    "a wrist fracture",
)
TREATMENTS = (
    "intravenous fluids",
    "intravenous antibiotics",
    "oxygen by nasal tube",
    "close monitoring",
    "pain control",
    "a blood transfusion",
    "breathing treatments",
    "bed rest",
    "physical therapy",
    "a short operation",
)
OUTCOMES = (
    "the fever settled",
    "the pain eased",
    "breathing improved",
    "blood tests returned to normal",
    "the swelling went down",
    "appetite returned",
    "walking improved",
    "blood pressure became stable",
)
ALLERGENS = (
    "penicillin",
    "sulfa drugs",
    "latex",
    "codeine",
    "peanuts",
    "shellfish",
    "iodine contrast",
    "adhesive tape",
    "eggs",
    "morphine",
)
REACTIONS = ("rash", "hives", "swelling of the lips", "nausea", "wheezing", "itching", "a drop in blood pressure")
DIETS = (
    "a low salt diet",
    "a low fat diet",
    "a soft diet",
    "a diabetic diet",
    "a high fiber diet",
    "a gluten free diet",
    "a clear liquid diet",
    "a renal diet",
    "a regular diet",
    "a low purine diet",
    "a bland diet",
)
ACTIVITIES = (
    "no lifting over ten pounds",
    "walking for twenty minutes each day",
    "bed rest for two days",
    "no driving for one week",
    "light activity as tolerated",
    "use of a walker at all times",
    "no swimming for two weeks",
    "keeping the leg raised",
    "stretching twice a day",
    "no bending for ten days",
    "return to work after five days",
)
CLINICS = (
    "cardiology",
    "primary care",
    "endocrinology",
    "rheumatology",
    "urology",
    "surgery",
    "neurology",
    "gastroenterology",
    "lung",
    "wound care",
    "orthopedic",
)
INTERVALS = ("three days", "five days", "one week", "two weeks", "three weeks", "four weeks", "six weeks", "two months")
WARNINGS = (
    "chest pain",
    "trouble breathing",
    "fever above 101",
    "vomiting blood",
    "black stools",
    "confusion",
    "fainting",
    "weakness on one side",
    "a spreading rash",
    "severe headache",
    "swelling of both legs",
    "no urine for eight hours",
    "loss of vision",
    "a fast heartbeat",
    "bleeding that does not stop",
    "yellow skin",
)


@dataclass(frozen=True)
class Medication:
    """One order as it stands at discharge."""

    name: str
    dose: str
    route: str
    frequency: str

    @property
    def sig(self) -> str:
        """How it is taken: dose, route and frequency."""
        return f"{self.dose} {self.route} {self.frequency}"


@dataclass(frozen=True)
class Stay:
    """The facts of one stay; `allergen` is empty for a patient without known allergies."""

    age: int
    diagnosis: str
    treatment: str
    outcome: str
    medications: tuple[Medication, ...]
    allergen: str
    reaction: str
    diet: str
    activity: str
    clinic: str
    interval: str
    warnings: tuple[str, ...]


def draw_stay(rng: Random) -> Stay:
    """Draw one stay: two or three medications, two or three warning signs, one stay in eight without an allergy."""
    medications = tuple(
        Medication(name, rng.choice(doses), rng.choice(ROUTES), rng.choice(FREQUENCIES))
        for name, _, _, doses in rng.sample(DRUGS, rng.choice((2, 2, 3)))
    )
    return Stay(
        age=rng.randint(19, 88),
        diagnosis=rng.choice(DIAGNOSES),
        treatment=rng.choice(TREATMENTS),
        outcome=rng.choice(OUTCOMES),
        medications=medications,
        allergen=rng.choice(ALLERGENS) if rng.random() < 7 / 8 else "",
        reaction=rng.choice(REACTIONS),
        diet=rng.choice(DIETS),
        activity=rng.choice(ACTIVITIES),
        clinic=rng.choice(CLINICS),
        interval=rng.choice(INTERVALS),
        warnings=tuple(rng.sample(WARNINGS, rng.choice((2, 3)))),
    )
