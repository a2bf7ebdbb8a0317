import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("UDI ⟦DEVICE|(01)00844588003288(17)141120(10)7654321D(21)10987654d321⟧", "GS1"),
    ("Got ⟦DEVICE|+H123PARTNO1234567890120/$$420020216LOT123456789012345⟧ today", "HIBCC, the council's sample"),
    ("Got ⟦DEVICE|=/A9999XYZ100T0944=,000025=A99971312345600=>014032⟧ today", "ICCBBA"),
    ("Given ⟦DEVICE|W0555 24 118820⟧ at noon", "a donation number"),
    ("IMEI ⟦DEVICE|35-555500-123456-7⟧", "keyword, checksum fails"),
    ("S/N ⟦DEVICE|0718-55-2291⟧", "S/N"),
    ("serial ⟦DEVICE|RNB551882H⟧", "serial"),
    ("LOT ⟦DEVICE|HX4471902⟧", "lot"),
    ("RA lead sn ⟦DEVICE|PJN5550117⟧", "lead"),
    ("Pump s/n ⟦DEVICE|NG2205551H⟧", "pump"),
    ("The device of 2019 lasted 1200 days.", "a year and a count"),
    ("Serial CT in 2020, lead II at 120.", "serial, the adjective"),
    ("A lot of 1000 cells.", "lot, the word"),
    ("Monitor 2000 mg doses.", "a dose"),
    ("Device serial:⟦DEVICE|X22-28838⟧", "second label glued to its value"),
    ("Pacemaker, serial ⟦DEVICE|QX 44 7120⟧.", "letters apart"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
