"""`rounds dataset`: what a dataset is made of."""

from typing import Annotated

import typer

from flows.explaining import explained
from flows.options import DEFAULT, Agent, AsJson

dataset = typer.Typer(no_args_is_help=True, help="Look at datasets.")


@dataset.callback()
def _group() -> None:
    """Keep `show` a word of its own though it is the only command."""


@dataset.command(name="show", epilog="Example: rounds dataset show ds-3f9a")
@explained
def show_dataset(
    name: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Id of a dataset, or its beginning. Default: the last one.")
    ] = None,
    agent_type: Agent = DEFAULT.agent_type,
    as_json: AsJson = False,
) -> None:
    """Show a dataset's card: counts, tokens, splits, sources, licences, what was left out, redacted examples."""
    from flows.dataset_commands import run_dataset_show

    run_dataset_show(name, agent_type, as_json=as_json)
