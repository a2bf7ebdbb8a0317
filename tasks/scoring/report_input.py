"""What a report is made of: the records that a run's steps returned, and nothing else.

Every part that a run may lack is optional; the page then leaves that section out. Texts (questions and answers) are
read from the answers' artifacts when the page is drawn.
"""

from datetime import datetime

from pydantic import Field

from tasks.records import (
    Answers,
    Comparison,
    DatasetVersion,
    EvalResult,
    ModelVersion,
    PromotionDecision,
    Reading,
    Recipe,
    Record,
    RedactedShard,
    TrainingRun,
)
from tasks.scoring.gate import GateRules


class StepTiming(Record):
    """One step of the run. A cached step did no work: its result came from an earlier run."""

    step: str
    seconds: float
    cached: bool = False


class Contender(Record):
    """One of the two models, with what it answered and how that was scored."""

    model: ModelVersion
    held_out: Answers
    held_out_scores: EvalResult
    suite: Answers | None = Field(default=None, description="the autoimmune questions: to be read, never a gate")


class ReportInput(Record):
    """A run, as far as it went."""

    run: str = Field(description="the run's name, which is also its folder under reports")
    agent_type: str
    finished_at: datetime
    summary: str = Field(default="", description="why a run ended without a decision; no clinical text")
    readings: tuple[Reading, ...] = Field(default=(), description="what the sources held since the last round")
    redacted: tuple[RedactedShard, ...] = ()
    dataset: DatasetVersion | None = None
    recipe: Recipe | None = None
    training: TrainingRun | None = None
    baseline: Contender | None = None
    candidate: Contender | None = None
    comparison: Comparison | None = None
    rules: GateRules = Field(default=GateRules(), description="those that the decision was made by")
    decision: PromotionDecision | None = None
    git_sha: str = ""
    steps: tuple[StepTiming, ...] = ()
    flow_seconds: float | None = Field(default=None, description="wall-clock time of the flow")
