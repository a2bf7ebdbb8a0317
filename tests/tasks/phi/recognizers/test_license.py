import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("NPI ⟦LICENSE|1234567893⟧", "sample number of CMS"),
    ("DEA ⟦LICENSE|BY5550193⟧", "keyword"),
    ("Rx by ⟦LICENSE|AB1234563⟧.", "DEA checksum, no keyword"),
    ("WY lic. ⟦LICENSE|11920A⟧", "licence"),
    ("Driver's license ⟦LICENSE|D5550182⟧", "driver"),
    ("DL ⟦LICENSE|MS 800555213⟧", "a state before"),
    ("Passport no: ⟦LICENSE|X5550182⟧", "passport"),
    ("CLIA ⟦LICENSE|99D5550101⟧", "CLIA"),
    ("License No: ⟦LICENSE|CLN-112233⟧", "letters"),
    ("Certified in 2015, license renewed 2019-2021.", "years"),
    ("DEA schedule 2 drugs.", "schedule"),
    ("Registration NCT01234567.", "a trial"),
    ("HER LICENSE ⟦LICENSE|AS-21638⟧ WAS COPIED.", "letters that are a word"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
