"""What the wide net of review brings, what it leaves, and that it stands hostile text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.phi.categories import CATEGORIES
from tasks.phi.near_misses import SHAPES, near_misses
from tasks.records import PhiFinding
from tests.tasks.phi.hostile import SIZE, assert_linear


def finding(text: str, value: str, category: str = "NAME") -> PhiFinding:
    start = text.index(value)
    return PhiFinding(category=category, start=start, end=start + len(value), score=0.9, recognizer="test")


def seen(text: str, *found: str) -> list[tuple[str, str]]:
    findings = sorted((finding(text, value) for value in found), key=lambda f: f.start)
    return [(text[near.start : near.end], near.shape) for near in near_misses(text, findings)]


@pytest.mark.parametrize(
    ("text", "expected", "why"),
    [
        ("he saw Adaeze Okonkwo today", [("Adaeze Okonkwo", "pair")], "two capitals in a row"),
        ("the file of T. Brandt", [("T. Brandt", "pair")], "an initial"),
        ("OKONKWO, ADAEZE", [("OKONKWO, ADAEZE", "pair")], "all capitals, turned round"),
        ("Šárka Øvrebø called", [("Šárka Øvrebø", "pair")], "capitals beyond ASCII"),
        ("On Monday the fever rose", [("Monday", "pair")], "a sentence opening goes, the day stays"),
        ("transferred to Quillmere yesterday", [("Quillmere", "word")], "a capital inside a sentence"),
        ("The wound is clean. Dressing changed.", [], "capitals of sentences alone"),
        ("mrs okonkwo came", [("okonkwo", "cue")], "behind a title, lower case"),
        ("chart 4471203 was read", [("4471203", "number")], "a long number"),
        ("call (207) 555-0123 now", [("207) 555-0123", "number")], "a telephone"),
        ("glucose 5400, bp 120/80, 4.52 to 11.01", [], "values and doses"),
        ("key QX-4471-G of the lab", [("QX-4471-G", "code")], "letters and digits"),
        ("write to a.b@example.org please", [("a.b@example.org", "address")], "an address"),
        ("seen 3/14/2024 again", [("3/14/2024", "date")], "a date in digits"),
        ("on the 3rd of March, 2024 again", [("3rd of March, 2024", "date")], "a written date"),
        ("lives at 12 Quillmere Lane", [("12 Quillmere Lane", "street")], "a number before capitals"),
        ("[REDACTED-NAME] was seen", [], "a placeholder is no near miss"),
        ("", [], "nothing"),
    ],
)
def test_shapes(text: str, expected: list[tuple[str, str]], why: str) -> None:
    assert seen(text) == expected, why


def test_what_is_found_is_no_near_miss() -> None:
    assert seen("Mr. Adaeze Okonkwo came", "Mr. Adaeze Okonkwo") == []


def test_what_is_left_over_beside_a_finding_is_shown() -> None:
    assert seen("he saw Adaeze Okonkwo today", "Adaeze") == [("Okonkwo", "beside")]


def test_every_shape_has_a_category_of_this_stage() -> None:
    assert {shape.likely for shape in SHAPES.values()} <= set(CATEGORIES)


@given(st.text(max_size=300))
def test_near_misses_lie_in_the_text_in_order_and_apart(text: str) -> None:
    end = 0
    for near in near_misses(text, []):
        assert end <= near.start < near.end <= len(text)
        assert near.shape in SHAPES
        end = near.end


@pytest.mark.parametrize(
    "bait", ["A", "Ab ", "1-", "1 ", "a@", "www.", "_", "Dr ", "A.", "1a", "Jan 1", "a-", "1 Ab", "é", "12:", "Ab, Ab"]
)
def test_hostile_repetition_takes_no_time(bait: str) -> None:
    assert_linear(lambda text: near_misses(text, []), bait * (SIZE // len(bait)))
