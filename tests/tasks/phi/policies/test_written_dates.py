import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.phi.policies.written_dates import read_date

WRITTEN = [
    ("04/12/2023", (2023, 4, 12), "09/03/2151", "padded"),
    ("4/12/2023", (2023, 4, 12), "9/3/2151", "not padded"),
    ("4/12/23", (2023, 4, 12), "9/3/2151", "a year in two digits grows to four"),
    ("4-12-'23", (2023, 4, 12), "9-3-2151", "and its apostrophe goes"),
    ("15.12.2023", (2023, 12, 15), "3.9.2151", "the day first where the month cannot be"),
    ("2023-04-12", (2023, 4, 12), "2151-09-03", "ISO"),
    ("2023-04-12T10:15:00Z", (2023, 4, 12), "2151-09-03T10:15:00Z", "the time of day stays"),
    ("02/07/2024 8:14 AM", (2024, 2, 7), "09/03/2151 8:14 AM", "and so it does behind a space"),
    ("04/2023", (2023, 4, None), "09/2151", "month and year"),
    ("2023-04", (2023, 4, None), "2151-09", "year and month"),
    ("April 12, 2023", (2023, 4, 12), "September 3, 2151", "in words"),
    ("APRIL 12, 2023", (2023, 4, 12), "SEPTEMBER 3, 2151", "in capitals"),
    ("Apr. 2nd 2023", (2023, 4, 2), "Sep. 3rd 2151", "shortened, ordinal"),
    ("12 april 2023", (2023, 4, 12), "3 september 2151", "day first, small"),
    ("3rd of May, 2022", (2022, 5, 3), "3rd of September, 2151", "of"),
    ("12-Apr-2023", (2023, 4, 12), "3-Sep-2151", "dashes"),
    ("Aug 11th '23", (2023, 8, 11), "Sep 3rd 2151", "apostrophe before the year"),
    ("Monday, April 12, 2023", (2023, 4, 12), "Monday, September 3, 2151", "weekday"),
    ("April 2023", (2023, 4, None), "September 2151", "no day"),
    ("03151948", (1948, 3, 15), "09032151", "eight digits, month first"),
    ("19480315", (1948, 3, 15), "21510903", "eight digits, year first"),
    ("1962", (1962, None, None), "2151", "a year alone"),
    ("4/12", (None, 4, 12), "9/3/2151", "no year: it is added"),
    ("March 3rd", (None, 3, 3), "September 3rd, 2151", "no year, in words"),
    ("3/5 at 9:40", (None, 3, 5), "9/3/2151 at 9:40", "no year, before a time"),
    ("5/99", (1999, 5, None), "9/2151", "the second number is no day"),
]


@pytest.mark.parametrize(("value", "said", "rewritten", "why"), WRITTEN, ids=[row[-1] for row in WRITTEN])
def test_date_is_read_and_written_again_in_its_form(
    value: str, said: tuple[int | None, int | None, int | None], rewritten: str, why: str
) -> None:
    date = read_date(value, present_year=2026)
    assert date is not None, why
    assert date[:3] == said
    assert date.rewrite(datetime.date(2151, 9, 3)) == rewritten


@pytest.mark.parametrize(
    "value",
    [
        "2/30/2023",
        "13/13/2023",
        "the 15th",
        "last Friday",
        "March 3rd-5th, 2023",
        "120/80",
        "3/4/5/6",
        "",
        "x" * 500,
        "1/" * 50_000,
        "May " * 20_000,
        " " * 100_000,
    ],
)
def test_what_is_no_single_date_is_not_read(value: str) -> None:
    assert read_date(value, present_year=2026) is None


@pytest.mark.parametrize(
    ("value", "birth", "year", "why"),
    [
        ("1/2/27", False, 2027, "an appointment next year"),
        ("1/2/27", True, 1927, "nobody is born next year"),
        ("1/2/36", False, 2036, "ten years ahead at most"),
        ("1/2/37", False, 1937, "further is past"),
        ("1/2/26", True, 2026, "born this year"),
    ],
)
def test_year_in_two_digits(value: str, birth: bool, year: int, why: str) -> None:
    date = read_date(value, present_year=2026, birth=birth)
    assert date is not None
    assert date.year == year, why


@pytest.mark.parametrize(
    ("value", "latest", "near", "why"),
    [
        ("12/20", (2024, 1, 5), (2023, 12, 20), "before the turn of the year"),
        ("1/3", (2023, 12, 30), (2024, 1, 3), "after it"),
        ("2/29", (2024, 3, 1), (2024, 2, 29), "a leap day"),
    ],
)
def test_date_without_year_is_the_nearest(
    value: str, latest: tuple[int, int, int], near: tuple[int, int, int], why: str
) -> None:
    date = read_date(value, present_year=2026)
    assert date is not None
    assert date.near(datetime.date(*latest)) == datetime.date(*near), why


FORMS = ["%m/%d/%Y", "%Y-%m-%d", "%B %d, %Y", "%d %b %Y", "%m-%d-%Y", "%Y/%m/%d", "%m%d%Y", "%A, %B %d, %Y", "%d.%b.%Y"]


@given(st.dates(datetime.date(1920, 1, 1), datetime.date(2035, 1, 1)), st.sampled_from(FORMS))
def test_what_is_rewritten_reads_as_what_was_meant(day: datetime.date, form: str) -> None:
    written = day.strftime(form)
    date = read_date(written, present_year=2026)
    assert date is not None
    assert date.near(None) == day
    assert date.rewrite(day) == written or form.startswith("%d") or "%d, " in form
