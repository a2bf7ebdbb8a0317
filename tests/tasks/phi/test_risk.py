"""The risk that a text's findings make together, by the table of its docstring."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.phi.categories import CATEGORIES
from tasks.phi.risk import risk_level
from tasks.records import PhiFinding

LEVELS = ("none", "low", "medium", "high")

TABLE = [
    ([], "none", "no finding"),
    (["DATE"], "low", "a date alone"),
    (["GEO", "GEO", "GEO"], "low", "three places are one kind"),
    (["DOB"], "low", "a birth date alone is a quasi-identifier"),
    (
        ["GEO", "DATE", "DOB", "AGE_OVER_89"],
        "low",
        "quasi-identifiers only, however many: letters B and C are two kinds",
    ),
    (["NAME"], "medium", "a name alone"),
    (["NAME", "NAME"], "medium", "a name again is no other identifier"),
    (["PHONE"], "medium", "one direct identifier"),
    (["PHONE", "DATE"], "medium", "a direct and a quasi-identifier, no name"),
    (["PHONE", "EMAIL"], "medium", "two direct identifiers, no name"),
    (["NAME", "DATE"], "high", "a name with a quasi-identifier"),
    (["NAME", "AGE_OVER_89"], "high", "a name with an age"),
    (["NAME", "EMAIL"], "high", "a name with a direct identifier"),
    (["SSN"], "high", "a social security number alone"),
    (["MRN"], "high", "a medical record number alone"),
    (["GEO", "DATE", "PHONE"], "high", "three kinds"),
    (["DATE", "DOB", "PHONE"], "medium", "dates and birth dates are one kind"),
    (["PHONE", "EMAIL", "URL"], "high", "three kinds of direct identifiers"),
]


def finding(category: str) -> PhiFinding:
    return PhiFinding(category=category, start=0, end=1, score=0.9, recognizer="made up")


@pytest.mark.parametrize(("categories", "level", "why"), TABLE, ids=[row[2] for row in TABLE])
def test_risk_follows_its_definition(categories: list[str], level: str, why: str) -> None:
    assert risk_level(map(finding, categories)) == level


@given(st.lists(st.sampled_from(sorted(CATEGORIES))), st.sampled_from(sorted(CATEGORIES)))
def test_a_further_finding_never_lowers_the_risk(categories: list[str], further: str) -> None:
    before = risk_level(map(finding, categories))
    after = risk_level(map(finding, [*categories, further]))
    assert LEVELS.index(before) <= LEVELS.index(after)
