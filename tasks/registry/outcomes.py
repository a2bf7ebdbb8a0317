"""What was found out about a version and decided about it: evaluations, decisions, weekly runs, and the whole story."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from tasks.records import DatasetVersion, EvalResult, ModelVersion, PromotionDecision, Record, TrainingRun
from tasks.registry import versions
from tasks.registry.statements import Connection, fetch, run


class StageChange(Record):
    """One step in the life of a version: who moved it, when and why."""

    from_stage: str | None
    to_stage: str
    reason: str
    actor: str
    at: datetime


class ModelStory(Record):
    """A version with its way back to rows and everything that happened to it since."""

    version: ModelVersion
    run: TrainingRun | None
    dataset: DatasetVersion | None
    went_on_from: tuple[str, ...] = Field(default=(), description="the runs before its own, the last one first")
    rows: int = Field(description="redacted rows that these runs' datasets were made of")
    sources: Mapping[str, int] = Field(description="source → rows of these datasets that came from it")
    history: tuple[StageChange, ...]
    evaluations: tuple[EvalResult, ...]


def show(conn: Connection, model_id: str) -> ModelStory:
    """Return the story of a version, named by its id or the beginning of one.

    Raises:
        RegistryError: no such version; the error names those that come near.
    """
    version = versions.get(conn, model_id)
    training = fetch(conn, "run", id=version.run_id)
    dataset = fetch(conn, "dataset", id=version.dataset_id)
    files = [file.artifact.sha256 for file in version.files]
    return ModelStory(
        version=version,
        run=TrainingRun.model_validate(training[0][0]) if training else None,
        dataset=DatasetVersion.model_validate(dataset[0][0]) if dataset else None,
        went_on_from=tuple(row[0] for row in fetch(conn, "model_runs", id=version.id)),
        rows=fetch(conn, "model_row_count", id=version.id)[0][0],
        sources=dict(fetch(conn, "model_sources", id=version.id)),
        history=tuple(_stage_change(*row) for row in fetch(conn, "stage_history", id=version.id)),
        evaluations=tuple(EvalResult.model_validate(row[0]) for row in fetch(conn, "evaluations_of_file", files=files)),
    )


def record_evaluation(conn: Connection, result: EvalResult) -> None:
    """Write down a result; the same one twice is one."""
    run(
        conn,
        "insert_evaluation",
        gguf_sha256=result.gguf_sha256,
        suite=result.suite,
        suite_sha256=result.suite_sha256,
        record=result,
    )


def record_decision(
    conn: Connection, agent_type: str, candidate_id: str, baseline_id: str | None, decision: PromotionDecision
) -> None:
    """Write down what was decided about a candidate; the same decision twice is one."""
    run(
        conn,
        "insert_decision",
        agent_type=agent_type,
        candidate_id=candidate_id,
        baseline_id=baseline_id,
        record=decision,
    )


def record_weekly_run(
    conn: Connection, run_id: str, agent_type: str, outcome: str, report: str, summary: Mapping[str, object]
) -> None:
    """Write down how a weekly run ended; a run that went on after a kill keeps its last outcome."""
    run(conn, "upsert_weekly_run", id=run_id, agent_type=agent_type, outcome=outcome, report=report, summary=summary)


def _stage_change(from_stage: str | None, to_stage: str, reason: str, actor: str, at: datetime) -> StageChange:
    return StageChange(from_stage=from_stage, to_stage=to_stage, reason=reason, actor=actor, at=at)
