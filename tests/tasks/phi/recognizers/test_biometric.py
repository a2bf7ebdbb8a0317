import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("Fingerprint template ⟦BIOMETRIC|FP-AB12-CD34⟧.", "template"),
    ("voiceprint id: ⟦BIOMETRIC|VP_20118⟧", "voice"),
    ("Iris scan ⟦BIOMETRIC|IR-7f3a-0092⟧", "iris"),
    ("enrolled template ⟦BIOMETRIC|RPALM-7f3a-0092-e1⟧", "template alone"),
    ("DNA fingerprinting in 1995.", "a method"),
    ("Hand grip 32 kg, face scale 4.", "scales"),
    ("The iris, 12 mm wide.", "an eye"),
    ("Footprints taken, chart copy (⟦BIOMETRIC|FP-2024-0423-L⟧).", "code in brackets"),
    ("DNase footprinting of the promoter (lane 4).", "a laboratory method"),
    ("log-on ⟦BIOMETRIC|FPR-TPL:3b9e77a04c⟧", "a template's prefix"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
