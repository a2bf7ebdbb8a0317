import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("Call ⟦PHONE|(503) 555-0147 ext 12⟧ now.", "an extension"),
    ("Call ⟦PHONE|503.555.0147⟧ now.", "dots"),
    ("Call ⟦PHONE|503-555-0147 x4471⟧.", "x for extension"),
    ("tel ⟦PHONE|(503)555-0147⟧", "no space"),
    ("PH ⟦PHONE|503/555-0147⟧", "a slash"),
    ("Number ⟦PHONE|+44 20 7946 0958⟧.", "international"),
    ("Number ⟦PHONE|+1 503 555 0147⟧.", "country code 1"),
    ("pager ⟦PHONE|4471⟧", "a pager's short number"),
    ("Paged ⟦PHONE|x4471⟧ twice.", "an extension alone"),
    ("cell: ⟦PHONE|555-0147⟧", "seven digits with keyword"),
    ("contact is ⟦PHONE|5035550147⟧", "bare digits with keyword"),
    ("Phone | ⟦PHONE|503-555-0147⟧ |", "the next cell of a table"),
    ("Home ⟦PHONE|503-555-0147⟧, work ⟦PHONE|503-555-0148⟧", "two"),
    ("555-0100 measured a channel.", "seven digits without keyword"),
    ("pH 7.35, pO2 98.", "pH is no phone"),
    ("Spun at x3000 g.", "a centrifuge"),
    ("Call if over 38.5.", "a limit after call"),
    ("Resolution 1024x4096.", "a size"),
    ("Work 2019-2021 in a mine.", "years after work"),
    ("Text 12-34 and page 120-134.", "pages"),
    ("phone ⟦PHONE|5-0117⟧; pager ⟦PHONE|2-0661⟧", "extensions with a dash"),
    ("pager ⟦PHONE|11-4406⟧", "two digits and a dash"),
    ("a range of 200-1200 cells, Smith 355-1230 mg", "ranges"),
    ("pager ⟦PHONE|910-555-0120 #77⟧", "a pager's code"),
    ("my cell is ⟦PHONE|(570) 555 - 0185⟧, and", "a spaced hyphen"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
