import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.phi.policies import Found, Surrogate
from tasks.phi.policies.written_dates import read_date
from tests.tasks.phi.policies.conftest import KEY, YEAR

POLICY = Surrogate(KEY, YEAR)


def put(category: str, value: str, subject: str = "p1", policy: Surrogate = POLICY) -> str:
    return policy.replacements([Found(category, value)], subject)[0]


# Names


def test_parts_of_a_name_agree_in_any_order_and_case() -> None:
    given_name, surname = put("NAME", "John Smith").split()
    assert put("NAME", "Smith") == put("GEO", "Smith") == surname
    assert put("NAME", "Dr. Smith") == f"Dr. {surname}"
    assert put("NAME", "SMITH, JOHN") == f"{surname}, {given_name}".upper()
    assert put("NAME", "john") == given_name.lower()
    assert put("NAME", "J. Smith") == f"{given_name[0]}. {surname}"
    assert put("NAME", "Mr. Smith's") == f"Mr. {surname}'s"
    assert put("NAME", "John van der Smith, MD") == f"{given_name} van der {surname}, MD"
    assert put("NAME", "Smith-Jones").startswith(f"{surname}-")
    assert put("NAME", "Ｓｍｉｔｈ") == surname


@pytest.mark.parametrize(
    ("category", "value", "why"),
    [
        ("NAME", "J.S.", "initials alone could not be known again"),
        ("NAME", "Dr.", "nothing of a name"),
        ("NAME", "王伟", "another script"),
        ("NAME", "smith88", "a name with digits"),
        ("GEO", "County Hospital", "nothing but general words, which would stay"),
        ("GEO", "42.3601, -71.0589", "coordinates"),
        ("GEO", "K1A 0B6", "a code of another country"),
        ("GEO", "MA", "a state alone, which would stay"),
        ("DATE", "March 3rd", "no year, and no other date"),
        ("DATE", "the 15th", "not understood"),
        ("DATE", "June 5, 1931", "so old a date is a birth"),
        ("DOB", "01/01/1936", "over 89"),
        ("SSN", "XXX-XX-6789", "masked"),
        ("SSN", "6789", "the last four"),
        ("MRN", "48213", "five digits hold no check"),
        ("PHONE", "4471", "an extension"),
        ("PHOTO", "/photos/brask_0001.jpg", "a photograph"),
        ("VEHICLE", "ABC-1234", "too short"),
        ("IP", "localhost", "no address"),
    ],
)
def test_what_has_no_surrogate_becomes_a_placeholder(category: str, value: str, why: str) -> None:
    assert put(category, value) == f"[REDACTED-{category}]", why


# Dates


@pytest.mark.parametrize(
    ("category", "value", "shape"),
    [
        ("DATE", "April 12, 2023", r"[A-Z][a-z]+ \d{1,2}, 2[12]\d\d"),
        ("DATE", "4/12/23", r"\d{1,2}/\d{1,2}/2[12]\d\d"),
        ("DATE", "2023-04-12T10:15:00Z", r"2[12]\d\d-\d\d-\d\dT10:15:00Z"),
        ("DOB", "03151948", r"\d{4}2[12]\d\d"),
        ("DATE", "Apr 2023", r"[A-Z][a-z]{2} 2[12]\d\d"),
        ("DOB", "1962", r"2[12]\d\d"),
    ],
)
def test_date_keeps_its_form_and_moves_into_the_reserved_years(category: str, value: str, shape: str) -> None:
    moved = put(category, value)
    assert re.fullmatch(shape, moved)
    assert POLICY.wrote(Found(category, moved))


DAYS = st.dates(datetime.date(1938, 1, 1), datetime.date(2035, 12, 31))


