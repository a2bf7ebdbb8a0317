"""True answers are kept, and each kind of lie is refused for its own reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dataset.support import SENTENCE_END, unsupported

PASSAGE = (
    "Thirty of 40 sailors given tea were warmer after 2 weeks. Tea did not change sleep. Frostbite decreased in the tea"
    " group (5% vs 12%). Coffee raised pulse by 1,200 beats. Dr [REDACTED-NAME] led the trial in Norway."
)
NOT_SAID = "not said by the passage"
NOT_THERE = "number or name not in the passage"
DENIAL = "denies what the passage says, or the reverse"
PAIRS = [
    ("What happened to frostbite?", "Frostbite decreased in the tea group, 5% vs 12%.", ""),
    ("What happened to frostbite?", "In the tea group frostbite decreased.", ""),
    ("How many sailors were warmer?", "Thirty of the 40 sailors were warmer after 2 weeks.", ""),
    ("Did tea change sleep?", "Tea did not change sleep.", ""),
    ("Describe the pulse.", "Coffee raised the pulse by 1200 beats.", ""),
    ("Who led the trial?", "Dr [REDACTED-NAME] led the trial in Norway.", ""),
    ("What happened to frostbite?", "Frostbite increased in the tea group.", NOT_SAID),
    ("What happened to frostbite?", "Frostbite increased in the tea group, 5% vs 12%, of sailors.", NOT_SAID),
    ("What happened to the pulse?", "Coffee lowered pulse by 1,200 beats, raised.", "other direction than the passage"),
    ("Did tea change sleep?", "Tea changed sleep.", DENIAL),
    ("Were sailors warmer?", "Thirty of 40 sailors given tea were not warmer.", DENIAL),
    ("How many?", "Thirty of 45 sailors were warmer.", NOT_THERE),
    ("How many?", "Thirty of 40 sailors were warmer. The others got 7 cups.", NOT_THERE),
    ("How many had frostbite?", "Frostbite decreased in the tea group by 40.", NOT_SAID),
    ("Who led the trial?", "Brask led the trial.", NOT_THERE),
    ("Who led the trial?", "Dr [REDACTED-NAME] of Oslo led the trial.", NOT_THERE),
    ("Which drug?", "TNF was given to sailors.", NOT_THERE),
    ("Who led the trial?", "Dr [REDACTED-PHONE] led the trial.", "invented placeholder"),
    ("Is [REDACTED-SSN] warm?", "Sailors given tea were warmer.", "invented placeholder"),
    ("Who led the trial?", "[REDACTED-NAME].", "placeholders only"),
    ("Did sailors in Sweden drink?", "Sailors given tea were warmer.", "question names what the passage does not"),
    ("Did 50 sailors drink?", "Sailors given tea were warmer.", "question names what the passage does not"),
    ("What does tea cure?", "Tea cures cancer in sailors.", NOT_SAID),
    ("What is said?", "It is so.", "nothing said"),
    ("What is said?", "", "empty question or answer"),
    ("What is said?", PASSAGE + " More.", "longer than the passage"),
]


@pytest.mark.parametrize(("question", "answer", "reason"), PAIRS)
def test_a_pair_is_kept_or_refused_with_its_reason(question: str, answer: str, reason: str) -> None:
    assert unsupported(question, answer, PASSAGE) == reason


@given(st.sampled_from(SENTENCE_END.split(PASSAGE)))
def test_a_sentence_of_the_passage_is_always_supported(sentence: str) -> None:
    assert unsupported("What is said?", sentence, PASSAGE) == ""


@given(st.sampled_from(SENTENCE_END.split(PASSAGE)), st.integers(13, 10**6).filter(lambda n: n not in (40, 1200)))
def test_a_number_that_the_passage_lacks_never_passes(sentence: str, number: int) -> None:
    assert unsupported("What is said?", f"{sentence[:-1]} and {number}.", PASSAGE)
