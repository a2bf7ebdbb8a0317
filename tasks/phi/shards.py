"""A raw shard becomes certified rows: canaries first, then row by row, redacted, looked at again, certified.

Rows stream through in constant memory. Whatever goes wrong in one row stops the shard, and nothing of it is kept.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tasks.phi import canaries
from tasks.phi.certificates import certify
from tasks.phi.fields import texts_of
from tasks.phi.redaction import Redactor
from tasks.phi.second_pass import count_residual
from tasks.records import CertifiedRow, RowKind


@dataclass
class Tally:
    """What one shard has met so far: findings by category, planted identifiers, rows kept and rows withheld."""

    findings: Counter[str] = field(default_factory=Counter)
    canaries: int = 0
    withheld: int = 0


def certified_rows(
    rows: Iterable[Mapping[str, object]], kind: RowKind, *, redactor: Redactor, engine: str, seed: str, tally: Tally
) -> Iterator[CertifiedRow]:
    """Yield the redacted rows that the second detector passes, with certificates, and keep the tally.

    Raises:
        PrivacyError: a canary survived, a recognizer failed, or a row has a field that no policy covers.
    """
    tally.canaries = canaries.check(redactor, seed)
    for row in rows:
        redacted, counts = redactor.redact_row(kind, row)
        tally.findings.update(counts)
        residual = count_residual(texts_of(kind, redacted))
        if residual:
            tally.withheld += 1
            continue
        policy = redactor.policy.version
        certificate = certify(redacted, engine=engine, policy=policy, findings=counts, second_pass=0)
        yield CertifiedRow(row=redacted, certificate=certificate)
