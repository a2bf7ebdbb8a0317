"""Names: what is found, what only looks like a name, what a name found once brings with it, and how long it takes."""

import re

import pytest

from tasks.phi.detection import Detector
from tasks.phi.recognizers.names import NameRecognizer
from tasks.phi.recognizers.words import IS_GIVEN, IS_SURNAME, MAY_BE_SURNAME, NAMED, RARE, kind_of
from tests.tasks.phi.hostile import SIZE, assert_linear
from tests.tasks.phi.recognizers.tables import check

FOUND = [
    ("Seen by ⟦NAME|Dr. Okonkwo⟧ today.", "a title, which belongs to the finding"),
    ("Her daughter ⟦NAME|Mai Linh⟧ is at bedside.", "a relation"),
    ("The pt's son ⟦NAME|Obinna⟧ drove him in.", "a relation in the possessive"),
    ("Plan per ⟦NAME|Lakshmi⟧ RN: hold heparin.", "a given name with a credential"),
    ("Electronically signed by ⟦NAME|Xiulan Ferreira-Costa⟧, MD", "a signature and a hyphen"),
    ("Dictated by: ⟦NAME|R. Okonjo-Whitfield⟧, PA-C", "an initial before a surname"),
    ("attending: ⟦NAME|Dmytro Halushka⟧", "a label in lower case"),
    ("⟦NAME|NGUYEN, THI LAN⟧ was admitted.", "last name first, in capitals"),
    ("Patient ⟦NAME|J.T.⟧ is well.", "initials behind a person"),
    ("Next of kin: ⟦NAME|Ozawa, Haruhi⟧", "last name first behind a label"),
    ('Name: ⟦NAME|Zbigniew "Ziggy" Wrzesniewski⟧', "a nickname in quotes"),
    ("⟦NAME|Maria de los Angeles Torres⟧ was admitted.", "particles"),
    ("Her brother (⟦NAME|Teo⟧) has gout.", "a relation's name in brackets"),
    ("my name is ⟦NAME|priya raman⟧ and i need a refill", "lower case"),
    ("hi dr ⟦NAME|kowalczyk⟧, i feel worse", "a title in lower case"),
    ("What is the dose for ⟦NAME|Thandiwe M.⟧ with TB?", "a given name and an initial"),
    ("HIS WIFE ⟦NAME|GRACIELA⟧ STATES HE FELL.", "a relation in a text of capitals"),
    ("Discharge to home with son ⟦NAME|Will⟧.", "a name that is also a word, behind a relation"),
    ("Report given to ⟦NAME|Tamika⟧, RN.", "a credential behind a comma"),
    ("Sincerely,\n⟦NAME|Zhorvath Quendlemir⟧\n", "unlisted, under a closing"),
    ("Thank you for referring ⟦NAME|Brezhlan Q. Ostravik-Dwem⟧ to us.", "unlisted, behind a verb"),
    ("| emergency contact | ⟦NAME|telvorin mcquashlen⟧ |", "unlisted, in lower case, in a table"),
    ("patient name: ⟦NAME|vrondelhart, yisquem⟧", "unlisted, last name first, in lower case"),
    ("Attending: ⟦NAME|R. Drushgovar⟧, PA-C", "a credential behind a label's value stays"),
    ("Pt: ⟦NAME|Grant, Autumn⟧. No complaints.", "last name first, of words"),
    ("⟦NAME|Mr. de la Quorvish⟧ walks.", "particles behind a title"),
    ("⟦NAME|Mr. Sunday⟧ walks.", "behind a title whatever is no name elsewhere"),
    ("nurse ⟦NAME|yeshimikar⟧ gave it.", "unlisted, in lower case, behind a role"),
]
KEPT = [
    ("Parkinson disease and Hodgkin lymphoma were discussed.", "eponyms of diseases"),
    ("Murphy sign negative, Babinski negative, Foley in place.", "eponyms of signs and things"),
    ("Johnson and Lee, NEJM 2015 found benefit; Smith et al. did not.", "citations"),
    ("Hold Coumadin; continue Keppra and Synthroid per Neurology.", "medicines and services"),
    ("Apgar 8 and 9, Ranson 3, Gleason 3+4, Child-Pugh B.", "scores"),
    ("PAST MEDICAL HISTORY: HYPERTENSION, STATUS POST CHOLECYSTECTOMY.", "headings and findings in capitals"),
    ("Mother: Hypertension. Father: CAD. Brother: Alive and well.", "a label and an illness"),
    ("Patient Education: discussed. Nurse Practitioner visit.", "headings that begin with a role"),
    ("Will follow. May repeat. Mark the site. Frank blood in stool.", "words that are also names"),
    ("hi, i hope you are well. thanks, will do.", "words that are also names, in lower case"),
]
IN_A_NOTE = [
    ("Coverage: ⟦NAME|Brezhlan Ostravik⟧ until noon.", "two unlisted words side by side"),
    ("Line drawn by ⟦NAME|Ostravik⟧.", "one, behind a preposition of persons"),
    ("Reviewed (⟦NAME|Quendlemir⟧, 10/30) again.", "one in brackets"),
    ("10:40 ⟦NAME|Quendlemir⟧: called back.", "one behind a time"),
    ("⟦NAME|Quendlemir, G.⟧ was told.", "last name and initial at the beginning of a line"),
    ("Her foster father, ⟦NAME|Marlon Kills Straight⟧, is well.", "a surname of ordinary words"),
    ("Given ⟦NAME|TW⟧ RN.", "initials that sign"),
    ("Switched to Zorvaxil and Quendrex.", "what may be a medicine behind a common word"),
    ("Zorvaxil 40 mg, then ondansetron (Zofran).", "a medicine with a dose, and a brand in brackets"),
    ("Charcot Marie Tooth disease, Guillain Barre, Ehlers Danlos.", "eponyms side by side"),
    ("1.2 L. Abd soft. R. Arm warm.", "units and sides beside a sentence's beginning"),
    ("Pseudomonas Aeruginosa and Candida Auris grew.", "species in capitals"),
    ("Transmetatarsal Amputation, Perianal Abscess.", "rare words of medicine"),
]
IN_A_PAPER = [
    "Expression of Quendlemir Ostravik was measured in G6PD Wayne cells.",
    "This led Knudson to propose two hits; alleles were Duarte 1.",
]
AGAIN = [
    ("⟦NAME|Mrs. Brightwater⟧ is here. ⟦NAME|Brightwater⟧'s labs are normal.", "a surname alone, possessive"),
    ("⟦NAME|Anna Kowalczyk⟧ called; ⟦NAME|kowalczyk⟧ was told.", "lower case"),
    ("⟦NAME|Dr. Achterhoek⟧ came. PLAN: AS ⟦NAME|ACHTERHOEK⟧ SAID.", "capitals"),
    ("⟦NAME|Mrs. Long⟧ has a long history. ⟦NAME|Mr. Osler⟧ says so.", "a word stays"),
    ("Seen by ⟦NAME|Dr. Parkinson⟧ for Parkinson disease.", "an eponym stays beside its namesake"),
    ("Surgeon: ⟦NAME|Kwame Asante⟧, MD. Site marked (⟦NAME|KA⟧).", "initials of somebody named"),
]


