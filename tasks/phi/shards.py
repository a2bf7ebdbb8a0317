"""A raw shard becomes certified rows: proved first, then row by row redacted, looked at again, certified.

Rows stream through in constant memory, in their order, over any number of processes. Whatever goes wrong in one row
stops the shard, and nothing of it is kept.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tasks.phi.certificates import certify
from tasks.phi.fields import texts_of
from tasks.phi.policies import Found, Policy
from tasks.phi.pool import ordered
from tasks.phi.proof import Proof
from tasks.phi.redaction import Redactor
from tasks.phi.second_pass import Seen, residual
from tasks.records import CertifiedRow, PhiCertificate, RowKind

CHUNK_ROWS = 100
"""Rows that go to a process at once: abstracts of a tenth of a second, full texts of a few seconds."""


@dataclass
class Tally:
    """What one shard has met so far: findings by category, rows withheld, and what was seen in these, by category."""

    findings: Counter[str] = field(default_factory=Counter)
    residual: Counter[str] = field(default_factory=Counter)
    withheld: int = 0

    def add(self, other: "Tally") -> None:
        """Add what a part of the shard has met."""
        self.findings += other.findings
        self.residual += other.residual
        self.withheld += other.withheld


class Source(NamedTuple):
    """A row to certify, and the certificate that it already has if it was redacted before."""

    row: Mapping[str, Any]
    earlier: PhiCertificate | None = None


@dataclass(frozen=True)
class Certifier:
    """Redacts rows of one kind and certifies what the second detector passes."""

    kind: RowKind
    redactor: Redactor
    engine: str
    proof: Proof

    def certify(self, sources: Iterable[Source]) -> tuple[list[CertifiedRow], Tally]:
        """Return the certified rows, in order, and what was met.

        Raises:
            PrivacyError: a recognizer failed, or a row has a field that no policy covers.
        """
        rows, tally = [], Tally()
        policy = self.redactor.policy
        for source in sources:
            redacted, counts = self.redactor.redact_row(self.kind, source.row)
            tally.findings.update(counts)
            left = residual(texts_of(self.kind, redacted), lambda seen: _is_replacement(policy, seen))
            if left:
                tally.residual.update(left)
                tally.withheld += 1
                continue
            if source.earlier:
                counts.update(source.earlier.findings)
            certificate = certify(
                redacted, engine=self.engine, policy=policy.version, findings=counts, second_pass=0, proof=self.proof
            )
            rows.append(CertifiedRow(row=redacted, certificate=certificate))
        return rows, tally


def certified_rows(
    sources: Iterable[Source],
    kind: RowKind,
    *,
    redactor: Callable[[], Redactor],
    engine: str,
    proof: Proof,
    tally: Tally,
    workers: int = 1,
) -> Iterator[CertifiedRow]:
    """Yield the redacted rows that the second detector passes, with certificates, and keep the tally.

    Each process asks `redactor` for its own, once.

    Raises:
        PrivacyError: a recognizer failed, or a row has a field that no policy covers.
    """
    sources = iter(sources)
    chunks = iter(lambda: list(itertools.islice(sources, CHUNK_ROWS)), [])
    for rows, met in ordered(
        _certify, chunks, workers=workers, initialise=_initialise, arguments=(kind, redactor, engine, proof)
    ):
        tally.add(met)
        yield from rows


_certifier: Certifier  # of this process, made once


def _initialise(kind: RowKind, redactor: Callable[[], Redactor], engine: str, proof: Proof) -> None:
    global _certifier  # noqa: PLW0603  # a process pool has no other place for what its processes keep
    _certifier = Certifier(kind, redactor(), engine, proof)


def _certify(sources: Sequence[Source]) -> tuple[list[CertifiedRow], Tally]:
    return _certifier.certify(sources)


def _is_replacement(policy: Policy, seen: Seen) -> bool:
    """Ask the policy, also for a date and a ZIP code: their shapes may be taken for another number's."""
    return any(
        policy.wrote(Found(category, seen.value, seen.before, seen.after))
        for category in (seen.category, "DATE", "GEO")
    )
