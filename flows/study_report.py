"""The page of a study: the base beside both of its candidates, with what each learned from. It decides nothing."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from flows.study_files import PAGE
from flows.study_parameters import Study
from infra import step_ledger
from infra.settings import get_settings
from infra.whole_files import write_whole
from tasks.records import Answers, DatasetVersion, ModelVersion, Recipe, RedactedShard, TrainingRun
from tasks.scoring import steps as scoring
from tasks.scoring.gate import GateRules
from tasks.scoring.metrics import PRIMARY, TITLES
from tasks.scoring.report_input import Contender, ReportInput, StepTiming

TITLE = {"base": "base", "qlora": "QLoRA", "full": "full fine-tuning"}


class Learned(NamedTuple):
    """A candidate of a study, with the run, the dataset and the recipe that made it."""

    model: ModelVersion
    run: TrainingRun
    dataset: DatasetVersion
    recipe: Recipe


def note_of(items: int) -> str:
    """Return in a sentence or two what so many questions can show."""
    needed = GateRules().min_items
    if items < needed:
        few = f"{items} questions are a reading, never a gate, which wants {needed}; their intervals are rough."
        return f"{few} Nothing was promoted."
    return "A study promotes nothing; `rounds weekly` judges what serves."


def write_page(
    study: Study,
    models: Mapping[str, ModelVersion],
    answers: Mapping[str, Answers],
    learned: Mapping[str, Learned],
    shards: tuple[RedactedShard, ...],
    *,
    started: float,
) -> None:
    """Write the page under `reports/` and into the study's folder; `started` is a time of the monotonic clock."""
    best = max(learned, key=lambda name: study.scores[name].metrics[PRIMARY].value)
    shown, other = learned[best], next(name for name in learned if name != best)
    contenders = {
        name: contender(study, name, model, answers[name], learned.get(name)) for name, model in models.items()
    }
    report = ReportInput(
        run=study.id,
        agent_type=study.agent_type,
        headline=f"{TITLE['base'].capitalize()}, {TITLE['qlora']} and {TITLE['full']}",
        finished_at=datetime.now(UTC),
        summary=_summary(study, best),
        redacted=shards,
        dataset=shown.dataset,
        recipe=shown.recipe,
        training=shown.run,
        baseline=contenders["base"],
        candidate=contenders[best],
        others=(contenders[other],),
        comparison=study.comparisons[f"{best}_minus_base"],
        git_sha=shown.run.git_sha,
        steps=tuple(StepTiming(step=t.step, seconds=t.seconds, cached=t.cached) for t in step_ledger.drain()),
        flow_seconds=time.monotonic() - started,
    )
    page = Path(scoring.write_report(report, str(get_settings().data / "reports" / study.id)))
    write_whole(Path(study.folder) / PAGE, (page.read_bytes(),))


def contender(study: Study, name: str, model: ModelVersion, answers: Answers, made: Learned | None) -> Contender:
    """Return a model as the page shows it: its answers are both what is scored and what is read."""
    return Contender(
        model=model,
        held_out=answers,
        held_out_scores=study.scores[name],
        suite=answers,
        name=TITLE[name],
        comparison=study.comparisons.get(f"{name}_minus_base"),
        training=made.run if made else None,
    )


def _summary(study: Study, best: str) -> str:
    """Say what the page is, and that its candidate was chosen on the very questions that it is shown on."""
    title = TITLES[PRIMARY]
    chosen = f" The candidate is {TITLE[best]}, the higher of the two in {title} on these same questions."
    return study.note + chosen
