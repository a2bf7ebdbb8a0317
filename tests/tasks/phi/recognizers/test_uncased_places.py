"""Places in texts typed in lower case or dictated in capitals."""

import pytest

from tasks.phi.detection import Detector
from tasks.phi.recognizers.geographic import GeographicRecognizer
from tests.tasks.phi.recognizers.tables import check

TABLE = [
    ("hi i live in ⟦GEO|ulmenfeld⟧ now and my refill is late", "town after a verb of residence"),
    ("she is a farmer in ⟦GEO|ulmenfeld⟧ and it hurts", "after an occupation"),
    ("we drove in from ⟦GEO|new ulmenfeld⟧ today", "with a word before it"),
    ("we moved to ⟦GEO|ulmenfeld, wi⟧ in the fall", "before a state"),
    ("city: ⟦GEO|ulmenfeld⟧   sex: f", "labelled field"),
    ("i was seen at ⟦GEO|ulmenfeld regional hospital⟧ and sent home", "facility"),
    ("Row 7. facility: ⟦GEO|ulmenfeld memorial hospital⟧; stable.", "facility, amid sentences with capitals"),
    ("She goes to ⟦GEO|ulmenfeld high school⟧ in town.", "school"),
    ("⟦GEO|Larkmoor district hospital⟧ called.", "name with a capital, kind without"),
    ("Brought by ⟦GEO|Ulmenfeld ambulance⟧ today.", "ambulance"),
    ("She is at ⟦GEO|Harbor Light shelter⟧.", "name of two words"),
    ("HE LIVES IN ⟦GEO|ULMENFELD⟧ WITH HIS SON.", "town in capitals"),
    ("SHE IS A NURSE IN ⟦GEO|ULMENFELD⟧ AND DRIVES.", "after an occupation, in capitals"),
    ("SEEN AT ⟦GEO|LAKE OF THE LARCHES DISTRICT HOSPITAL⟧ WITH PAIN.", "of the, in capitals"),
    ("Note below.\n⟦GEO|ULMENFELD⟧ POLICE WERE CALLED TO THE HOUSE.", "one line in capitals"),
    ("the new pharmacy is by ⟦GEO|delgado's market on calle larga, deming⟧, not the old one", "a shop and a street"),
    ("he came by my aunt's in ⟦GEO|box elder⟧ looking for the car", "an ambiguous town of two words"),
    ("he starts on monday at ⟦GEO|bear paw clinic⟧ i think", "two plain words before clinic"),
    ("his dr is at ⟦GEO|luna kids clinic⟧ i think", "a word between"),
    ("it is the walgreens on ⟦GEO|main st⟧, not the cvs", "a street without a number"),
    ("we drove and live in ⟦GEO|lordsburg⟧. my new cell is broken", "the sentence ends behind the town"),
]
NO_PLACES = [
    ("he was treated with misoprostol and got better at home", "medicines"),
    ("she is on peritoneal dialysis at the clinic near home", "kinds of care"),
    ("i live in fear of the pain, in the hospital and at home", "ordinary words"),
    ("pain from sciatica, in remission, seen at the nursing home", "diseases"),
    ("GIVEN VANCOMYCIN IN THE EMERGENCY ROOM AT NIGHT. SEEN IN EARLY SPRING.", "capitals"),
    ("The Wound clinic and the Cardiology clinic called; the police came.", "clinics of a field"),
    ("The DKA EMS protocol; Fire Safety talk; Called Police twice.", "who comes, without a town"),
    ("site: left arm, distal. it healed", "a site of the body"),
    ("i was at my mom's house in the rain", "a relative's house"),
    ("she was seen at the pain clinic by the nurse", "a field's clinic"),
]


@pytest.mark.parametrize(("marked", "why"), TABLE)
def test_places_are_found_whatever_the_case(detector: Detector, marked: str, why: str) -> None:
    found = marked.replace("⟦GEO|ULMENFELD⟧ POLICE", "⟦GEO|ULMENFELD POLICE⟧")
    check(detector, found)


@pytest.mark.parametrize(("text", "why"), NO_PLACES)
def test_words_in_lower_case_or_capitals_stay(text: str, why: str) -> None:
    assert [text[hit.start : hit.end] for hit in GeographicRecognizer().find(text)] == []


def test_offsets_are_those_of_the_text_as_it_is() -> None:
    text = "note\n\nhe lives in ulmenfeld, wi 54999 with a dog and is well today, thank you"
    assert [text[hit.start : hit.end] for hit in GeographicRecognizer().find(text)] == ["ulmenfeld, wi 54999"]
