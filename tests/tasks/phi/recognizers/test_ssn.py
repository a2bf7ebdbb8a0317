import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("SSN: ⟦SSN|899-12-3456⟧", "never issued"),
    ("SSN ⟦SSN|000-00-0000⟧", "impossible, but with keyword"),
    ("SSN ⟦SSN|899 12 3456⟧ ok", "spaced"),
    ("SSN: ⟦SSN|899123456⟧", "bare with keyword"),
    ("SSN ⟦SSN|XXX-XX-1234⟧", "masked"),
    ("Id ⟦SSN|***-**-1234⟧", "masked without keyword"),
    ("last 4 SSN ⟦SSN|7719⟧", "last four"),
    ("SSN ending in ⟦SSN|6789⟧", "ending"),
    ("Last four digits of social: ⟦SSN|6789⟧", "of social"),
    ("Social Security number is ⟦SSN|900-12-0098⟧.", "written out"),
    ("SSN | ⟦SSN|900-12-0098⟧ |", "table"),
    ("Values 120 80 1998 in a row.", "spaced numbers without keyword"),
    ("The last 4 weeks were quiet.", "last four of something else"),
    ("The SS 304 steel plate.", "steel"),
    ("Social history: 20 pack years since 1998.", "history"),
    ("last four of ssn: ⟦SSN|2490⟧. 5 mg given", "digits in the next sentence"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
