import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("From ⟦IP|203.0.113.77⟧.", "IPv4"),
    ("IP ⟦IP|1.2.3.4⟧", "keyword"),
    ("Login ⟦IP|2001:db8::fe51:3⟧.", "IPv6"),
    ("MAC ⟦IP|00:1B:44:11:3A:B7⟧", "hardware"),
    ("at ⟦IP|00-1B-44-11-3A-B7⟧.", "dashes"),
    ("at ⟦IP|001b.4411.3ab7⟧.", "dots"),
    ("Trypsin (EC 3.4.21.4).", "an enzyme"),
    ("Version 10.15.7.1 and section 10.12.14.16.", "version, section"),
    ("At 10:30:15 it rose.", "time"),
    ("Ratio 1:2:4.", "ratio"),
    ("Host:⟦IP|2001:db8::fe51:3⟧", "label glued to IPv6"),
    ("Device address:⟦IP|00-1b-44-11-3a-b7⟧", "label glued to a hardware address"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
