import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("See ⟦URL|https://portal.example.org/p/9⟧.", "scheme"),
    ("See ⟦URL|www.example.org/a?b=1⟧, ok", "www"),
    ("See ⟦URL|portal.example.org⟧.", "bare host"),
    ("at ⟦URL|social.example.com/@user99⟧ now", "a path"),
    ("⟦URL|HTTP://EXAMPLE.ORG⟧", "capitals"),
    ("doi.org/10.1056/NEJMoa1504720 and https://doi.org/10.1056/x1", "citations"),
    ("It was 3.5.co-trimoxazole", "a number"),
    ("Given b.i.d. in the U.S. or E.U.", "abbreviations"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
