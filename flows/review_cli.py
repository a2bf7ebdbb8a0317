"""`rounds phi review`: what the detector finds and lets pass, judged by a person, and kept as cases."""

from pathlib import Path
from typing import Annotated

import typer

from flows.explaining import explained
from flows.options import AsJson, DetectorMode

NOTHING_TO_DO = "name a file of texts, or use --check or --forget"
ONE_OF_THEM = "a file, --check and --forget are three different things: use one"


@explained
def review(
    file: Annotated[Path | None, typer.Argument(help="JSON lines with `id` and `text`, as they came.")] = None,
    sample: Annotated[int, typer.Option(min=1, max=1000, help="How many findings, and as many near misses.")] = 20,
    seed: Annotated[int, typer.Option(help="Another seed draws another sample.")] = 1,
    mode: DetectorMode = None,
    page: Annotated[Path | None, typer.Option(help="Write the sample as a page (HTML). It holds PHI.")] = None,
    verdicts: Annotated[Path | None, typer.Option(help="Store the verdicts that the page saved.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Try the detector on all stored verdicts.")] = False,
    forget: Annotated[str | None, typer.Option(metavar="ID|all", help="Delete a stored verdict, or all.")] = None,
    reviewer: Annotated[str | None, typer.Option(help="Who judges. Default: the user of this machine.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a sample of findings and near misses; verdicts are stored as cases. Shows PHI: on this machine only."""
    chosen = (file is not None) + check + (forget is not None)
    if chosen != 1:
        raise typer.BadParameter(ONE_OF_THEM if chosen else NOTHING_TO_DO, param_hint="FILE")
    if file is None and (page or verdicts):
        raise typer.BadParameter("--page and --verdicts need the file of texts", param_hint="FILE")
    if forget is not None and forget != "all" and not (forget.isascii() and forget.isdigit() and len(forget) < 19):
        raise typer.BadParameter("give a number that --check shows, or all", param_hint="--forget")
    from flows import review_commands as commands

    if forget is not None:
        commands.run_forget(None if forget == "all" else int(forget), as_json=as_json)
    elif file is None:
        commands.run_check(mode, as_json=as_json)
    elif verdicts is not None:
        commands.run_store(file, verdicts, mode, reviewer, as_json=as_json)
    elif page is not None:
        commands.run_page(file, page, mode, sample, seed, as_json=as_json)
    else:
        commands.run_review(file, mode, sample, seed, reviewer, as_json=as_json)
