"""What was made and decided, written into the registry and read from it. Nothing here is cached: stages change."""

from infra.artifacts import open_store
from infra.database import connect
from tasks.policies import step
from tasks.records import (
    Artifact,
    DatasetVersion,
    EvalResult,
    ModelVersion,
    PromotionDecision,
    Reading,
    RedactedShard,
    Round,
    TrainingRun,
)
from tasks.registry import continuation, lineage, outcomes, retractions, rounds, versions

ROUNDS = "rounds"


@step(cached=False)
def record_shards(agent_type: str, shards: tuple[RedactedShard, ...]) -> None:
    """Write down redacted shards with an index of their rows, each shard whole or not at all."""
    store = open_store()
    for shard in shards:
        with connect() as conn:
            lineage.record_shard(conn, agent_type, shard, store)


@step(cached=False)
def replace_shard(agent_type: str, old: RedactedShard, new: RedactedShard) -> None:
    """Put a shard that was redacted again in the place of the old one."""
    with connect() as conn:
        lineage.replace_shard(conn, agent_type, old, new, open_store())


@step(cached=False)
def list_shards(agent_type: str) -> tuple[RedactedShard, ...]:
    """Return every shard that an agent type may learn from, in the order of recording."""
    with connect() as conn:
        return lineage.shards_of(conn, agent_type)


@step(cached=False)
def record_dataset(dataset: DatasetVersion) -> None:
    """Write down a dataset and which redacted rows are in it."""
    with connect() as conn:
        lineage.record_dataset(conn, dataset, open_store())


@step(cached=False)
def record_run(run: TrainingRun) -> None:
    """Write down a training run."""
    with connect() as conn:
        lineage.record_run(conn, run)


@step(cached=False)
def register(version: ModelVersion) -> ModelVersion:
    """Write down a version as a candidate, or return it in its present stage."""
    with connect() as conn:
        return versions.register(conn, version)


@step(cached=False)
def champion(agent_type: str) -> ModelVersion | None:
    """Return the version that serves an agent type, if there is one."""
    with connect() as conn:
        return versions.champion(conn, agent_type)


@step(cached=False)
def promote(model_id: str, *, replaces: str | None, reason: str, actor: str = ROUNDS) -> ModelVersion:
    """Make a version the champion in place of `replaces`; refused if another became champion meanwhile."""
    with connect() as conn:
        return versions.promote(conn, model_id, replaces=replaces, reason=reason, actor=actor)


@step(cached=False)
def roll_back(agent_type: str, *, to: str | None = None, reason: str, actor: str = ROUNDS) -> ModelVersion:
    """Make the champion before the present one, or the version `to`, champion again."""
    with connect() as conn:
        return versions.roll_back(conn, agent_type, to=to, reason=reason, actor=actor)


@step(cached=False)
def record_evaluation(result: EvalResult) -> None:
    """Write down the metrics of one model on one suite."""
    with connect() as conn:
        outcomes.record_evaluation(conn, result)


@step(cached=False)
def find_model(begin: str) -> ModelVersion:
    """Return the version whose id is, or begins with, `begin`."""
    with connect() as conn:
        return versions.get(conn, begin)


@step(cached=False)
def shards_since_last_round(agent_type: str) -> tuple[RedactedShard, ...]:
    """Return what this round learns anew."""
    with connect() as conn:
        return rounds.shards_since_last_round(conn, agent_type)


@step(cached=False)
def dataset_learned_before(agent_type: str, shards: tuple[str, ...], aside: str = "") -> DatasetVersion | None:
    """Return the dataset of the last round that learned from other shards than these, those of source `aside` apart."""
    with connect() as conn:
        return rounds.dataset_learned_before(conn, agent_type, shards, aside)


@step(cached=False)
def run_to_continue(agent_type: str, dataset_id: str) -> TrainingRun | None:
    """Return the run whose weights the next one may go on from, or None where it has to start from the base."""
    with connect() as conn:
        return continuation.run_to_continue(conn, agent_type, dataset_id)


@step(cached=False)
def readings_since_last_round(agent_type: str) -> tuple[Reading, ...]:
    """Return what the sources held since the last round."""
    with connect() as conn:
        return rounds.readings_since_last_round(conn, agent_type)


@step(cached=False)
def withdrawn_rows(agent_type: str) -> Artifact | None:
    """Return the redacted rows that must not enter a dataset any more, as JSON lines {row_sha256, reason}."""
    with connect() as conn:
        found = retractions.withdrawn_rows(conn, agent_type)
    rows = ({"row_sha256": row, "reason": reason} for row, reason in found.items())
    return open_store().save_rows("exclusions", rows) if found else None


@step(cached=False)
def find_round(round_id: str) -> Round | None:
    """Return a round that was concluded before."""
    with connect() as conn:
        return rounds.find_round(conn, round_id)


@step(cached=False)
def last_round(agent_type: str) -> Round | None:
    """Return an agent's last concluded round."""
    with connect() as conn:
        return next((ended for ended in rounds.last_rounds(conn) if ended.agent_type == agent_type), None)


@step(cached=False)
def round_that_promoted(model_id: str) -> Round | None:
    """Return the round that made a model the champion that it still is."""
    with connect() as conn:
        return rounds.round_that_promoted(conn, model_id)


@step(cached=False)
def conclude(ended: Round, decision: PromotionDecision, actor: str = ROUNDS) -> None:
    """Promote if that was decided, and write down the round: all of it or nothing."""
    with connect() as conn:
        rounds.conclude(conn, ended, decision, actor=actor)
