"""Dates of birth in every form, and what stands behind "born" and is none. Every value is made up."""

import pytest

from tasks.phi.detection import Detector
from tasks.phi.recognizers.birth_dates import BirthDateRecognizer
from tests.tasks.phi.hostile import SIZE, assert_linear
from tests.tasks.phi.recognizers.tables import check

BIRTH_DATES = [
    ("DOB: ⟦DOB|03/15/1948⟧", "digits"),
    ("DOB: ⟦DOB|March 15, 1948⟧", "a written month"),
    ("DOB ⟦DOB|15-Mar-1948⟧", "day, month, year"),
    ("DOB:⟦DOB|03151948⟧", "eight digits, glued to the colon"),
    ("DOB ⟦DOB|031548⟧", "six digits"),
    ("D.O.B. ⟦DOB|3.15.48⟧", "dots and a short year"),
    ("D/O/B ⟦DOB|3-15-48⟧", "slashes in the keyword"),
    ("DOB ⟦DOB|3 / 15 / 48⟧", "spaces"),
    ("DOB (mm/dd/yyyy): ⟦DOB|03/15/1948⟧", "a form's hint between"),
    ("| DOB / Sex | ⟦DOB|11/11/1997⟧ / M |", "a table's cell"),
    ("Date of Birth:  ⟦DOB|1979-05-16⟧", "ISO"),
    ("Birthdate - ⟦DOB|Mar 1948⟧", "month and year"),
    ("Her birthday is ⟦DOB|March 15⟧.", "no year"),
    ("Her birthday is ⟦DOB|3/15⟧.", "no year, digits"),
    ("He was born on the ⟦DOB|15th of March 1948⟧.", "an ordinal"),
    ("He was born ⟦DOB|3/15/48⟧ at term.", "born"),
    ("He was born in ⟦DOB|March of 1948⟧.", "born in a month"),
    ("An aunt (b. ⟦DOB|3/4/31⟧) is well.", "b. in brackets"),
    ("An aunt (b. ⟦DOB|1931⟧) is well.", "a year that reveals an age over 89"),
    ("She was born in ⟦DOB|1931⟧.", "a year that reveals an age over 89, behind born"),
    ("Year of birth: ⟦DOB|1929⟧", "a year with its keyword"),
]

NO_BIRTH_DATES = [
    ("She was born in 1962.", "a year that reveals no age over 89"),
    ("The baby was born at 38 3/7 weeks.", "weeks"),
    ("The newborn weighed 3.2 kg.", "born at the end of a word"),
    ("A birth weight of 3,150 g.", "a weight"),
    ("Hepatitis B. 1931 was a year.", "b. behind a disease"),
]


@pytest.mark.parametrize(("marked", "why"), BIRTH_DATES, ids=[row[1] for row in BIRTH_DATES])
def test_birth_date_is_named_so(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)


@pytest.mark.parametrize(("marked", "why"), NO_BIRTH_DATES, ids=[row[1] for row in NO_BIRTH_DATES])
def test_what_is_no_birth_date_stays(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)


@pytest.mark.parametrize("bait", ["dob ", "dob: ", "born in the ", "born 3/4 ", "(b. ", "dob of "])
def test_hostile_repetition_ends_in_time(bait: str) -> None:
    assert_linear(lambda text: list(BirthDateRecognizer().find(text)), bait * (SIZE // len(bait)))
