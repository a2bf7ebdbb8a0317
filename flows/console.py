"""What a person sees in the terminal while steps run: one line a finished step, a bar with a rate for long ones."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from infra import step_ledger

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class StepDisplay:
    """Show steps on standard error, so that standard output holds the result alone."""

    def __init__(self, times: list[step_ledger.StepTime]) -> None:
        self.times = times
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            console=err,
            transient=True,
        )
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, event: step_ledger.StepTime | step_ledger.Progress) -> None:
        """Take one event of the ledger."""
        if isinstance(event, step_ledger.StepTime):
            self._finish(event)
        else:
            self._advance(event)

    def _advance(self, event: step_ledger.Progress) -> None:
        if event.step not in self.tasks:
            self.tasks[event.step] = self.progress.add_task(words(event.step), total=None, rate="")
        task = self.tasks[event.step]
        elapsed = self.progress.tasks[self.progress.task_ids.index(task)].elapsed or 0
        rate = f"{event.done / elapsed:.1f} {event.unit}/s" if event.done and elapsed else ""
        self.progress.update(task, completed=event.done, total=event.total or None, rate=rate)

    def _finish(self, event: step_ledger.StepTime) -> None:
        self.times.append(event)
        task = self.tasks.pop(event.step, None)
        if task is not None:
            self.progress.remove_task(task)
        if event.cached:
            self.progress.console.print(f"[dim]  = {words(event.step):34} unchanged, not repeated[/dim]")
        elif event.seconds >= 0.5:
            self.progress.console.print(f"[green]  ✓[/green] {words(event.step):34} {event.seconds:7.1f} s")


@contextmanager
def showing_steps(times: list[step_ledger.StepTime]) -> Iterator[None]:
    """Show the steps of the flow that runs inside the block, and collect their times."""
    display = StepDisplay(times)
    with display.progress, step_ledger.listening(display):
        yield


def words(step: str) -> str:
    """Return a step's name as words: `redact_shard` is `redact shard`."""
    return step.replace("_", " ")


def print_json(value: object) -> None:
    """Print a record, or a structure of them, as JSON for machines."""
    sys.stdout.write(json.dumps(to_jsonable_python(value), indent=2) + "\n")
