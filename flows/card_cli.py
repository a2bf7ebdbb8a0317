"""`rounds models card`: what a model learned from, how, at which cost and under which licences."""

import sys
from typing import Annotated

import typer

from flows.explaining import explained
from flows.options import DEFAULT, Agent, AsJson


@explained
def card(
    model: Annotated[str | None, typer.Argument(help="Id or its beginning. Default: the agent's champion.")] = None,
    agent_type: Agent = DEFAULT.agent_type,
    as_json: AsJson = False,
) -> None:
    """Print a model's card: intended use, data, recipe, losses, cost, versions, licences."""
    from flows.card_commands import card_file

    name = "card.json" if as_json else "README.md"
    sys.stdout.write(card_file(model, agent_type, name))
