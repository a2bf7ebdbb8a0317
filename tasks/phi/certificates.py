"""Certificates: what was looked for in a row, by which engine and policy, bound to the row by its hash.

The hash is over canonical JSON, so that it holds across a write and a read. A certificate is no signature: whoever can
write the store can write a certificate.
"""

from collections.abc import Mapping

from tasks.phi.proof import Proof
from tasks.records import PhiCertificate, row_sha256


def certify(
    row: Mapping[str, object],
    *,
    engine: str,
    policy: str,
    findings: Mapping[str, int],
    second_pass: int,
    proof: Proof,
) -> PhiCertificate:
    """Return the certificate of a redacted row; `second_pass` is what the second detector still saw."""
    return PhiCertificate(
        row_sha256=row_sha256(row),
        engine=engine,
        policy=policy,
        findings=dict(sorted(findings.items())),
        second_pass=second_pass,
        canaries=proof.total,
        canaries_survived=sum(proof.survived.values()),
        canary_bound=proof.bound,
    )
