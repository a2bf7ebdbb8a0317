"""The eight steps of a study as a person sees them: one line each, with what it did and how long it took.

A step of a study runs several Prefect steps. It counts as done before if none of those that do its work ran now.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.text import Text

from flows.console import err
from infra import step_ledger

TRAINING = frozenset({"finetune", "export_gguf"})
ANSWERING = frozenset({"answer_suite"})
STEPS = (
    ("base", frozenset({"prepare_base", "export_gguf"})),
    ("baseline answers", ANSWERING),
    ("papers", frozenset({"redact_shard", "redact_again"})),
    ("QLoRA", TRAINING),
    ("QLoRA answers", ANSWERING),
    ("full fine-tuning", TRAINING),
    ("full answers", ANSWERING),
    ("scores and report", frozenset({"score", "compare"})),
)
WHAT_WIDTH = 38  # a line is 80 columns wide


class StudyStep:
    """A step while it runs: what it did is put into `did`, at most `WHAT_WIDTH` characters of which are shown."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name, self.work = STEPS[number - 1]
        self.did = ""
        self.worked: list[step_ledger.StepTime] = []

    def note(self, event: step_ledger.StepTime | step_ledger.Progress) -> None:
        """Take one event of the ledger."""
        if isinstance(event, step_ledger.StepTime) and event.step in self.work:
            self.worked.append(event)

    def cost(self, seconds: float) -> str:
        """Return the time that the step took, or why it took none."""
        if not self.worked:
            return "nothing new"
        return "from the cache" if all(one.cached for one in self.worked) else f"{seconds:.1f} s"

    def line(self, mark: str, what: str, end: str) -> Text:
        """Return the step's line."""
        shown = what if len(what) <= WHAT_WIDTH else what[: WHAT_WIDTH - 1] + "…"
        style = {"✗": "red", "✓": "green"}[mark]
        return Text.assemble(
            (mark, style), f" {self.number}/{len(STEPS)} {self.name:18} {shown:{WHAT_WIDTH}} {end:>15}"
        )


@contextmanager
def study_step(number: int) -> Iterator[StudyStep]:
    """Run a step of a study and print its line; one that fails is named, and whatever it raised goes on."""
    step, started = StudyStep(number), time.monotonic()
    try:
        with step_ledger.listening(step.note):
            yield step
    except BaseException:
        err.print(step.line("✗", "did not end; all before it is kept", f"{time.monotonic() - started:.1f} s"))
        err.print(f"The same command goes on with step {number}, {step.name}.")
        raise
    err.print(step.line("✓", step.did, step.cost(time.monotonic() - started)))
