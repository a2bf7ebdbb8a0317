"""What one training run is given and what is made of it, the same for one process and for many.

A job is a file of artifacts' keys, folders and hyper-parameters; it holds no text.
"""

from pathlib import Path

from pydantic import Field

from infra.artifacts import open_store
from tasks.records import Artifact, Recipe, Record
from tasks.training.callbacks import OnProgress
from tasks.training.fine_tuning import fine_tune
from tasks.training.outcomes import Outcome
from tasks.training.preference_tuning import preference_tune


class Job(Record):
    """What is trained on what, and where it is written."""

    recipe: Recipe
    source: str = Field(description="folder or Hugging Face id of the base")
    revision: str | None
    start: Path | None = Field(default=None, description="an earlier run's adapter or weights to go on with")
    train: Artifact
    validation: Artifact
    redaction: str = Field(description="version of the redaction policy that every row's certificate must name")
    work: Path
    tensorboard: Path

    @property
    def merged(self) -> Path:
        """The folder of the finished model."""
        return self.work / "merged"


def carry_out(job: Job, on_progress: OnProgress | None) -> Outcome:
    """Train as the job says, in this process, alone or as one of a launch.

    Raises:
        RoundsError: see `fine_tune` and `preference_tune`.
    """
    store = open_store()
    tune = fine_tune if job.recipe.objective == "sft" else preference_tune
    return tune(
        job.recipe,
        job.source,
        job.revision,
        store.rows(job.train),
        store.rows(job.validation),
        redaction=job.redaction,
        work=job.work,
        tensorboard=job.tensorboard,
        merged=job.merged,
        start=job.start,
        on_progress=on_progress,
    )
