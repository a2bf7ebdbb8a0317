import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.scoring.drug_names import drugs_of
from tasks.scoring.grounding import claims_of, grounded_share, ungrounded
from tasks.scoring.quantities import dates_of, quantities_of


@pytest.mark.parametrize(
    ("answer", "given", "expected", "why"),
    [
        ("Take 500 mg.", "0.5 g daily", 1, "units"),
        ("Take 0.5 mg.", "0.5 g daily", 0, "another unit"),
        ("50 µg", "0.05 mg", 1, "units"),
        ("10 mg/dL", "0.1 g/L", 1, "denominators"),
        ("5 mg/kg", "5 mg", 0, "a denominator more"),
        ("5 mg/day", "5 mg daily", 1, "per day is how often"),
        ("14 days", "two weeks, or 2 weeks", 1, "times"),
        ("1 year", "12 months", 1, "times"),
        ("20-40 mg", "20 mg to 40 mg", 1, "ranges"),
        ("10-20 mg", "15 mg", 0, "ends of a range"),
        ("1,000 mg", "1 g", 1, "thousands"),
        ("2,5 mg", "2.5 mg", 1, "decimal commas"),
        ("5 units", "5 IU", 1, "names of a unit"),
        ("38.5 °C", "38.5°C", 1, "temperatures"),
        ("every 8 hours", "q8h", 1, "abbreviated intervals"),
        ("2 tablets", "two tablets", 1, "numbers in words bear out"),
        ("two tablets", "", 1, "and are no claims"),
        ("a 65-year-old", "65M with fever", 1, "an age without its unit"),
        ("aged 65 years", "aged 56", 0, "another number"),
        ("BP 120/80", "BP 120/80 mmHg", 1, "a number with a unit bears out one without"),
        ("81 mg", "aspirin 81", 0, "but not the other way round"),
        ("On 2031-03-04", "03/04/2031", 1, "month first"),
        ("On 2031-04-03", "03/04/2031", 1, "day first"),
        ("4 March 2031", "2031-03-04", 1, "months in words"),
        ("March 2031", "4 March 2031", 1, "less of a date"),
        ("4 March 2031", "March 2031", 0, "more of a date"),
        ("in 2031", "4 March 2031", 1, "the year of a date"),
        ("adalimumab", "infliximab", 0, "a drug by its stem"),
        ("Samplamide 20 mg", "samplamide 20 mg", 1, "a drug by its dose"),
        ("Samplamide 20 mg", "mockatide 20 mg", 1 / 2, "the right dose of another drug"),
        ("1. Rest\n2. Drink, see [1] and [2-4]", "", 1, "list numbers and citations"),
        ("On [REDACTED-DATE] 5 mg", "5 mg", 1, "placeholders"),
        ("COVID-19, IL-6, vitamin B12", "", 1, "numbers in names"),
        ("Rest and drink.", "", 1, "nothing is claimed"),
        ("5 mg, then 5 mg, then 6 mg", "5 mg", 1 / 2, "each claim once"),
    ],
)
def test_a_claim_is_borne_out_by_an_equal_one(answer: str, given: str, expected: float, why: str) -> None:
    assert grounded_share(answer, given) == pytest.approx(expected), why


def test_claims_say_what_they_are() -> None:
    claims = claims_of("On 2031-03-04 Samplamide 20 mg for 3 of 7 patients.")
    assert sorted(claims) == [
        ("date", "2031-03-04"), ("dose", "0.02 mass"), ("drug", "samplamide"), ("number", "3"), ("number", "7"),
    ]  # fmt: skip
    assert ungrounded("20 mg, 7", "20 mg") == {("number", "7")}


@pytest.mark.parametrize(
    ("text", "drugs"),
    [
        ("Ramipril in April", {"ramipril"}),
        ("a concept of cholesterol in a person", set()),
        ("ASPIRIN and Insulin", {"aspirin", "insulin"}),
        ("hydroxychloroquine, methotrexate", {"hydroxychloroquine", "methotrexate"}),
        ("a dose of 20 mg, at most 40 mg daily", set()),
        ("Fictazine: 5 mg", {"fictazine"}),
    ],
)
def test_drugs_are_known_by_stem_list_or_dose(text: str, drugs: set[str]) -> None:
    assert drugs_of(text) == drugs


def test_a_thing_that_looks_like_a_date_and_cannot_be_one_is_none() -> None:
    assert dates_of("2031-13-04 and 45/46/2031") == []
    assert [quantity.written for quantity in quantities_of("2031-03-04 gave 3")] == [3]


@given(st.text(alphabet="0123456789.,/- mgkldayq%\nMarch", max_size=50))
def test_every_text_is_grounded_in_itself(text: str) -> None:
    assert grounded_share(text, text) == 1
