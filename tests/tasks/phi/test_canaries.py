import re

import pytest

from tasks.errors import PrivacyError
from tasks.phi import canaries
from tasks.phi.categories import CATEGORIES
from tasks.phi.detection import Detector
from tasks.phi.recognizers import RECOGNIZERS
from tasks.phi.redaction import Redactor
from tasks.records import PhiFinding


class HalfBlind(Detector):
    """Finds a share of each identifier: the first characters of every span."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share

    def find(self, text: str) -> list[PhiFinding]:
        return [self._cut(finding) for finding in super().find(text)]

    def _cut(self, finding: PhiFinding) -> PhiFinding:
        kept = max(1, round((finding.end - finding.start) * self._share))
        return finding.model_copy(update={"end": finding.start + kept})


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


@pytest.mark.parametrize("share", [0.6, 0.9])
def test_half_redacted_identifiers_of_every_kind_have_survived(share: float) -> None:
    with pytest.raises(PrivacyError) as caught:
        canaries.check(Redactor(HalfBlind(share)), "seed")
    assert {"NAME 4", "SSN 4", "IP 4", "EMAIL 4"} <= set(re.findall(r"[A-Z]+ \d", str(caught.value)))


@pytest.mark.parametrize(
    ("redacted", "left"),
    [
        ("Patient: [REDACTED-NAME]", False),
        ("[REDACTED-NAME]", False),
        ("Patient: [REDACTED-NAME] ([REDACTED-NAME])", False),
        ("Patient: [REDACTED-NAME]Fengar", True),
        ("Patient: [REDACTED-NAME] x", True),
        ("Patient: Dolbran Fengar", True),
    ],
)
def test_any_letter_or_digit_beside_the_sentence_is_left_of_the_value(redacted: str, left: bool) -> None:
    assert canaries.Canary("NAME", "Dolbran Fengar", "Patient: {}").survives(redacted) == left