@given(DAYS, DAYS, st.text(min_size=1, max_size=8))
def test_intervals_and_weekdays_stay(one: datetime.date, other: datetime.date, subject: str) -> None:
    written = [Found("DATE", f"{one:%m/%d/%Y}"), Found("DATE", f"{other:%B} {other.day}, {other.year}")]
    moved = [read_date(new, present_year=YEAR) for new in POLICY.replacements(written, subject)]
    if min(one, other).year < max(YEAR, one.year, other.year) - 89:
        return
    first, second = (date.near(None) for date in moved if date)
    assert first is not None
    assert second is not None
    assert second - first == other - one
    assert first.weekday() == one.weekday()


def test_date_without_year_is_read_beside_the_latest() -> None:
    found = [Found("DATE", "01/05/2024"), Found("DATE", "12/20"), Found("DATE", "Jan 9th")]
    full, before, after = (read_date(new, present_year=YEAR) for new in POLICY.replacements(found, "p1"))
    assert full and before and after
    at = full.near(None)
    assert at is not None
    assert before.near(None) == at - datetime.timedelta(days=16)
    assert after.near(None) == at + datetime.timedelta(days=4)


def test_age_over_89_is_aggregated() -> None:
    assert put("AGE_OVER_89", "93") == "90+"


# Numbers and addresses

