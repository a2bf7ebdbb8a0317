import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("Medicare ⟦HEALTH_PLAN|1EG4-TE5-MK73⟧", "the Medicare format, CMS's sample"),
    ("ID is ⟦HEALTH_PLAN|1EG4TE5MK73⟧.", "without dashes or keyword"),
    ("Member ID: ⟦HEALTH_PLAN|W2255 71409 02⟧", "groups"),
    ("grp ⟦HEALTH_PLAN|88120⟧", "group"),
    ("BCBS ID ⟦HEALTH_PLAN|XQA5550917733⟧", "an insurer"),
    ("prior auth no. ⟦HEALTH_PLAN|AU-0091-5⟧", "authorisation"),
    ("Claim #⟦HEALTH_PLAN|20231188⟧", "claim"),
    ("Medicaid: ⟦HEALTH_PLAN|AR00918827⟧", "Medicaid"),
    ("insurance is ⟦HEALTH_PLAN|QX-789012⟧.", "is"),
    ("Policy no.: ⟦HEALTH_PLAN|TX-456789⟧", "policy"),
    ("A group of 1200 patients in 2019.", "a count"),
    ("The placebo group, 2015-2018.", "years"),
    ("Plan: 2000 units over 3 days.", "a dose"),
    ("Insurance since 2015.", "a year"),
    ("Linkage group D11S151.", "a marker"),
    ("PCN: Quexcare ⟦HEALTH_PLAN|500551-771902⟧, prior auth", "payer's name before the number"),
    ("Plan: Continue for 2 weeks.", "a plan of care"),
    ("claim file ⟦HEALTH_PLAN|C 00 555 912⟧.", "claim file in groups"),
    ("| Medicaid | ⟦HEALTH_PLAN|NE 0055512901⟧ |", "a state before the number"),
    ("treatment groups : VAL 160 or 320 mg", "a drug's dose"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
