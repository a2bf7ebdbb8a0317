import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("Mail ⟦EMAIL|jane.b+x@mail.example.org⟧.", "tag and subdomain"),
    ("MAIL ⟦EMAIL|JANE@EXAMPLE.ORG⟧", "capitals"),
    ("Mail ⟦EMAIL|jane at example dot org⟧ now", "spelt"),
    ("Mail ⟦EMAIL|jane [at] example [dot] org⟧ now", "brackets"),
    ("Mail ⟦EMAIL|jane(at)example.org⟧ now", "round brackets"),
    ("Mail ⟦EMAIL|jane @ example.org⟧ now", "spaces"),
    ("Mail ⟦EMAIL|jane.b at example.org⟧ now", "at, and a marked name"),
    ("<⟦EMAIL|jane@example.org⟧>, '⟦EMAIL|jo@example.org⟧'", "marks around"),
    ("Fe3O4@SiO2 particles.", "a particle"),
    ("Given 5 mg @ 0.4 mL.", "a rate"),
    ("Paced at 0.75 V @ 0.4 ms.", "a threshold"),
    ("Look at dot plots dot by dot.", "dots"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
