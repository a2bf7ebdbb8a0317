"""The stage's steps: how a run protects, a raw shard in, a certified shard out, and a certified shard once more."""

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from infra.artifacts import Artifact, open_store
from infra.cores import available_cores
from infra.settings import get_settings
from tasks.errors import PrivacyError
from tasks.policies import step
from tasks.records import CertifiedRow, PhiMode, PhiPolicy, Protection, RawShard, RedactedShard, RowKind

if TYPE_CHECKING:
    from tasks.phi.shards import Source

logger = logging.getLogger(__name__)

WORTH_PROCESSES = 4 << 20  # bytes of rows: to start processes takes as long as to redact these


@step(cached=False)
def protect(mode: PhiMode | None, policy: PhiPolicy | None) -> Protection:
    """Return which engine and policy are in force; an argument of redaction, so that it is in the cache key."""
    from tasks.phi.setup import setup_of

    setup = setup_of(mode, policy)
    return Protection(
        mode=setup.mode,
        policy=setup.policy_name,
        engine=setup.engine(),
        policy_version=setup.policy().version,
        year=setup.year,
    )


@step()
def redact_shard(shard: RawShard, protection: Protection) -> RedactedShard:
    """Redact and certify every row of a raw shard; rows that the second detector refuses are withheld and counted."""
    from tasks.phi.shards import Source

    store = open_store()
    return _redacted(
        shard.artifact, shard.source, shard.kind, protection, lambda: map(Source, store.rows(shard.artifact))
    )


@step()
def redact_again(shard: RedactedShard, protection: Protection) -> RedactedShard:
    """Redact and certify the rows of a shard anew, because the engine or the policy is another one now."""
    from tasks.phi.shards import Source

    store = open_store()

    def sources() -> Iterator[Source]:
        for line in store.rows(shard.artifact):
            certified = CertifiedRow.model_validate(line)
            yield Source(certified.intact(), certified.certificate)  # what it lacks in proof is proved now

    return _redacted(shard.artifact, shard.source, shard.kind, protection, sources)


def _redacted(
    artifact: Artifact, source: str, kind: RowKind, protection: Protection, sources: "Callable[[], Iterator[Source]]"
) -> RedactedShard:
    from tasks.phi.proof import prove
    from tasks.phi.setup import setup_of
    from tasks.phi.shards import Tally, certified_rows

    store, tally = open_store(), Tally()
    setup = setup_of(protection.mode, protection.policy)._replace(year=protection.year)
    redactor = setup.redactor()
    if setup.engine() != protection.engine:
        raise PrivacyError(
            "What finds identifiers changed after this run began: a tagger was trained, or recognizers were edited.",
            fix="run again; nothing of the shard was saved",
        )
    proof = prove((each.row for each in sources()), kind, redactor=redactor, seed=artifact.sha256)
    workers = get_settings().threads or available_cores() if artifact.bytes > WORTH_PROCESSES else 1
    rows = certified_rows(
        sources(),
        kind,
        redactor=setup.redactor if workers > 1 else lambda: redactor,
        engine=protection.engine,
        proof=proof,
        tally=tally,
        workers=workers,
    )
    kept = store.save_rows("redacted", rows)
    logger.info("redacted rows=%d withheld=%d findings=%d", kept.rows, tally.withheld, tally.findings.total())
    return RedactedShard(
        artifact=kept,
        source=source,
        kind=kind,
        rows=kept.rows or 0,
        findings=dict(sorted(tally.findings.items())),
        canaries=proof.total,
        canaries_survived=dict(sorted(proof.survived.items())),
        canary_bound=proof.bound,
        withheld=tally.withheld,
        residual=dict(sorted(tally.residual.items())),
        engine=protection.engine,
        policy=protection.policy_version,
    )
