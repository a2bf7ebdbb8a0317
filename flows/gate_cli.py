"""`rounds gate …`: how far the promotion gate itself can be trusted."""

from pathlib import Path
from typing import Annotated

import typer

from flows.explaining import explained
from flows.options import DEFAULT, Agent, AsJson

gate = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # a local may hold clinical text
    help="Measure how often the promotion gate errs.",
)


@gate.callback()
def _commands() -> None:
    """Keep `calibrate` a word of its own though it is the only command."""


@gate.command(epilog="Example: rounds gate calibrate --sizes 100,500,1000")
@explained
def calibrate(
    agent_type: Agent = DEFAULT.agent_type,
    answers: Annotated[
        list[Path] | None,
        typer.Option(help="Answers of a model, JSON lines; give two, baseline first. Default: the last round's."),
    ] = None,
    sizes: Annotated[str, typer.Option(help="Items of a simulated round, with commas.")] = "100,500,1000",
    simulations: Annotated[int, typer.Option(min=10, help="Simulated rounds for each size and gain.")] = 1000,
    margin: Annotated[float, typer.Option(min=0, max=1, help="As of `rounds weekly`.")] = DEFAULT.margin,
    to: Annotated[Path | None, typer.Option(help="Folder of plot and figures. Default: reports/.")] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate rounds on stored answers: how often a candidate is promoted that is no better, and one that is."""
    from flows.gate_commands import run_calibrate

    run_calibrate(agent_type, answers or [], sizes, simulations, margin, to, as_json=as_json)
