import pytest

from tasks.errors import PrivacyError
from tasks.phi import canaries
from tasks.phi.categories import CATEGORIES
from tasks.phi.detection import Detector
from tasks.phi.recognizers import RECOGNIZERS
from tasks.phi.redaction import Redactor


@pytest.mark.parametrize("seed", ["a", "b", "c", "d", "e"])
def test_no_canary_survives_whatever_the_seed(redactor: Redactor, seed: str) -> None:
    assert canaries.check(redactor, seed) == 4 * len(CATEGORIES)


def test_canaries_are_the_same_for_a_seed_and_cover_every_category() -> None:
    assert list(canaries.plant("s")) == list(canaries.plant("s"))
    assert list(canaries.plant("s")) != list(canaries.plant("t"))
    assert {canary.category for canary in canaries.plant("s")} == set(CATEGORIES)


@pytest.mark.parametrize("missing", ["EMAIL", "MRN", "NAME", "DATE", "AGE_OVER_89"])
def test_surviving_canary_stops_with_its_category_and_not_its_text(missing: str) -> None:
    weakened = Redactor(Detector([kind() for kind in RECOGNIZERS if kind.category != missing]))
    with pytest.raises(PrivacyError, match=rf"{missing} \d") as caught:
        canaries.check(weakened, "seed")
    assert all(canary.value not in str(caught.value) for canary in canaries.plant("seed") if len(canary.value) > 3)
