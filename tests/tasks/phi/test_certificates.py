import hashlib

import pytest
from pydantic import ValidationError

from tasks.errors import PrivacyError
from tasks.phi.certificates import certify
from tasks.records import CertifiedRow, PhiCertificate, row_sha256

ROW: dict[str, object] = {"b": [{"role": "user", "content": "[REDACTED-NAME] rests"}], "a": 1.0, "é": None}


def certified(**changes: object) -> CertifiedRow:
    certificate = certify(ROW, engine="presidio-x", policy="placeholder/4", findings={"NAME": 1}, second_pass=0)
    return CertifiedRow(row=ROW, certificate=certificate.model_copy(update=changes))


def test_row_hash_is_that_of_sorted_compact_json() -> None:
    canonical = '{"a":1.0,"b":[{"content":"[REDACTED-NAME] rests","role":"user"}],"é":null}'
    assert row_sha256(ROW) == hashlib.sha256(canonical.encode()).hexdigest()


def test_untouched_row_is_accepted_also_after_writing_and_reading() -> None:
    assert CertifiedRow.model_validate_json(certified().model_dump_json()).verified() == ROW


@pytest.mark.parametrize(
    ("row", "changes", "why"),
    [
        ({**ROW, "a": 2.0}, {}, "a value was changed"),
        ({**ROW, "c": "more"}, {}, "a field was added"),
        ({"a": 1.0}, {}, "a field was taken away"),
        (ROW, {"second_pass": 1}, "the second detector saw something"),
        (ROW, {"row_sha256": ""}, "no hash"),
    ],
)
def test_row_without_its_certificate_is_refused(row: dict[str, object], changes: dict[str, object], why: str) -> None:
    with pytest.raises(PrivacyError):
        CertifiedRow(row=row, certificate=certified(**changes).certificate).verified()


def test_certificate_that_cannot_be_read_is_no_certificate() -> None:
    with pytest.raises(ValidationError):
        PhiCertificate.model_validate({"row_sha256": "00", "engine": "x"})
