import pytest

from tasks.phi.policies.places import read_place, zip_area

PLACES = [
    ("Boston, MA 02139", ("Boston, ", "MA", "02139"), "city, state, code"),
    ("Boston, Massachusetts 02139-4307", ("Boston, ", "Massachusetts", "02139"), "a state in full, nine digits"),
    ("boston ma 02139", ("boston ", "ma", "02139"), "small letters count before a code"),
    ("lives in me", ("lives in me", "", ""), "and not elsewhere"),
    ("Portland, OR", ("Portland, ", "OR", ""), "no code"),
    ("Sauk City, Wisconsin", ("Sauk City", "Wisconsin", ""), "no code, a state in full"),
    ("Fort Washington", ("Fort Washington", "", ""), "a state's word within a name"),
    ("02139", ("", "", "02139"), "a code alone"),
    ("zip code: 02139", ("zip code: ", "", "02139"), "a code after its word"),
    ("PO Box 12345", ("PO Box 12345", "", ""), "five digits that are no code"),
    ("12345 Elm Street", ("12345 Elm Street", "", ""), "a house number"),
    ("MA", ("", "MA", ""), "a state alone"),
]


@pytest.mark.parametrize(("value", "parts", "why"), PLACES, ids=[row[-1] for row in PLACES])
def test_place_is_split(value: str, parts: tuple[str, str, str], why: str) -> None:
    place = read_place(value)
    assert (place.rest.rstrip(", ") if place.state else place.rest) == parts[0].rstrip(", ") or place.rest == parts[0]
    assert (place.state, place.zip_code) == parts[1:], why


@pytest.mark.parametrize(
    ("zip_code", "area", "why"),
    [
        ("02139", "021", "many people"),
        ("03601", "000", "few by the census of 2000 and since"),
        ("06390", "000", "few by the census of 2000 alone"),
        ("20301", "000", "few, an office"),
        ("77201", "000", "few by the census of 2020 alone"),
        ("09021", "000", "military: no census counts it"),
        ("00501", "000", "the lowest code, of an office"),
    ],
)
def test_area_of_few_people_is_000(zip_code: str, area: str, why: str) -> None:
    assert zip_area(zip_code) == area, why


def test_hostile_address_is_read_quickly() -> None:
    for bait in (" " * 100_000, "A, " * 40_000, "MA " * 40_000, "02139 " * 20_000):
        assert read_place(bait).rest == bait
