"""Notes carry the facts of their stay, and answers are found in them word for word."""

from random import Random

import pytest

from tasks.sample import notes
from tasks.sample.hospital import Medication, Stay, draw_stay

STAY = Stay(
    age=50,
    diagnosis="gallstones",
    treatment="pain control",
    outcome="the pain eased",
    medications=(
        Medication("lisinopril", "10 mg", "by mouth", "once daily"),
        Medication("metformin", "500 mg", "by mouth", "with meals"),
    ),
    allergen="latex",
    reaction="hives",
    diet="a low fat diet",
    activity="no lifting over ten pounds",
    clinic="surgery",
    interval="two weeks",
    warnings=("chest pain", "confusion", "fainting"),
)

FACTS = [
    ("medications", "lisinopril 10 mg by mouth once daily and metformin 500 mg by mouth with meals"),
    ("allergy", "latex causing hives"),
    ("diet", "a low fat diet"),
    ("activity", "no lifting over ten pounds"),
    ("follow_up", "surgery clinic in two weeks"),
    ("warnings", "chest pain, confusion and fainting"),
    ("diagnosis", "gallstones"),
]


@pytest.mark.parametrize(("topic", "fact"), FACTS)
def test_note_and_answer_share_the_words_of_a_fact(topic: str, fact: str) -> None:
    rng = Random(0)
    for _ in range(20):
        assert fact in notes.write_note(rng, STAY, notes.excerpt_sections(rng, topic, 5))
    assert fact in notes.answer(topic, STAY, STAY.medications[0])


def test_a_dose_question_is_about_one_drug() -> None:
    assert "metformin should be taken as 500 mg by mouth with meals" in notes.answer("dose", STAY, STAY.medications[1])


def test_every_answer_has_at_least_ten_words() -> None:
    rng = Random(5)
    for _ in range(300):
        stay = draw_stay(rng)
        for topic in notes.TOPICS:
            assert len(notes.answer(topic, stay, stay.medications[0]).split()) >= 10


def test_whole_notes_have_sixty_to_a_hundred_and_ten_words_mostly() -> None:
    rng = Random(6)
    lengths = sorted(len(notes.write_note(rng, draw_stay(rng)).split()) for _ in range(500))
    assert lengths[10] >= 55
    assert lengths[-10] <= 110


def test_a_stay_without_allergy_says_so() -> None:
    none = Stay(**{**vars(STAY), "allergen": ""})
    assert "no known allergies" in notes.answer("allergy", none, STAY.medications[0])
    assert "no known allergies" in notes.write_section(Random(0), none, "allergy")
