"""What `rounds dataset` does behind `flows/dataset_cli.py`."""

import orjson
from rich.markdown import Markdown

from flows.console import out, print_json
from infra import database
from infra.artifacts import open_store
from tasks.errors import RegistryError
from tasks.registry import lineage


def run_dataset_show(name: str | None, agent_type: str, *, as_json: bool) -> None:
    """Print the card of a dataset, of the agent's last one if none is named.

    Raises:
        RegistryError: there is no such dataset, or none was described.
    """
    with database.connect() as connection:
        found = lineage.dataset(connection, name) if name else lineage.latest_dataset(connection, agent_type)
    if found.card is None:
        raise RegistryError(
            f"{found.id} was recorded without its card.",
            fix="repeat `rounds train` or `rounds weekly`, which writes it",
        )
    folder = open_store().path(found.card)
    if as_json:
        print_json(orjson.loads((folder / "card.json").read_bytes()))
    else:
        out.print(Markdown((folder / "card.md").read_text(encoding="utf-8")))
