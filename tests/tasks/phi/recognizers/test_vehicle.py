import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("A ⟦VEHICLE|1M8GDM9AXKP042788⟧ car.", "check digit X"),
    ("VIN: ⟦VEHICLE|4S3ZZ99X0N5550127⟧", "keyword, checksum fails"),
    ("plate ⟦VEHICLE|7KB-4419⟧", "plate"),
    ("tag ⟦VEHICLE|TSH 5591⟧, on roof", "two groups"),
    ("License plate ⟦VEHICLE|CA 7ABC123⟧", "a state"),
    ("A 96-well plate 12 was read.", "a laboratory plate"),
    ("FLAG tag and His tag 6.", "protein tags"),
    ("Plate 3.5 mm and 6 screws.", "a bone plate"),
    ("plate ⟦VEHICLE|pkc 2559⟧.", "letters apart, in lower case"),
    ("plate: ⟦VEHICLE|elm 8152⟧", "letters that are a word"),
    ("A plate in 2021.", "word and year"),
    ("blue truck pl. ⟦VEHICLE|10-5557⟧.", "abbreviated"),
    ("license plate Ohio ⟦VEHICLE|QXL 4471⟧.", "with its state"),
    ("parking permit ⟦VEHICLE|BQR-T52⟧", "a permit"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
