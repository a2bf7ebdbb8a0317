"""Persons whom only their surroundings tell, in notes: relations, roles, short forms, initials, lower case."""

import pytest

from tasks.phi.detection import Detector
from tasks.phi.recognizers.names import NameRecognizer
from tests.tasks.phi.hostile import SIZE, assert_linear
from tests.tasks.phi.recognizers.tables import check

NOTE = "MRN dob hx PCP. "  # what makes a text read like a note

FOUND = [
    ("The aide, ⟦NAME|Winter⟧, is due at 9.", "a word that is a name, behind its role"),
    ("Please ring ⟦NAME|Thuy⟧, the niece, at noon.", "a relation behind"),
    ("⟦NAME|Pearl⟧ (6) and ⟦NAME|Jasper⟧ (3) are well.", "ages of children"),
    ("Kids: ⟦NAME|Atticus⟧ 5, ⟦NAME|Fern⟧ 2.", "a list of children"),
    ("Her cousins ⟦NAME|Seo-yun⟧ and ⟦NAME|Ha-eun⟧ will be tested.", "a plural relation"),
    ("SW ⟦NAME|Dawn⟧ resumes Tuesday.", "a role in capitals"),
    ("She is covering for ⟦NAME|Hope⟧ today.", "somebody covered for"),
    ("Baby girl to be named ⟦NAME|Blossom⟧.", "a name that is planned"),
    ("⟦NAME|Joy⟧ says that she sleeps.", "said to act"),
    ("⟦NAME|Mrs. O⟧ (⟦NAME|Adeyemi, Faith⟧) is here.", "last name first in brackets"),
    ("Seen by ⟦NAME|Dr. Brianna Quill⟧. ⟦NAME|Bri⟧ wrote again.", "a short form"),
    ('Answers to "⟦NAME|Tootie⟧".', "a nickname"),
    ("Rx by ⟦NAME|Park, J⟧ PA for mood.", "last name and initial before a credential"),
    ("Name ........ ⟦NAME|ABERNATHY, WREN⟧\n", "a leader of dots"),
    ("Her sister is ⟦NAME|Ines Rojas Vda. de Luna⟧.", "a widow's name"),
    ("note (typed by ⟦NAME|kb⟧, draft)", "a typist"),
    ("message closed by ⟦NAME|jmarquez⟧ 3/3", "the name somebody is logged in by"),
    ("initials ⟦NAME|T-N-H⟧, arm 2", "initials by label"),
    ("⟦NAME|K. Bosveld⟧ MD. Line failed (⟦NAME|kb⟧).", "small initials of somebody named"),
    ("peer ⟦NAME|d.s.⟧ supportive", "initials of a peer"),
    ("peer ⟦NAME|cody⟧ left, staff ⟦NAME|gloria⟧ followed", "roles in lower case"),
    ("kids ⟦NAME|jaylen⟧ (8) and ⟦NAME|faith⟧ (5) at home", "children in lower case"),
    ("she ran into ⟦NAME|grace⟧ (her sponsor)", "a word that is a name, in lower case"),
    ("seen by ⟦NAME|r. hale⟧ rn", "an initial and a credential in lower case"),
]
NOT_FOUND = [
    ("Mom says he eats. Allergies: Latex (mother). Keflex, her mother says.", "no names beside relations"),
    ("Will discuss. May repeat labs. Hope is to wean. Grace period.", "words that are names"),
    ("Morse (45), Tanner (4), grade II (Gleason), pouch of Douglas.", "scores, grades and parts"),
    ("Typed and crossed. Reviewed by me. Entered by error. Meds (prn). Given PO/IV.", "no initials"),
    ("viable M, Apgar 8/9. 12 cc Omnipaque given.", "a sex and a volume are no labels"),
    ("SHE MAY SHOWER. HE SAID NO.", "verbs behind pronouns"),
    ("Asking for Percocet. Looking for Placement. PT Evaluation done.", "things asked for"),
]


@pytest.mark.parametrize(("marked", "why"), FOUND + NOT_FOUND)
def test_persons_by_their_surroundings(detector: Detector, marked: str, why: str) -> None:
    check(detector, NOTE + marked)


def test_a_paper_has_no_persons_beside_relations() -> None:
    assert not list(NameRecognizer().find("We studied Thuy, the niece model, and covering for Hope in 12 cells."))


@pytest.mark.parametrize(
    "bait",
    [
        *(
            "Ab, her ",
            "Ab (a",
            "her a, ",
            "kids Ab, ",
            "kids Ab 5 and ",
            "(Ab, ",
            "typed 1",
            "typed 1 ",
            "Ab-Cd ",
            "by a",
        ),
        *(
            "a. ",
            "aa/",
            "(ab",
            "peer a",
            "a (my ",
            "peer ab ",
            "Ab says ",
            "initials A-",
            "by A. A-",
            "\n--A.",
            "Name ....",
            ".",
        ),
    ],
)
def test_hostile_repetition_is_quick(bait: str) -> None:
    text = NOTE + "Dr. Ann Abel " + bait * (SIZE // len(bait))
    assert_linear(lambda text: list(NameRecognizer().find(text)), text)
