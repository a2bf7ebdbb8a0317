"""Ages over 89, and numbers of that size that are none. Every value is made up."""

import pytest

from tasks.phi.detection import Detector
from tasks.phi.recognizers.ages import AgeRecognizer
from tests.tasks.phi.hostile import SIZE, assert_linear
from tests.tasks.phi.recognizers.tables import check

AGES = [
    ("A ⟦AGE_OVER_89|93⟧-year-old man.", "the number alone, so that 90+-year-old remains"),
    ("A ⟦AGE_OVER_89|94⟧ yr. old man.", "abbreviated"),
    ("A ⟦AGE_OVER_89|92⟧yo man, a ⟦AGE_OVER_89|92⟧ y/o man, a ⟦AGE_OVER_89|92⟧ y.o. man.", "yo"),
    ("A ⟦AGE_OVER_89|103⟧-yr-old woman.", "three digits"),
    ("A ⟦AGE_OVER_89|92⟧F with a cough.", "a sex behind"),
    ("⟦AGE_OVER_89|94⟧F with a cough.", "a sex behind, at the start"),
    ("Age/Sex: ⟦AGE_OVER_89|94⟧/F", "a form"),
    ("| M | ⟦AGE_OVER_89|94⟧ |", "a sex before, in a table"),
    ("Age: ⟦AGE_OVER_89|94⟧, aged ⟦AGE_OVER_89|101⟧, age ~⟦AGE_OVER_89|95⟧", "age and aged"),
    ("Sisters aged ⟦AGE_OVER_89|91⟧ and ⟦AGE_OVER_89|93⟧.", "two ages"),
    ("She turned ⟦AGE_OVER_89|90⟧ and will be ⟦AGE_OVER_89|91⟧ soon.", "turned, will be"),
    ("She is ⟦AGE_OVER_89|95⟧ and well.", "is"),
    ("She was ⟦AGE_OVER_89|91⟧ when she fell.", "was, when"),
    ("Her mother, ⟦AGE_OVER_89|93⟧, is well; the father died at ⟦AGE_OVER_89|97⟧.", "relatives"),
    ("Mother ⟦AGE_OVER_89|93⟧ healthy, brother ⟦AGE_OVER_89|90⟧ CAD.", "a family history"),
    ("A ⟦AGE_OVER_89|ninety-two⟧-year-old man.", "words"),
    ("A man of ⟦AGE_OVER_89|one hundred and two⟧ years.", "more words"),
    ("A man in his ⟦AGE_OVER_89|mid-90s⟧.", "a decade says more than 90 or older"),
    ("A ⟦AGE_OVER_89|nonagenarian⟧ with a cough.", "so does a word for it"),
    ("Her ⟦AGE_OVER_89|94th⟧ birthday.", "a birthday"),
    ("He is ⟦AGE_OVER_89|1,104 months⟧ old.", "months go with their unit, since 90+ months would be seven years"),
    ("a ⟦AGE_OVER_89|99⟧f presented after a fall", "sex in lower case"),
    ("| Age                  | ⟦AGE_OVER_89|91⟧  |", "a wide table"),
]

NO_AGES = [
    ("An 89-year-old woman, aged 89.", "an age that may stay"),
    ("After 95 days, 93 %, 90 mg, 90 minutes and 90 tablets.", "units"),
    ("HR 92, SpO2 94%, MAP 92, Cl 98, LDL 94, BMI 92.", "values"),
    ("T 98F, a fever of 101F with chills, febrile to 102F.", "degrees Fahrenheit"),
    ("BP 92/60, sats 94-96, 95% CI.", "pressures and ranges"),
    ("The patient is 98% on room air; the patient is 94 on 2 L.", "saturations"),
    ("The patient is 92 kg; turned 90 degrees.", "weights and angles"),
    ("First described 100 years ago.", "a century"),
    ("A CA 125 level, CD90 and 90Y microspheres, ICD F92.", "names with numbers"),
    ("The 93rd percentile; heart rate in the 90s.", "ordinals and decades of something else"),
    ("Urine of 124 male subjects.", "a count"),
    ("Aged 90+ years.", "an aggregated age"),
    ("Patients aged 18-90 years.", "a range of a study"),
    ("Ninety percent of one hundred patients for ninety days.", "words of quantity"),
]


@pytest.mark.parametrize(("marked", "why"), AGES, ids=[row[1] for row in AGES])
def test_age_over_89_is_found(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)


@pytest.mark.parametrize(("marked", "why"), NO_AGES, ids=[row[1] for row in NO_AGES])
def test_what_is_no_age_over_89_stays(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)


@pytest.mark.parametrize("bait", ["90 ", "90\n", "M 92", "mother, ", "aged 90 and ", "one hundred and ", "her ", "1,0"])
def test_hostile_repetition_ends_in_time(bait: str) -> None:
    assert_linear(lambda text: list(AgeRecognizer().find(text)), bait * (SIZE // len(bait)))
