import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("Fax: ⟦FAX|503-555-0148⟧", "keyword"),
    ("F: ⟦FAX|(503) 555-0148⟧", "a letter"),
    ("fx ⟦FAX|503/555-0148⟧", "abbreviation"),
    ("faxed to ⟦FAX|503.555.0148⟧", "verb"),
    ("Facsimile no. ⟦FAX|+1 217 555 0106⟧", "written out"),
    ("Fax | ⟦FAX|503-555-0148⟧", "table"),
    ("We fax 2 to 3 pages.", "pages"),
    ("Temp 98.6 F: 72 bpm.", "Fahrenheit"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