SHAPES = [
    ("PHONE", "(503) 555-9147", r"\([2-9]\d\d\) 555-01\d\d"),
    ("PHONE", "503.867.5309", r"[2-9]\d\d\.555\.01\d\d"),
    ("PHONE", "1-503-867-5309", r"1-[2-9]\d\d-555-01\d\d"),
    ("PHONE", "5038675309", r"[2-9]\d\d55501\d\d"),
    ("PHONE", "867-5309", r"[2-9]\d\d-555-01\d\d"),
    ("PHONE", "503-867-5309 x123", r"[2-9]\d\d-555-01\d\d"),
    ("FAX", "+44 20 7123 4567", r"\+1 [2-9]\d\d-555-01\d\d"),
    ("EMAIL", "Quillon.Brask@hospital.test", r"[a-z]+\.[a-z]+@example\.(?:org|com|net)"),
    ("URL", "https://www.brask.test/q?id=7", r"https://www\.example\.(?:org|com|net)/[0-9a-f]{12}"),
    ("URL", "brask.test/q", r"example\.(?:org|com|net)/[0-9a-f]{12}"),
    ("IP", "10.20.30.40:8080", r"(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}"),
    ("IP", "fe80::1ff:fe23:4567:890a", r"2001:db8:[0-9a-f]{1,4}:[0-9a-f]{1,4}::[0-9a-f]{1,4}"),
    ("IP", "A4-5E-60-11-22-33", r"00-00-5E-00-53-[0-9A-F]{2}"),
    ("IP", "a45e.6011.2233", r"0000\.5e00\.53[0-9a-f]{2}"),
    ("SSN", "899-12-3456", r"000-\d\d-\d{4}"),
    ("SSN", "899123456", r"000\d{6}"),
    ("MRN", "4471203", r"\d{7}"),
    ("ACCOUNT", "V7710-003928", r"[A-Z]\d{4}-\d{6}"),
    ("HEALTH_PLAN", "HPx123456789", r"[A-Z]{2}[a-z]\d{9}"),
    ("OTHER_ID", "3f2a9c1e-77b0-4d15-a2c4-9e0f1b6d8a33", r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("GEO", "12 Elm Street, Boston, MA 02139", r"99\d{3} [A-Z][a-z]+ Street, [A-Z][a-z]+, MA 000\d\d"),
    ("DEVICE", "(01)00844588003288(17)261231", r"\(\d\d\)\d{14}\(\d\d\)\d{6}"),
    ("GEO", "02139-4307", r"000\d\d-\d{4}"),
    ("GEO", "W 42nd Street", r"W [A-Z][a-z]+ Street"),
    ("GEO", "Brask Family Clinic", r"[A-Z][a-z]+ Family Clinic"),
    ("GEO", "PO Box 77", r"PO Box 99\d{3}"),
]


@pytest.mark.parametrize(("category", "value", "shape"), SHAPES, ids=[f"{c} {v}" for c, v, _ in SHAPES])
def test_surrogate_has_the_form_of_the_value_and_is_known_again(category: str, value: str, shape: str) -> None:
    new = put(category, value)
    assert re.fullmatch(shape, new)
    assert POLICY.wrote(Found(category, new))
    assert not POLICY.wrote(Found(category, value))


@pytest.mark.parametrize(
    ("category", "value"),
    [
        ("NAME", "Quillon Brask"),
        ("DATE", "04/12/2023"),
        ("PHONE", "503-867-5309"),
        ("EMAIL", "q.brask@hospital.test"),
        ("SSN", "899-12-3456"),
        ("MRN", "44712039"),
        ("URL", "https://brask.test/q"),
        ("IP", "2001:470::1:2:3:4"),
        ("GEO", "12 Elm Street"),
    ],
)
def test_same_value_is_the_same_for_one_subject_and_another_under_other_subjects_and_keys(
    category: str, value: str
) -> None:
    other_key = Surrogate(KEY[::-1], YEAR)
    assert put(category, value) == put(category, value, policy=Surrogate(KEY, YEAR))
    assert len({put(category, value), put(category, value, "p2"), put(category, value, policy=other_key)}) == 3


@pytest.mark.parametrize(
    ("category", "value", "why"),
    [
        ("PHONE", "503-555-0142", "a number for fiction, not of this key"),
        ("IP", "203.0.113.77", "an address for documentation, not in use"),
        ("EMAIL", "quillon.brask@example.org", "an example host, other words"),
        ("URL", "https://www.example.org/deadbeef", "an example host, another path"),
        ("URL", "example.org", "a host alone"),
        ("SSN", "000-12-3456", "the right area, a wrong check"),
        ("MRN", "2145", "a year of the reserved ones, but no date"),
        ("NAME", "Dr. J.", "nothing but a title and an initial"),
        ("GEO", "99 Elm Street", "a house number"),
        ("DATE", "12/5", "no year"),
    ],
)
def test_value_of_a_reserved_range_is_not_taken_for_a_surrogate(category: str, value: str, why: str) -> None:
    assert not POLICY.wrote(Found(category, value)), why


def test_part_of_a_surrogate_is_known_by_what_stands_around_it() -> None:
    assert POLICY.wrote(Found("DATE", "May 3", before="seen on ", after=", 2231 at noon"))
    assert not POLICY.wrote(Found("DATE", "May 3", before="seen on ", after=", again in 2231"))
    device = put("DEVICE", "(01)00844588003288(17)261231")
    assert POLICY.wrote(Found("OTHER_ID", device[4:18], before=f"UDI {device[:4]}", after=device[18:]))
    address = put("EMAIL", "q.brask@hospital.test")
    local, host = address.split("@")
    assert POLICY.wrote(Found("URL", host, before=f"write to {local}@"))
    assert POLICY.wrote(Found("NAME", local.split(".", maxsplit=1)[0], after=f".{local.split('.')[1]}@{host}"))


def test_surrogate_beside_a_value_does_not_hide_it() -> None:
    surname = put("NAME", "Smith")
    assert POLICY.wrote(Found("NAME", f"Dr. {surname}"))
    assert not POLICY.wrote(Found("NAME", f"Quillon {surname}"))
    assert not POLICY.wrote(Found("DATE", "4/12, 5/3/2231"))
    assert put("NAME", f"Quillon {surname}").endswith(f" {surname}")


def test_real_numbers_hardly_ever_pass_for_surrogates() -> None:
    assert not any(POLICY.wrote(Found("MRN", f"{10_000_019 * i % 100_000_000:08}")) for i in range(1, 3000))


def test_surrogates_of_long_and_hostile_values_come_quickly() -> None:
    for bait in ("a" * 100_000, "9" * 20_000, "1-" * 20_000, "' " * 50_000, "May 2, " * 15_000, "2001:db8:" * 10_000):
        for category in ("NAME", "GEO", "DATE", "URL", "IP", "EMAIL"):
            POLICY.wrote(Found(category, bait))
            put(category, bait)
