"""Values in a table's columns, found by the label above them. Every value is made up."""

import pytest

from tasks.phi.detection import Detector
from tasks.phi.recognizers.columns import cells_by_category
from tests.tasks.phi.hostile import SIZE, assert_linear
from tests.tasks.phi.recognizers.tables import check

ROWS = [
    (
        "| # | MRN | DOB | Age |\n|---|-----|-----|-----|\n"
        "| 1 | ⟦MRN|QX440128⟧ | ⟦DOB|02/11/57⟧ | 67 |\n| 2 | ⟦MRN|ZZ-4410⟧ | ⟦DOB|30/07/32⟧ | ⟦AGE_OVER_89|92⟧ |\n",
        "bars",
    ),
    ("MRN        Room   Dx\n⟦MRN|QX 44120⟧   12     COPD\n⟦MRN|44-121⟧     14     CHF", "blanks"),
    ("mrn,dob,city,sex\n⟦MRN|K44120⟧,⟦DOB|1950-03-04⟧,⟦GEO|Tolleby⟧,F", "commas"),
    ("ID\tAge\tSex\n⟦OTHER_ID|P-0441⟧\t⟦AGE_OVER_89|93⟧\tF", "tabs"),
    ("| Member ID | Plan | Name |\n| ⟦HEALTH_PLAN|QXW 4471⟧ | gold | - |", "two labels are enough"),
    ("| MRN | Sex |\n| n/a | F |\n| pending | M |", "empty cells"),
    ("| Room | Age/Sex |\n| 12 | ⟦AGE_OVER_89|92⟧F |\n| 14 | 90+ |", "an age with its sex, and one redacted before"),
    ("| Gene | Age | OR |\n| ABC1 | 92 | 2.2 |", "one label alone makes no header"),
    ("| MRN | Sex |\n\nLater text with bars | 4471 | here", "another number of cells ends the table"),
    ("| Treatment | Code | Result |\n| A | 4471 | 12.4 |", "labels of nothing that identifies"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_cells_are_what_their_label_says(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)


@pytest.mark.parametrize("bait", ["|", "| ", "MRN|DOB\n", "a,b\n", "  x", "\t", "\n"])
def test_hostile_repetition_ends_in_time(bait: str) -> None:
    assert_linear(cells_by_category, "MRN | DOB\n" + bait * (SIZE // len(bait)))