@pytest.mark.parametrize(("marked", "why"), FOUND + KEPT + AGAIN)
def test_exactly_the_names_are_found(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)


@pytest.mark.parametrize(("marked", "why"), IN_A_NOTE)
def test_a_note_is_read_for_unlisted_names(detector: Detector, marked: str, why: str) -> None:
    text = f"MRN and DOB on file.\n{marked}\nHx as known to PCP."
    plain = re.sub(r"⟦\w+\|(.*?)⟧", r"\1", text)
    found = {plain[f.start : f.end] for f in detector.find(plain) if f.category == "NAME"}
    assert found == set(re.findall(r"⟦NAME\|(.*?)⟧", marked)), why


@pytest.mark.parametrize("text", IN_A_PAPER)
def test_a_paper_is_not_read_for_unlisted_names(text: str) -> None:
    assert not list(NameRecognizer().find(text))


def test_lists_tell_names_from_words() -> None:
    assert kind_of("thandiwe") & IS_GIVEN
    assert kind_of("szczepanski") & IS_SURNAME
    assert kind_of("long") & (IS_SURNAME | MAY_BE_SURNAME) == MAY_BE_SURNAME
    assert not kind_of("hospital") & NAMED
    assert kind_of("transmetatarsals") == RARE
    assert kind_of("telvorin") == 0


@pytest.mark.parametrize(
    "bait",
    [
        *(
            "Mary ",
            "A. ",
            "Dr. ",
            "Smith, ",
            "O'",
            "patient: a ",
            "dr. a ",
            "Ab-",
            "van der ",
            "AB/",
            "my wife a ",
            "A",
        ),
        *("name: x, ", "Sincerely,\n", "| name | x y ", "mrn dob Zorv ", "mrn dob Zorv, Q. ", "mr. de la ", "name:\t"),
    ],
)
def test_hostile_repetition_is_quick(bait: str) -> None:
    assert_linear(lambda text: list(NameRecognizer().find(text)), bait * (SIZE // len(bait)))
