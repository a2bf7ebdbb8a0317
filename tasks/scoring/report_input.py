"""What a report is made of: the records that a run's steps returned, and the figures that are computed from them.

Every part that a run may lack is optional; the page then leaves that section out. Texts (questions and answers) are
read from the answers' artifacts when the page is drawn.
"""

from collections.abc import Mapping
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
from tasks.scoring.gate import Evidence, GateRules


class StepTiming(Record):
    """One step of the run. A cached step did no work: its result came from an earlier run."""

    step: str
    seconds: float
    cached: bool = False


class Contender(Record):
    """One of the models, with what it answered and how that was scored."""

    model: ModelVersion
    held_out: Answers
    held_out_scores: EvalResult
    suite: Answers | None = Field(default=None, description="the autoimmune questions: to be read")
    suites: tuple[Answers, ...] = Field(default=(), description="all built-in suites; their safety items are a gate")
    name: str = Field(default="", description="QLoRA, full, champion; empty: base, candidate or the model's id")
    comparison: Comparison | None = Field(default=None, description="with the baseline, of one of the `others`")
    training: TrainingRun | None = Field(default=None, description="of one of the `others`")


class Speed(Record):
    """How long a model's answers took and how long they were; items that were too long to ask do not count."""

    name: str
    model_id: str
    answers: int
    median_seconds: float
    p95_seconds: float
    tokens_per_second: float
    tokens_per_answer: float
    too_long: int = Field(description="items whose prompt did not fit the model's context")


class Power(Record):
    """What the number of items can show: the margin of the gate against the spread of the differences."""

    metric: str
    sd: float = Field(description="of an item's difference; items of one group that move together raise it")
    items: int
    needed: int = Field(description="items that tell a gain as large as the margin from none at 80 % power")
    smallest: float = Field(description="the true gain that the gate lets through with 80 % power at `items`")


class Figures(Record):
    """What the page shows beyond the records of the steps."""

    speed: tuple[Speed, ...] = ()
    power: Power | None = None
    worst: Mapping[str, float] = Field(
        default_factory=dict, description="item → the primary metric's difference: the largest losses, worst first"
    )


class ReportInput(Record):
    """A run, as far as it went."""

    run: str = Field(description="the run's name, which is also its folder under reports")
    agent_type: str
    finished_at: datetime
    headline: str = Field(default="", description="of a study, which decides nothing; empty: a round")
    summary: str = Field(default="", description="why a run ended without a decision; no clinical text")
    readings: tuple[Reading, ...] = Field(default=(), description="what the sources held since the last round")
    redacted: tuple[RedactedShard, ...] = ()
    dataset: DatasetVersion | None = None
    recipe: Recipe | None = None
    training: TrainingRun | None = None
    baseline: Contender | None = None
    candidate: Contender | None = None
    others: tuple[Contender, ...] = Field(default=(), description="shown beside the two; they decide nothing")
    comparison: Comparison | None = None
    rules: GateRules = Field(default=GateRules(), description="those that the decision was made by")
    evidence: Evidence | None = Field(default=None, description="that the decision was made on, beside the scores")
    decision: PromotionDecision | None = None
    plan: str = Field(default="", description="how many items it takes to see a gain, as said before the run")
    git_sha: str = ""
    steps: tuple[StepTiming, ...] = ()
    flow_seconds: float | None = Field(default=None, description="wall-clock time of the flow")
    figures: Figures | None = Field(default=None, description="computed when the report is written")
