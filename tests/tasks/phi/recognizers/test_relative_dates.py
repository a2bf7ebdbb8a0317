"""Dates told from the day of writing, which strict mode adds."""

import pytest

from tasks.phi.recognizers import RECOGNIZERS, STRICT_ONLY
from tasks.phi.recognizers.relative_dates import RelativeDateRecognizer

TABLE = [
    ("Seen last week.", ["last week"], "week"),
    ("Returns next Friday morning.", ["next Friday morning"], "day and its part"),
    ("It began LAST MONTH.", ["LAST MONTH"], "capitals"),
    ("She fell this past weekend.", ["this past weekend"], "this past"),
    ("Seen last year and last fall.", [], "years and seasons stay"),
    ("The last dose; at last Monday came.", ["last Monday"], "last of something else"),
    ("A blast week, context month.", [], "ends of other words"),
    ("Last-month average.", [], "compound"),
]


@pytest.mark.parametrize(("text", "expected", "why"), TABLE)
def test_weeks_months_and_weekdays_are_found(text: str, expected: list[str], why: str) -> None:
    assert [text[hit.start : hit.end] for hit in RelativeDateRecognizer().find(text)] == expected


def test_only_strict_mode_looks_for_them() -> None:
    assert RelativeDateRecognizer in STRICT_ONLY
    assert not {*STRICT_ONLY} & {*RECOGNIZERS}
