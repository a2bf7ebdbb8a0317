import pytest

from tasks.phi.policies import Found, SafeHarbor

WRITTEN = [
    ("DATE", "April 12, 2023", "2023", "the year alone"),
    ("DATE", "4/12/23", "2023", "two digits resolved"),
    ("DATE", "2023-04-12 10:15", "2023", "no time of day"),
    ("DATE", "2024-03-14 15:22\n", "2024\n", "white space stays"),
    ("DATE", "March 3rd", "[REDACTED-DATE]", "no year"),
    ("DATE", "March 3rd-5th, 2023", "[REDACTED-DATE]", "not understood"),
    ("DATE", "June 1931", "[REDACTED-DATE]", "so old a date is a birth"),
    ("DOB", "03/15/1948", "1948", "78 this year"),
    ("DOB", "12/31/1937", "1937", "89 this year, at most"),
    ("DOB", "01/01/1936", "[REDACTED-DOB]", "90 this year"),
    ("DOB", "3/15/31", "[REDACTED-DOB]", "1931, as nobody is born in 2031"),
    ("DOB", "1958", "1958", "a year alone"),
    ("DOB", "1921", "[REDACTED-DOB]", "a year alone that tells"),
    ("AGE_OVER_89", "93", "90+", "aggregated"),
    ("GEO", "Boston, MA 02139", "[REDACTED-GEO], MA 021**", "state and area stay"),
    ("GEO", "12 Elm St, Boston, Massachusetts", "[REDACTED-GEO], Massachusetts", "the state stays"),
    ("GEO", "St. Johnsbury VT 05901-1234", "[REDACTED-GEO] VT 000**", "few people"),
    ("GEO", "02139", "021**", "a code alone"),
    ("GEO", "zip 02139", "[REDACTED-GEO] 021**", "a code after its word"),
    ("GEO", "Boston", "[REDACTED-GEO]", "a city"),
    ("GEO", "K1A 0B6", "[REDACTED-GEO]", "a code of another country"),
    ("NAME", "Quillon Brask", "[REDACTED-NAME]", "no exception for names"),
    ("PHONE", "(503) 555-0147", "[REDACTED-PHONE]", "nor for numbers"),
]


@pytest.mark.parametrize(("category", "value", "written", "why"), WRITTEN, ids=[row[-1] for row in WRITTEN])
def test_what_the_rule_lets_stay_stays(
    safe_harbor: SafeHarbor, category: str, value: str, written: str, why: str
) -> None:
    assert safe_harbor.replacements([Found(category, value)], "s") == [written], why


@pytest.mark.parametrize(
    ("category", "value", "own", "why"),
    [
        ("DATE", "2023", True, "a year"),
        ("DATE", "2023-04", False, "more than the year"),
        ("DATE", "1931", False, "a year that tells an age"),
        ("DATE", "1430", False, "a time of day"),
        ("DOB", "1948", True, "a year of birth"),
        ("DOB", "1931", False, "a year of birth that tells an age"),
        ("GEO", "MA 021**", True, "what stays of a place"),
        ("GEO", "021**", True, "an area"),
        ("GEO", "MA 02139", False, "a whole code"),
        ("GEO", "Boston 021**", False, "a city beside an area"),
        ("MRN", "2023", False, "no date"),
    ],
)
def test_own_replacements_are_known_again(
    safe_harbor: SafeHarbor, category: str, value: str, own: bool, why: str
) -> None:
    assert safe_harbor.wrote(Found(category, value)) is own, why


def test_latest_year_of_the_document_counts_if_it_is_later() -> None:
    policy = SafeHarbor(2010)
    found = [Found("DOB", "01/01/1925"), Found("DATE", "3/4/2018")]
    assert policy.replacements(found, "s") == ["[REDACTED-DOB]", "2018"]
    assert policy.replacements(found[:1], "s") == ["1925"]
