"""The stage's steps: which engine redacts, and a raw shard in, a certified shard out."""

import logging

from infra.artifacts import open_store
from tasks.phi import engine as engines
from tasks.policies import step
from tasks.records import RawShard, RedactedShard

logger = logging.getLogger(__name__)


@step(cached=False)
def engine_version() -> str:
    """Return the version of the detectors; an argument of `redact_shard`, so that it is in its cache key."""
    return engines.engine_version()


@step()
def redact_shard(shard: RawShard, engine: str) -> RedactedShard:
    """Redact and certify every row of a raw shard; rows that the second detector refuses are withheld and counted."""
    from tasks.phi.redaction import Redactor
    from tasks.phi.shards import Tally, certified_rows

    store, tally, redactor = open_store(), Tally(), Redactor()
    rows = certified_rows(
        store.rows(shard.artifact),
        shard.kind,
        redactor=redactor,
        engine=engine,
        seed=shard.artifact.sha256,
        tally=tally,
    )
    artifact = store.save_rows("redacted", rows)
    kept, findings = artifact.rows or 0, dict(sorted(tally.findings.items()))
    logger.info("redacted rows=%d withheld=%d findings=%d", kept, tally.withheld, sum(findings.values()))
    return RedactedShard(
        artifact=artifact,
        source=shard.source,
        kind=shard.kind,
        rows=kept,
        findings=findings,
        canaries=tally.canaries,
        withheld=tally.withheld,
        engine=engine,
        policy=redactor.policy.version,
    )
