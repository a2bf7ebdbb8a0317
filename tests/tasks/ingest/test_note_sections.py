"""Headings as clinicians write them begin sections, what only looks like one does not, and no word is lost."""

import os
import re
from pathlib import Path
from random import Random

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasks.ingest.document_lines import Line, single_spaced
from tasks.ingest.note_headings import is_known_heading
from tasks.ingest.note_sections import read_sections
from tasks.sample.hospital import draw_stay
from tasks.sample.notes import write_note

REAL = os.environ.get("ROUNDS_REAL_DATA", "")


def split(text: str) -> list[tuple[str, str]]:
    return [(s.label, s.text) for s in read_sections(Line(single_spaced(line)) for line in text.splitlines())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DISCHARGE MEDICATIONS:\nAspirin", [("DISCHARGE MEDICATIONS", "Aspirin")]),
        ("Discharge Instructions\nRest.", [("Discharge Instructions", "Rest.")]),
        ("Follow-up: in 2 weeks", [("Follow-up", "in 2 weeks")]),
        ("3. Diet: low salt", [("Diet", "low salt")]),
        ("IV. WOUND CARE:\nKeep dry.", [("WOUND CARE", "Keep dry.")]),
        ("## Activity\nAs tolerated.", [("Activity", "As tolerated.")]),
        ("**Diet:** low salt", [("Diet", "low salt")]),
        ("Diet - cardiac", [("Diet", "cardiac")]),
        ("Meds at d/c: aspirin", [("Meds at d/c", "aspirin")]),
        ("YOUR HOME MEDICINES\naspirin", [("YOUR HOME MEDICINES", "aspirin")]),
        ("Diet and Activity: as before", [("Diet and Activity", "as before")]),
        ("A/P: stable", [("A/P", "stable")]),
        ("F/U: Cardiology", [("F/U", "Cardiology")]),
        ("When to call your doctor:\nFever", [("When to call your doctor", "Fever")]),
        ("Return to the emergency department if: fever", [("Return to the emergency department if", "fever")]),
        ("STOP taking these medications:\naspirin", [("STOP taking these medications", "aspirin")]),
        ("ALLERGIES (drug): none known", [("ALLERGIES (drug)", "none known")]),
        ("REST ECHO: normal wall motion seen", [("REST ECHO", "normal wall motion seen")]),
        ("meds: aspirin", [("meds", "aspirin")]),
        ("Seen well. Diet: salt. Activity: rest.", [("", "Seen well."), ("Diet", "salt."), ("Activity", "rest.")]),
        ("SUBJECTIVE:, Well., MEDICATIONS: , Aspirin.", [("SUBJECTIVE", ", Well.,"), ("MEDICATIONS", ", Aspirin.")]),
        ("Diet: salt\n\nActivity:\n- rest\n- walk", [("Diet", "salt"), ("Activity", "- rest\n- walk")]),
    ],
)
def test_headings_begin_sections(text: str, expected: list[tuple[str, str]]) -> None:
    assert split(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Seen at 10:30 in the clinic", "a time"),
        ("he was told about\ndiet: none of it was new", "a wrapped line goes on in lower case"),
        ("SODIUM: 139", "a measurement"),
        ("BP: 120/80", "short for a measurement"),
        ("The plan was discussed: rest", "a sentence"),
        ("No change in diet.\nFollow up.", "a sentence that is short"),
        ("- Allergies\n- Diabetes", "items of a list"),
        ("He takes his medications", "a word of a sentence"),
        ("1. Hypertension: stable", "an item that is no heading"),
    ],
)
def test_what_only_looks_like_a_heading_does_not(text: str, why: str) -> None:
    assert [label for label, _ in split(text)] == [""], why


def test_the_parts_of_an_examination_stay_in_it() -> None:
    text = "PHYSICAL EXAMINATION:\nVITAL SIGNS: stable\nHEENT: clear\nLungs: clear\nIMPRESSION:\n1. Well."
    assert [label for label, _ in split(text)] == ["PHYSICAL EXAMINATION", "IMPRESSION"]


def test_the_items_of_an_assessment_keep_their_heads() -> None:
    text = "ASSESSMENT AND PLAN\n\n• Medications: no change.\n• Follow-up: in a week.\n\nINSTRUCTIONS\n\n• Diet: salt."
    assert [label for label, _ in split(text)] == ["ASSESSMENT AND PLAN", "Diet"]


@pytest.mark.parametrize("words", ["Lisinopril", "Ada Okonkwo", "January", "Page", "and", "", "Discharge", "Home"])
def test_other_phrases_are_no_headings(words: str) -> None:
    assert not is_known_heading(words)


PIECES = (
    "Diet: ",
    "Salt",
    ". ",
    "MEDICATIONS:",
    "\n",
    "- ",
    "aspirin 10 mg",
    "Exam:",
    "HEENT: ",
    "1. ",
    ":",
    "—",
    "**",
)


@given(st.lists(st.sampled_from(PIECES)))
@example(["MEDICATIONS:", "\n", "\n", "Diet: ", "Salt"])
def test_no_word_is_lost_but_headings_with_nothing_below(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = split(text)
    words = re.findall(r"\w+", text)
    kept = re.findall(r"\w+", " ".join(f"{label} {body}" for label, body in found))
    lost = list(words)
    for word in kept:
        lost.remove(word)
    assert set(lost) <= {"Diet", "MEDICATIONS", "Exam", "HEENT", "1"}
    assert all(body for _, body in found)


def test_the_labelled_sections_of_the_sample_notes_are_found() -> None:
    rng = Random(4)
    expected = found = 0
    for _ in range(100):
        note = write_note(rng, draw_stay(rng))
        heads = re.findall(r"(?:^|(?<=[.] ))([A-Z][a-z]+(?: [a-z]+)?):", note)
        expected += len(heads)
        found += sum(label in heads for label, _ in split(note))
    assert expected > 200
    assert found == expected


@pytest.mark.skipif(not REAL, reason="ROUNDS_REAL_DATA names no folder with real files")
def test_the_headings_in_capitals_of_real_notes_are_found() -> None:
    expected = found = 0
    for line in (Path(REAL) / "notes" / "mtsamples_dev.jsonl").read_bytes().splitlines():
        text = orjson.loads(line)["transcription"]
        heads = set(re.findall(r"^([A-Z][A-Z /&]{4,40}):[ \n]*[A-Za-z]", text, re.MULTILINE))
        labels = {label for label, _ in split(text)}
        examined = {"GENERAL", "ABDOMEN", "HEART", "LUNGS", "CHEST", "EXTREMITIES", "HEENT", "VITAL SIGNS", "NECK"}
        expected += len(heads - examined)
        found += len(heads & labels - examined)
    assert expected > 500
    assert found / expected > 0.9
