import hashlib
import traceback

import pytest

from tasks.errors import PrivacyError
from tasks.phi.certificates import certify
from tasks.phi.proof import Proof
from tasks.records import CertifiedRow, row_sha256

ROW: dict[str, object] = {"b": [{"role": "user", "content": "[REDACTED-NAME] rests"}], "a": 1.0, "é": None}
PROOF = Proof(planted={"NAME": 160, "SSN": 160}, survived={"NAME": 3}, strict={})


def certified(**changes: object) -> CertifiedRow:
    certificate = certify(
        ROW, engine="presidio-x", policy="placeholder/4", findings={"SSN": 2, "NAME": 1}, second_pass=0, proof=PROOF
    )
    return CertifiedRow(row=ROW, certificate=certificate.model_copy(update=changes))


def test_row_hash_is_that_of_sorted_compact_json() -> None:
    canonical = '{"a":1.0,"b":[{"content":"[REDACTED-NAME] rests","role":"user"}],"é":null}'
    assert row_sha256(ROW) == hashlib.sha256(canonical.encode()).hexdigest()


def test_untouched_row_is_accepted_also_after_writing_and_reading() -> None:
    assert CertifiedRow.model_validate_json(certified().model_dump_json()).verified() == ROW


def test_certificate_tells_engine_policy_findings_and_what_the_proof_of_its_shard_bounds() -> None:
    certificate = certified().certificate
    assert (certificate.engine, certificate.policy) == ("presidio-x", "placeholder/4")
    assert certificate.findings == {"NAME": 1, "SSN": 2}
    assert (certificate.canaries, certificate.canaries_survived) == (320, 3)
    assert certificate.canary_bound == pytest.approx(0.0272, abs=1e-4)


def test_row_of_another_policy_is_refused_where_a_policy_is_in_force() -> None:
    assert certified().verified(policy="placeholder/4") == ROW
    with pytest.raises(PrivacyError, match="of policy placeholder/4, not of placeholder/5") as caught:
        certified().verified(policy="placeholder/5")
    assert "rests" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "changes", "why"),
    [
        ({**ROW, "a": 2.0}, {}, "a value was changed"),
        ({**ROW, "c": "more"}, {}, "a field was added"),
        ({"a": 1.0}, {}, "a field was taken away"),
        (ROW, {"second_pass": 1}, "the second detector saw something"),
        (ROW, {"row_sha256": ""}, "no hash"),
        (ROW, {"canaries": 0}, "nothing was planted"),
        (ROW, {"canary_bound": 1.0}, "nothing is bounded"),
        (ROW, {"canary_bound": 0.05}, "the bound is not below what is needed"),
    ],
)
def test_row_without_its_certificate_is_refused(row: dict[str, object], changes: dict[str, object], why: str) -> None:
    with pytest.raises(PrivacyError):
        CertifiedRow(row=row, certificate=certified(**changes).certificate).verified()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"row": ROW}, "no certificate"),
        ({"row": ROW, "certificate": None}, "an empty one"),
        ({"row": ROW, "certificate": {"row_sha256": row_sha256(ROW), "engine": "rests"}}, "a part of one"),
        ({"row": ROW, "certificate": certified().certificate.model_dump() | {"canary_bound": -1}}, "a bound below 0"),
        ({"row": "rests", "certificate": certified().certificate.model_dump()}, "no row"),
        (ROW, "a row alone"),
        ("rests", "text"),
    ],
)
def test_certificate_that_cannot_be_read_is_no_certificate_and_nothing_is_quoted(line: object, why: str) -> None:
    with pytest.raises(PrivacyError, match="no PHI certificate that can be read") as caught:
        CertifiedRow.model_validate(line)
    assert "redact the shard again" in caught.value.fix
    told = "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None, why
    assert "ValidationError" not in told


def test_certificate_without_a_proof_proves_nothing_but_names_its_row() -> None:
    older = {"row_sha256": row_sha256(ROW), "engine": "e", "policy": "placeholder/4", "findings": {}, "second_pass": 0}
    row = CertifiedRow.model_validate({"row": ROW, "certificate": older})
    with pytest.raises(
        PrivacyError, match=r"0 planted identifiers, of which up to 100\.0% may survive, below 5% needed"
    ):
        row.verified()
    assert row.intact() == ROW
    with pytest.raises(PrivacyError, match="not the one"):
        row.model_copy(update={"row": {"a": 2.0}}).intact()
