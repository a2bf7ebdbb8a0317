"""`rounds redact` and `rounds phi …`: redaction of files, and what a privacy officer asks of the detector."""

from pathlib import Path
from typing import Annotated

import typer

from flows.explaining import explained
from flows.options import AsJson, DetectorMode
from flows.review_cli import review
from tasks.records import PhiPolicy

phi = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # a local may hold clinical text
    help="Measure, review and train what finds identifiers.",
)

phi.command(name="review", epilog="Example: rounds phi review notes.jsonl --page review.html")(review)

Lines = Annotated[Path, typer.Argument(help="JSON lines with at least `id` and `text`.")]


@explained
def redact(
    file: Lines,
    target: Annotated[Path, typer.Argument(help="Where to write; a file of that name is replaced.")],
    policy: Annotated[
        PhiPolicy | None,
        typer.Option(help="What stands in the place of an identifier. Default: ROUNDS_PHI_POLICY, or placeholder."),
    ] = None,
    mode: DetectorMode = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes. 0: one a core.")] = 1,
    keep: Annotated[
        list[str] | None, typer.Option(help="A field that passes as it is; may be repeated or given with commas.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Redact a file of JSON lines: text and every other field, with risk level and findings added.

    `id` passes as it is, and so do the fields of --keep: an id that is a record number is to be replaced before.
    Refused lines are named by number in OUT.rejects.jsonl and the exit code is 7; all others are written.
    """
    from flows.phi_commands import run_redact
    from tasks.phi.setup import setup_of

    kept = frozenset(name.strip() for names in keep or () for name in names.split(",") if name.strip())
    run_redact(file, target, setup_of(mode, policy), workers, kept, as_json=as_json)


@phi.command(name="eval", epilog="Example: rounds phi eval annotated.jsonl --mode strict")
@explained
def evaluate(
    corpus: Annotated[Path, typer.Argument(help="JSON lines with `id`, `text` and `spans` (start, end, label).")],
    mode: DetectorMode = None,
    as_json: AsJson = False,
) -> None:
    """Print recall, precision and leak rate on an annotated corpus, and what of KEEP_* spans survives."""
    from flows.phi_commands import run_eval

    run_eval(corpus, mode, as_json=as_json)


@phi.command(name="train-tagger", epilog="Example: rounds phi train-tagger --negatives abstracts.jsonl")
@explained
def train_tagger(
    seed: Annotated[int, typer.Option(help="Another seed makes other notes and another tagger.")] = 0,
    steps: Annotated[int | None, typer.Option(min=1, help="Batches to learn from.")] = None,
    negatives: Annotated[
        list[Path] | None,
        typer.Option(help="JSON lines whose `text` names nobody, such as abstracts; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train the tagger of strict mode on notes that it makes up; minutes on two cores, no network."""
    from flows.phi_commands import run_train_tagger

    run_train_tagger(seed, steps, tuple(negatives or ()), as_json=as_json)
