"""What `rounds study` does behind `flows/study_cli.py`: run the study, and print what it found within 80 columns."""

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.settings import PREFECT_TASKS_REFRESH_CACHE, temporary_settings
from rich.markup import escape
from rich.table import Column, Table

from flows.console import StepDisplay, out, print_json
from flows.study_parameters import Study, StudyRequest
from infra import step_ledger
from tasks.records import Estimate
from tasks.scoring.metrics import QUALITY, TITLES

BESIDE = ("stop_rate", "answer_words")  # told, not compared
SHORT = {"base": "base", "qlora": "QLoRA", "full": "full"}


class BarsAlone(StepDisplay):
    """Show how far a long Prefect step is, and no line when it ends: the study's own steps have theirs."""

    def _finish(self, event: step_ledger.StepTime) -> None:
        task = self.tasks.pop(event.step, None)
        if task is not None:
            self.progress.remove_task(task)


def run_study_command(request: StudyRequest, *, refresh: bool, as_json: bool) -> None:
    """Run a study; its steps are told on standard error, what it found on standard output."""
    from flows.research_run import research_run

    with studying(refresh=refresh):
        study = research_run(request)
    if as_json:
        print_json(study)
    else:
        print_study(study)


@contextmanager
def studying(*, refresh: bool) -> Iterator[None]:
    """Show bars for the steps of the flow inside the block; with `refresh` none is answered from the cache."""
    display = BarsAlone([])
    with (
        display.progress,
        step_ledger.listening(display),
        temporary_settings({PREFECT_TASKS_REFRESH_CACHE: refresh}),
    ):
        yield


def print_study(study: Study) -> None:
    """Print the scores, the paired differences, what they can show, and where the files are."""
    shared = [name for name in (*QUALITY, *BESIDE) if all(name in scores.metrics for scores in study.scores.values())]
    out.print()
    out.print(_scores(study, shared))
    out.print()
    out.print(_differences(study, [metric for metric in shared if metric not in BESIDE]))
    out.print(f"\n[bold]{study.note}[/bold]", highlight=False)
    out.print(f"Files in {escape(study.folder)}:", soft_wrap=True)
    for first in range(0, len(study.files), 3):
        out.print("  " + ", ".join(study.files[first : first + 3]))


def _scores(study: Study, metrics: list[str]) -> Table:
    values = (Column(SHORT[name], justify="right") for name in study.scores)
    table = Table(f"{study.suite}, n={study.items}", *values, box=None, padding=(0, 1))
    for metric in metrics:
        means = (f"{scores.metrics[metric].value:.3f}" for scores in study.scores.values())
        table.add_row(_title(study, metric), *means)
    table.add_row("seconds an answer", *(f"{seconds / study.items:.2f}" for seconds in study.seconds.values()))
    table.add_row("seconds in all", *(f"{seconds:.1f}" for seconds in study.seconds.values()))
    return table


def _differences(study: Study, metrics: list[str]) -> Table:
    table = Table(f"95 %, n={study.items}", "QLoRA − base", "full − base", box=None, padding=(0, 1))
    for metric in metrics:
        pairs = (study.comparisons[f"{name}_minus_base"].differences.get(metric) for name in ("qlora", "full"))
        table.add_row(_title(study, metric), *(_signed(pair) if pair else "–" for pair in pairs))
    return table


def _title(study: Study, metric: str) -> str:
    """Return a metric's name, with its n where it is not that of all questions."""
    n = study.scores["base"].metrics[metric].n
    return TITLES.get(metric, metric) + (f", n={n}" if n != study.items else "")


def _signed(e: Estimate) -> str:
    value, low, high = (f"{round(number, 3) + 0.0:+.3f}" for number in (e.value, e.low, e.high))  # no −0.000
    return f"{value} ({low} to {high})".replace("-", "−")
