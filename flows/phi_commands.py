"""What `rounds redact` and `rounds phi …` do behind `flows/phi_cli.py`."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from flows.console import err, out, print_json
from infra.cores import available_cores
from tasks.errors import ConfigError, DataError
from tasks.phi.evaluation import annotated_rows, evaluate
from tasks.phi.line_files import Told, redact_file, rejects_of
from tasks.phi.setup import Setup, setup_of
from tasks.records import PhiMode


def run_redact(file: Path, target: Path, setup: Setup, workers: int, keep: frozenset[str], *, as_json: bool) -> None:
    """Redact a file and print what became of it; with refused lines the exit code is that of bad data."""
    if file.resolve() == target.resolve():
        raise ConfigError("The redacted file would replace its source.", fix="give another name for the result")
    if file.resolve() == rejects_of(target).resolve():
        raise ConfigError(f"The list of refused lines would replace {file}.", fix="give another name for the result")
    if target.exists() and not target.is_file():
        raise ConfigError(f"{target} is no file that can be replaced.", fix="give another name for the result")
    setup.engine()  # a tagger that is not there is told of here, not by a process that dies
    with ended_in_order(), redacting(file) as progress:
        told = redact_file(file, target, setup, keep=keep, workers=workers or available_cores(), progress=progress)
    if as_json:
        print_json(as_figures(told, target))
    else:
        print_told(told, target)
    if told.rejects.total:
        raise typer.Exit(DataError.exit_code)


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let SIGTERM end the block as an exit does, so that no half-written file and no process is left behind."""

    def end(*_: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def redacting(file: Path) -> Iterator[Any]:
    """Show a bar with MB/s while a file is redacted; give the function that is told of the bytes done."""
    bar = Progress(
        TextColumn("redacting"), BarColumn(), TransferSpeedColumn(), TimeElapsedColumn(), console=err, transient=True
    )
    with bar:
        task = bar.add_task("", total=file.stat().st_size if file.exists() else None)
        yield lambda done: bar.update(task, completed=done)


def as_figures(told: Told, target: Path) -> dict[str, Any]:
    """Return what `rounds redact --json` prints."""
    rejects = told.rejects
    return {
        "file": str(target),
        "lines": told.lines,
        "bytes": told.bytes,
        "risk": dict(told.risk),
        "findings": dict(told.findings.most_common()),
        "rejected": rejects.total,
        "rejects": str(rejects_of(target)) if rejects.total else None,
    }


def print_told(told: Told, target: Path) -> None:
    """Print what was redacted, and the first refused lines by number."""
    risk = ", ".join(f"{told.risk[level]} {level}" for level in ("none", "low", "medium", "high") if told.risk[level])
    out.print(f"{told.lines} lines in {escape(str(target))}; risk before: {risk or 'no text'}.", soft_wrap=True)
    if told.findings:
        out.print("Redacted: " + ", ".join(f"{n} {category}" for category, n in told.findings.most_common()) + ".")
    if not told.rejects.total:
        return
    for number, reason in told.rejects.first:
        err.print(f"[yellow]line {number}: {escape(reason)}[/yellow]", soft_wrap=True)
    more = told.rejects.total - len(told.rejects.first)
    rest = f", {more} more" if more else ""
    err.print(f"{told.rejects.total} lines refused{rest}: see {escape(str(rejects_of(target)))}", soft_wrap=True)


def run_eval(corpus: Path, mode: PhiMode | None, *, as_json: bool) -> None:
    """Evaluate the detector on an annotated corpus and print the figures."""
    evaluation = evaluate(annotated_rows(corpus), setup_of(mode, None).detector().find)
    if not evaluation.texts:
        raise DataError(f"{corpus} holds no text.", fix="name a file of annotated JSON lines")
    figures = evaluation.figures()
    if as_json:
        print_json(figures)
    else:
        print_evaluation(figures)


def print_evaluation(figures: dict[str, Any]) -> None:
    """Print the figures as tables of 80 columns."""
    if figures["labels"]:
        recall = Table("label", "read as", "found", "of", "recall", "95 % interval", title="Identifiers")
        for label, told in figures["labels"].items():
            recall.add_row(label, told["category"], *share_cells(told["recall"]))
        recall.add_section()
        recall.add_row("all", "", *share_cells(figures["recall"]))
        out.print(recall)
        leak = figures["leak_rate"]
        out.print(f"Leak rate {leak['value']:.2%} (95 % interval {leak['low']:.2%} to {leak['high']:.2%}).")
    if figures["categories"]:
        precision = Table("category", "right", "of", "precision", "95 % interval", title="Findings")
        for category, told in figures["categories"].items():
            precision.add_row(category, *share_cells(told))
        precision.add_section()
        precision.add_row("all", *share_cells(figures["precision"]))
        out.print(precision)
    if figures["keep"]:
        keep = Table("label", "kept", "of", "keep rate", "95 % interval", title="Words that must survive")
        for label, told in figures["keep"].items():
            keep.add_row(label, *share_cells(told))
        out.print(keep)
    hit = figures["hard_negatives_hit"]
    if hit["of"]:
        out.print(f"Texts without an identifier: {hit['of']}, of which {hit['hit']} were hit ({hit['value']:.1%}).")


def share_cells(share: dict[str, Any]) -> tuple[str, str, str, str]:
    """Return a share as the cells of a table."""
    interval = f"{share['low']:.2%}-{share['high']:.2%}" if share["of"] else ""
    return str(share["hit"]), str(share["of"]), f"{share['value']:.2%}", interval


def run_train_tagger(seed: int, steps: int | None, negatives: tuple[Path, ...], *, as_json: bool) -> None:
    """Train the tagger into the data folder and print what it is."""
    from tasks.phi.tagger.training import STEPS, train_tagger

    folder = setup_of("strict", None).tagger
    bar = Progress(
        TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("loss {task.fields[loss]:.1f}"),
        TimeElapsedColumn(), console=err, transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("", total=steps or STEPS, loss=0.0)
        meta = train_tagger(
            folder,
            seed=seed,
            steps=steps or STEPS,
            negatives=negatives,
            progress=lambda step, _, loss: bar.update(task, completed=step, loss=loss),
        )
    if as_json:
        print_json({"folder": str(folder)} | meta.model_dump(mode="json"))
    else:
        out.print(
            f"Tagger {meta.digest[:12]} of {meta.steps} steps in {meta.seconds:.0f} s: {escape(str(folder))}.",
            soft_wrap=True,
        )
