import re
from collections import Counter
from pathlib import Path

import pytest

from tasks.phi import engine
from tasks.phi.canaries import Canary, draw, runs, survivors
from tasks.phi.canary_shapes import CONSTANT, SHAPES
from tasks.phi.categories import CATEGORIES


def test_at_least_three_hundred_are_drawn_and_at_least_twelve_of_each_category() -> None:
    drawn = Counter(canary.category for canary in draw("s"))
    assert drawn.total() >= 300
    assert set(drawn) == set(CATEGORIES) == set(SHAPES)
    assert min(drawn.values()) >= 12


def test_same_seed_draws_the_same_and_another_seed_others() -> None:
    assert draw("s") == draw("s")
    values = {canary.value for canary in draw("s") if canary.category != "AGE_OVER_89"}
    assert len(values & {canary.value for canary in draw("t")}) <= 3  # a day of the year may come again


def test_values_stand_in_many_surroundings() -> None:
    frames = {(canary.before, canary.after) for canary in draw("s")}
    assert len(frames) > 200
    texts = [canary.text for canary in draw("s")]
    assert any(text.isupper() for text in texts)
    assert any(text.islower() for text in texts)
    assert any("|" in text for text in texts)


def test_names_are_in_no_list_of_the_stage() -> None:
    listed: set[str] = set()
    for path in Path(engine.STAGE).rglob("*"):
        if path.suffix in {".yaml", ".txt", ".csv"}:
            listed |= set(re.findall(r"[a-z]+", path.read_text(encoding="utf-8").lower()))
    words = [
        run for n in range(20) for c in draw(f"n{n}") if c.category == "NAME" for run in runs(c.value) if len(run) > 3
    ]
    assert sum(word in listed for word in words) / len(words) < 0.02


def test_of_the_categories_that_may_never_survive_every_canary_is_strict() -> None:
    strict = Counter(canary.category for canary in draw("s") if canary.strict)
    assert {kind: strict[kind] for kind in ("SSN", "MRN", "EMAIL")} == {"SSN": 16, "MRN": 16, "EMAIL": 16}
    assert strict["PHONE"] >= 8  # those with a keyword
    assert set(strict) == {"SSN", "MRN", "EMAIL", "PHONE"}


def test_every_value_tells_something() -> None:
    assert all(set(runs(canary.value)) - CONSTANT for n in range(10) for canary in draw(str(n)))


NAME = ("NAME", "Dolbran Fengar")
SURVIVES = [
    (NAME, "placeholder", "Patient: [REDACTED-NAME] rests", False, "gone"),
    (NAME, "placeholder", "[REDACTED-NAME]", False, "more than the value is gone"),
    (NAME, "placeholder", "Patient: [REDACTED-NAME] ([REDACTED-NAME]) rests", False, "found in two parts"),
    (NAME, "placeholder", "Patient: Dolbran Fengar rests", True, "untouched"),
    (NAME, "placeholder", "Patient: [REDACTED-NAME] Fengar rests", True, "half of it"),
    (NAME, "placeholder", "Patient: [REDACTED-NAME]ar rests", True, "the end of a word"),
    (NAME, "placeholder", "Patient: d[REDACTED-NAME] rests", True, "one letter"),
    (NAME, "surrogate", "Patient: Torlimund Kelbassa rests", False, "another name"),
    (NAME, "surrogate", "Patient: Torlimund Fengar rests", True, "another first name"),
    (
        ("GEO", "812 Vorlen Street, Apt 3"),
        "placeholder",
        "Patient: [REDACTED-GEO] Street rests",
        False,
        "no information",
    ),
    (("GEO", "812 Vorlen Street, Apt 3"), "placeholder", "Patient: [REDACTED-GEO], Apt 3 rests", True, "a flat"),
    (("GEO", "Vorlenton, WI 53578"), "safe_harbor", "Patient: [REDACTED-GEO], WI 535** rests", False, "state and area"),
    (("GEO", "Vorlenton, WI 53578"), "safe_harbor", "Patient: [REDACTED-GEO], WI 53578 rests", True, "the whole code"),
    (("GEO", "Vorlenton, WI 53578"), "placeholder", "Patient: [REDACTED-GEO], WI 535** rests", True, "not this policy"),
    (("DATE", "03/14/2019"), "safe_harbor", "Patient: 2019 rests", False, "a year"),
    (("DATE", "03/14/2019"), "safe_harbor", "Patient: 03/2019 rests", True, "a month"),
    (("DATE", "03/14/2019"), "placeholder", "Patient: 2019 rests", True, "not this policy"),
    (("DOB", "03/14/1921"), "safe_harbor", "Patient: 1921 rests", True, "a year that tells an age over 89"),
    (("DATE", "March 14, 2019"), "surrogate", "Patient: March 21, 2119 rests", False, "the same month by chance"),
    (("DATE", "March 14, 2019"), "surrogate", "Patient: March 14, 2119 rests", False, "the year is another"),
    (("DATE", "March 14th"), "surrogate", "Patient: March 14th rests", True, "all that there was"),
    (("AGE_OVER_89", "94"), "placeholder", "Patient: 90+ rests", False, "aggregated"),
    (("AGE_OVER_89", "94"), "safe_harbor", "Patient: 94 rests", True, "told"),
    (("PHONE", "(608) 555-0142"), "surrogate", "Patient: (312) 555-0187 rests", False, "fiction's 555"),
    (("PHONE", "(608) 555-0142"), "surrogate", "Patient: (312) 555-0142 rests", True, "four digits"),
]


@pytest.mark.parametrize(("planted", "policy", "redacted", "left", "why"), SURVIVES, ids=[row[-1] for row in SURVIVES])
def test_what_is_left_of_a_value_in_its_place_survives(
    planted: tuple[str, str], policy: str, redacted: str, left: bool, why: str
) -> None:
    canary = Canary(*planted, "Patient: ", " rests", strict=False)
    assert survivors([canary], redacted, policy) == ([canary] if left else []), why


def test_the_same_digits_elsewhere_are_not_of_the_value() -> None:
    canary = Canary("MRN", "4471", "MRN ", " was read.", strict=True)
    pieces: list[str | Canary] = ["Of 4471 people ", canary, " Of 4471 people, 12 fell."]
    assert (
        survivors(pieces, "Of 4471 people MRN [REDACTED-MRN] was read. Of 4471 people, 12 fell.", "placeholder") == []
    )
    left = survivors(pieces, "Of 4471 people MRN 4471 was read. Of 4471 people, 12 fell.", "placeholder")
    assert left == [canary]


def test_each_canary_of_a_text_is_judged_by_its_own_place() -> None:
    one = Canary("DATE", "03/14/2019", "Seen on ", ".", strict=False)
    other = Canary("SSN", "123-45-6789", "SSN: ", "", strict=True)
    pieces: list[str | Canary] = ["A. ", one, " B. ", other, " C."]
    assert survivors(pieces, "A. Seen on 03/14/2019. B. [REDACTED-SSN] C.", "placeholder") == [one]
    assert survivors(pieces, "A. Seen on [REDACTED-DATE]. B. SSN: [REDACTED-SSN]6789 C.", "placeholder") == [other]
