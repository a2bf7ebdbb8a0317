from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.errors import PrivacyError
from tasks.phi.categories import CATEGORIES, category_of
from tasks.phi.detection import Detector
from tasks.phi.engine import engine_version
from tasks.phi.normalisation import Normalised
from tasks.phi.recognizers import RECOGNIZERS
from tasks.phi.recognizers.rules import Hit, RuleRecognizer
from tasks.phi.redaction import Redactor
from tasks.placeholders import REPLACED, placeholder
from tests.tasks.phi.hostile import assert_linear

FRAGMENTS = st.sampled_from(
    [
        "Dr. Quillon Brask", "MRN: 4471203", "on 04/12/2023", "(503) 555-0147", "aged 93", "Parkinson disease", "5 mg",
        "a.b@example.org", "SSN 899-12-3456", "jané", "４１１１", "[REDACTED-NAME]", "the lungs were clear", ". ", ", ", " ",  # noqa: E501
        "Ohio", "\u200d", "\n",
    ]
)  # fmt: skip
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class BrokenRecognizer(RuleRecognizer):
    """Fails as a library might: with the text in its message."""

    category = "NAME"

    def find(self, text: str) -> list[Hit]:
        raise ValueError(f"cannot read {text}")


def test_every_category_has_a_recognizer_and_every_letter_a_category() -> None:
    assert {kind.category for kind in RECOGNIZERS} == set(CATEGORIES)
    assert {c.letter for c in CATEGORIES.values()} == set("ABCDEFGHIJKLMNOPQR")


def test_unknown_presidio_entity_is_some_other_identifier() -> None:
    assert (category_of("PERSON"), category_of("XX_TAX_NUMBER"), category_of("MRN")) == ("NAME", "OTHER_ID", "MRN")


def test_findings_point_into_the_original_text(detector: Detector) -> None:
    text = "card 4111\u200d1111\u200d1111\u200d1111 of Dr. Zoë Brásk"
    assert [text[f.start : f.end] for f in detector.find(text)] == [
        "4111\u200d1111\u200d1111\u200d1111",
        "Dr. Zoë Brásk",
    ]


def test_overlapping_findings_become_one_and_the_surest_names_it(detector: Detector) -> None:
    (finding,) = detector.find("MRN: 123-456-7890")
    assert (finding.category, finding.start, finding.end) == ("MRN", 5, 17)


@QUIET
@given(st.lists(FRAGMENTS.filter(lambda f: "REDACTED" not in f), max_size=12).map(" ".join))
def test_presidio_s_analyzer_marks_the_same_characters_with_these_recognizers(detector: Detector, text: str) -> None:
    read = Normalised(text)
    ours = {at for finding in detector.find(text) for at in range(finding.start, finding.end)}
    theirs = [read.original(r.start, r.end) for r in detector.analyzer.analyze(read.text, language="en")]
    assert ours == {at for span in theirs for at in range(*span)}


def test_what_only_looks_like_a_placeholder_hides_nothing(redactor: Redactor) -> None:
    assert redactor.redact("SSN [REDACTED-123_45_6789]").findings
    assert set(REPLACED) == set(CATEGORIES) - {"AGE_OVER_89"}


def test_dense_text_that_was_redacted_before_takes_no_square_of_its_length(redactor: Redactor) -> None:
    text = "[REDACTED-NAME] a1b@example.com, " * 6_000
    assert_linear(redactor.redact, text)


def test_recognizer_that_raises_stops_and_quotes_no_text() -> None:
    with pytest.raises(PrivacyError) as caught:
        Detector([BrokenRecognizer()]).find("Patient: Quillon Brask")
    error = caught.value
    assert "ValueError" in str(error)
    assert "Brask" not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None


@QUIET
@given(st.lists(FRAGMENTS, max_size=12).map(" ".join) | st.text(max_size=200))
def test_offsets_are_valid_and_text_outside_findings_is_unchanged(redactor: Redactor, text: str) -> None:
    redacted, findings = redactor.redact(text)
    kept, position = "", 0
    for finding in findings:
        assert position <= finding.start < finding.end <= len(text)
        kept += text[position : finding.start] + placeholder(finding.category)
        position = finding.end
    assert redacted == kept + text[position:]


@QUIET
@given(st.lists(FRAGMENTS, max_size=12).map(" ".join))
def test_redacting_twice_changes_nothing(redactor: Redactor, text: str) -> None:
    once = redactor.redact(text).text
    assert redactor.redact(once) == (once, [])


@given(st.text(alphabet="aé５\u200d\u00ad—Ж½\u0301 ", max_size=40))
def test_normalised_characters_lead_back_to_where_they_came_from(text: str) -> None:
    plain = Normalised(text)
    spans = [plain.original(i, i + 1) for i in range(len(plain.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert [start for start, _ in spans] == sorted({start for start, _ in spans})


def test_engine_version_names_library_and_rules() -> None:
    version = engine_version()
    assert version.startswith("presidio-")
    assert "+rules-" in version
    assert str(Path.cwd()) not in version
