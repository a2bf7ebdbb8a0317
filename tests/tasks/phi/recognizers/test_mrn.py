import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("MRN: ⟦MRN|4471203⟧ was read.", "keyword"),
    ("MRN:\t⟦MRN|0048213⟧", "tab"),
    ("| MRN | ⟦MRN|0048213⟧ |", "table"),
    ("| MRN (sending) | ⟦MRN|448812⟧ |", "a bracket between"),
    ("x⟦MRN|MRN2468135⟧ after", "glued"),
    ("EMR ⟦MRN|SF-4471⟧", "EMR"),
    ("MR#: ⟦MRN|2033917⟧", "MR#"),
    ("FIN ⟦MRN|90021873345⟧", "FIN"),
    ("HAR ⟦MRN|5500123⟧ CSN ⟦MRN|300118457⟧", "HAR and CSN"),
    ("Chart no. ⟦MRN|D-20077⟧", "chart"),
    ("Medical Record Number is ⟦MRN|55-20-91⟧.", "written out"),
    ("Unit No: ⟦MRN|G004471⟧", "unit number"),
    ("hospital number ⟦MRN|SC 14 09 77⟧;", "groups"),
    ('{"mrn": "⟦MRN|4471203⟧"}', "JSON"),
    ("EMR systems since 2009 store 10,000 records.", "years and counts"),
    ("The chart of 12 patients.", "a count"),
    ("See room 4, day 14, grade 3.", "numbered things"),
    ("FEV1/FVC 72%, MR grade 3.", "regurgitation"),
    ("mrn ⟦MRN|lgt 33190⟧", "letters apart, in lower case"),
    ("Chart ⟦MRN|TR-2291⟧.", "letters and four digits"),
    ("MRN\n\n⟦MRN|4471203⟧", "value two lines on"),
    ("MRN ⟦MRN|40-22917⟧ merged w/ dup ⟦MRN|40-30081⟧ by HIM", "a duplicate"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
