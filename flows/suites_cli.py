"""`rounds suites`: look at question suites, check one's own, and make them of question sets."""

from pathlib import Path
from typing import Annotated

import typer

from flows.explaining import explained
from flows.options import AsJson
from tasks.scoring.importing import Form

suites = typer.Typer(no_args_is_help=True, help="List, show, check and import question suites.")

Name = Annotated[str, typer.Argument(help="A suite of benchmarks/suites, or the path of a YAML file.")]


@suites.command(name="list", epilog="Example: rounds suites list --json")
@explained
def list_suites(as_json: AsJson = False) -> None:
    """List the suites that come with Rounds, with what they hold."""
    from flows.suites_commands import run_list

    run_list(as_json=as_json)


@suites.command(name="show", epilog="Example: rounds suites show autoimmune Q002")
@explained
def show_suite(
    name: Name,
    item: Annotated[str | None, typer.Argument(help="Id of one item, shown with everything that it holds.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a suite's items, or one of them."""
    from flows.suites_commands import run_show

    run_show(name, item, as_json=as_json)


@suites.command(name="check", epilog="Example: rounds suites check my_questions.yaml")
@explained
def check_suite(name: Name, as_json: AsJson = False) -> None:
    """Check a suite file: unknown keys, ids that stand twice, empty references; each fault with its line."""
    from flows.suites_commands import run_check

    run_check(name, as_json=as_json)


@suites.command(name="import", epilog="Example: rounds suites import pubmedqa ori_pqal.json pubmedqa.yaml --limit 500")
@explained
def import_suite(
    form: Annotated[Form, typer.Argument(help="What the file is; grounded: JSON lines of context, question, answer.")],
    file: Annotated[Path, typer.Argument(help="JSON, JSON lines, either gzipped; or MedQuAD's folder of XML.")],
    target: Annotated[Path, typer.Argument(help="The suite file to write; a file of that name is replaced.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Most items; of more, a random draw.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed draws other items.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Make a suite file of a question set. What it holds is not redacted: give redacted documents."""
    from flows.suites_commands import run_import

    run_import(form, file, target, limit, seed, as_json=as_json)
