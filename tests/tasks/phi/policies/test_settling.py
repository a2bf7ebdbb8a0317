"""Redaction with the real recognizers under each policy: a second one changes nothing, medicine stays, values go."""

import functools
import re
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.phi.detection import Detector
from tasks.phi.policies import Found, Placeholder, Policy, SafeHarbor, Surrogate
from tasks.phi.redaction import Redactor
from tasks.records import PhiFinding
from tests.tasks.phi.policies.conftest import KEY, YEAR

POLICIES: list[Policy] = [Placeholder(), SafeHarbor(YEAR), Surrogate(KEY, YEAR)]
NAMES = ["policy.placeholder", "policy.safe_harbor", "policy.surrogate"]


@functools.cache
def _redactor(index: int) -> Redactor:
    return Redactor(_detector(), POLICIES[index])


@functools.cache
def _detector() -> Detector:
    return Detector()


NOTE = """Patient: Quillon Brask   MRN: 44712039   DOB: 03/15/1958
Admitted 04/10/2023, discharged April 12, 2023. Seen by Dr. Thessaly Vance on 4/11/23.
12 Elm Street, Springfield, IL 62704. Phone (503) 555-0147, fax: 503-555-0148, q.brask@example.org
SSN 899-12-3456, member ID: HP123456789, pacemaker serial number SN12345678. See https://portal.example/q/77.
Mrs. Brask took metoprolol 25 mg; BP 120/80, K 4.1 mmol/L, stage T2N0M0, EF 55-60%, HbA1c 7.2 %.
His mother is 93 years old. Logged in from 10.20.30.40. BRASK, QUILLON was called."""
MEDICINE = ["25 mg", "120/80", "4.1 mmol/L", "T2N0M0", "55-60%", "7.2 %", "metoprolol"]
VALUES = [
    "quillon", "brask", "44712039", "03/15", "04/10", "april 12", "4/11", "thessaly", "vance", "springfield",
    "62704", "555-0147", "555-0148", "899-12", "123456789", "12345678", "portal", "93", "10.20.30.40", "elm",
]  # fmt: skip


@pytest.mark.parametrize("index", range(3), ids=NAMES)
def test_note_is_redacted_once(index: int) -> None:
    once = _redactor(index).redact(NOTE, "p1")
    again = _redactor(index).redact(once.text, "p2")
    assert (again.text, again.findings) == (once.text, [])
    assert all(medicine in once.text for medicine in MEDICINE)
    assert [value for value in VALUES if re.search(rf"\b{re.escape(value)}\b", once.text.lower())] == []


def test_surrogates_agree_within_a_note_and_across_the_texts_of_a_patient() -> None:
    redactor = _redactor(2)
    first = redactor.redact("Patient: Quillon Brask. Seen on 04/10/2023. Brask is well.", "p1").text
    second = redactor.redact("Patient: Quillon Brask. Seen on 04/17/2023.", "p1").text
    other = redactor.redact("Patient: Quillon Brask. Seen on 04/10/2023.", "p2").text
    name = first.removeprefix("Patient: ").split(".", maxsplit=1)[0]
    assert first.endswith(f"{name.split()[1]} is well.")
    assert second.startswith(f"Patient: {name}. ")
    assert not other.startswith(f"Patient: {name}. ")


def test_texts_of_one_document_share_its_latest_date() -> None:
    texts = _redactor(2).redact_texts(["Seen on 04/10/2023.", "He was admitted on 4/8 again."], "p1")
    assert "[REDACTED" not in texts[1].text


def test_labels_of_a_row_are_replaced_for_its_subject() -> None:
    redactor = _redactor(2)
    row = {"source": "ward of Dr. Quillon Brask", "messages": [{"role": "user", "content": "Dr. Quillon Brask wrote."}]}
    one, _ = redactor.redact_row("examples", row | {"subject_key": "p1"})
    other, _ = redactor.redact_row("examples", row | {"subject_key": "p2"})
    assert isinstance(one["messages"], list)
    assert one["messages"][0]["content"] == f"{str(one['source']).removeprefix('ward of ')} wrote."
    assert one["source"] != other["source"]


PIECES = st.sampled_from(
    [
        "Patient: Quillon Brask", "Dr. Smith", "SMITH, JOHN", "john smith", "MRN: 4471203", "MRN 00482137",
        "DOB: 3/15/48",
        "born in 1932", "04/12/2023", "April 12, 2023", "on 4/12", "Sept 3rd", "2023-04-12T10:15:00Z", "12-Apr-2023",
        "Boston, MA 02139", "ZIP 03601", "12 Elm Street, Apt 4B", "treated at Brask Memorial Hospital",
        "(503) 555-0147",
        "fax: 503 867 5309", "call 8675309", "q.brask@example.org", "SSN: 899-12-3456", "***-**-6789",
        "Acct #: V7710-003928",
        "Member ID: HP123456789", "NPI 1902555374", "plate ABC-1234", "serial number SN12345678", "https://portal.example/q",
        "10.20.30.40", "fe80::1ff:fe23:4567:890a", "a4:5e:60:11:22:33", "93-year-old", "fingerprint FP-12345678",
        "3f2a9c1e-77b0-4d15-a2c4-9e0f1b6d8a33", "aspirin 81 mg", "BP 120/80", "T2N0M0", "her husband Tor said", "M.D.",
        "(01)00844588003288(17)261231(21)SN99", "Johnson and Lee, NEJM 2015", "to", "of", "is", "No.", "#",
    ]
)  # fmt: skip
JOINTS = st.sampled_from([" ", ", ", ". ", "\n", "; ", " - ", ": ", "/", ""])


@pytest.mark.parametrize("index", range(3), ids=NAMES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pieces=st.lists(st.tuples(PIECES, JOINTS), min_size=1, max_size=9))
def test_second_redaction_changes_nothing(index: int, pieces: list[tuple[str, str]]) -> None:
    text = "".join(piece + joint for piece, joint in pieces)
    once = _redactor(index).redact(text, "p1")
    again = _redactor(index).redact(once.text, "p2")
    assert (again.text, again.findings) == (once.text, [])
    assert all(0 <= f.start < f.end <= len(text) for f in once.findings)


class _Words(Detector):
    """Finds every word of six letters or more; a policy that writes such words would never settle with it."""

    def __init__(self) -> None:
        """Need no analyzer."""

    def find(self, text: str) -> list[PhiFinding]:
        """Return words outside brackets."""
        return [
            PhiFinding(category="NAME", start=m.start(), end=m.end(), score=1.0, recognizer="words")
            for m in re.finditer(r"(?<![\w\[-])[A-Za-z]{6,}", text)
        ]


class _Forgetful(Placeholder):
    """Writes a word and does not know it again."""

    def replacements(self, found: Sequence[Found], subject: str) -> list[str]:
        """Return a word of six letters."""
        return ["Abcdef" for _ in found]


def test_replacement_that_is_found_again_gives_way_to_a_placeholder() -> None:
    redacted = Redactor(_Words(), _Forgetful()).redact("To Quillon and Thessaly.")
    assert redacted.text == "To [REDACTED-NAME] and [REDACTED-NAME]."
    assert [(f.start, f.end) for f in redacted.findings] == [(3, 10), (15, 23)]
