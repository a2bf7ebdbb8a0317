"""Planted identifiers lie where they are said to lie, and look like what they are."""

import ipaddress
import re
from random import Random

import pytest

from tasks.sample.identifiers import CATEGORIES, PHRASES, SLOT, VIN_VALUES, VIN_WEIGHTS, draw, fill, phrase


def test_all_eighteen_kinds_are_there_with_dates_and_ages_apart() -> None:
    assert len(CATEGORIES) == len(set(CATEGORIES)) == 19
    assert set(PHRASES) == set(CATEGORIES)


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_filled_phrase_holds_the_value_at_its_span(category: str) -> None:
    rng = Random(f"spans-{category}")
    for _ in range(50):
        template = phrase(rng, category)
        value = draw(rng, category)
        filled = fill(rng, template, {category: value})
        assert [span[2] for span in filled.spans] == [category]
        start, end, _ = filled.spans[0]
        if "~" not in template:
            assert filled.text[start:end] == value
        assert filled.text[:start] + filled.text[end:] == SLOT.sub("", template)


def test_several_slots_keep_their_own_places() -> None:
    filled = fill(Random(1), "To {NAME}, {PHONE}; from {NAME~}.", {"NAME": "Aroha Ngata", "PHONE": "503-555-0100"})
    assert [filled.text[start:end] for start, end, _ in filled.spans[:2]] == ["Aroha Ngata", "503-555-0100"]
    assert filled.text.endswith(".")
    assert filled.spans[2][1] == len(filled.text) - 1


SHAPES = {
    "SSN": r"[78]\d\d-\d\d-\d{4}",
    "PHONE": r".*555[-. ]01\d\d",
    "FAX": r".*555[-. ]01\d\d",
    "EMAIL": r"[\w.]+@example\.org",
    "MRN": r"[1-9]\d{7}",
    "URL": r"https://portal\.example\.org/patients/\d{6}",
    "AGE_OVER_89": r"9\d|10[0-4]",
    "PHOTO": r"data:image/jpeg;base64,\S+|photos/\S+\.jpg",
}


@pytest.mark.parametrize(("category", "shape"), SHAPES.items())
def test_values_have_their_kind_s_shape_and_lie_in_reserved_ranges(category: str, shape: str) -> None:
    rng = Random(2)
    assert all(re.fullmatch(shape, draw(rng, category)) for _ in range(200))


def test_ip_addresses_are_from_the_documentation_ranges() -> None:
    rng = Random(3)
    reserved = [ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
    for _ in range(200):
        address = ipaddress.ip_address(draw(rng, "IP"))
        assert any(address in network for network in reserved if network.version == address.version)


def test_the_vehicle_check_digit_agrees_with_a_published_number() -> None:
    published = "1M8GDM9AXKP042788"  # the worked example of many VIN guides; its check digit is X
    total = sum(VIN_VALUES[c] * w for c, w in zip(published, VIN_WEIGHTS, strict=True))
    assert total % 11 == 10


def test_names_are_written_in_several_ways() -> None:
    rng = Random(4)
    names = [draw(rng, "NAME") for _ in range(300)]
    assert any(name == name.lower() for name in names)
    assert any("," in name for name in names)
    assert any(not name.isascii() for name in names)
