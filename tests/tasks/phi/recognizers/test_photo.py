import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("Photo: ⟦PHOTO|faces/p_00412.jpg⟧", "path"),
    ("in ⟦PHOTO|C:\\\\img\\\\a1.PNG⟧ ok", "drive"),
    ("⟦PHOTO|data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==⟧", "embedded"),
    ("img ⟦PHOTO|/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgHBwcJ⟧ end", "JPEG"),
    ("img ⟦PHOTO|UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAQAcJaQAA3AA⟧ end", "WebP"),
    ("img ⟦PHOTO|R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIB⟧ end", "GIF"),
    ("UID ⟦PHOTO|1.2.840.99999.4.20240528.130744.118⟧", "DICOM"),
    ("Image 4 of 12, picture 3.", "numbered images"),
    ("The .png format.", "an ending alone"),
    ("Figure 1.2.3.4 shows.", "sections"),
    ("The face is in ⟦PHOTO|0170042_v4_full.mp4⟧.", "a film"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
