"""`rounds export`: chats and datasets as files that other programs read, and that `rounds` reads back."""

from pathlib import Path
from typing import Annotated

import typer

from flows.explaining import explained
from flows.options import DEFAULT, Agent, AsJson
from tasks.dataset.exporting import Form

export = typer.Typer(no_args_is_help=True, help="Write chats or a dataset to a file of JSON lines.")

File = Annotated[Path, typer.Argument(help="Where to write; a file of that name is replaced.")]


@export.command(name="chats", epilog="Example: rounds export chats chats.jsonl --agent-type Clinical")
@explained
def export_chats(file: File, agent_type: Agent = DEFAULT.agent_type, as_json: AsJson = False) -> None:
    """Write an agent's chats as `load-chats` reads them. They are not redacted: the file holds PHI."""
    from flows.export_commands import run_export_chats

    run_export_chats(file, agent_type, as_json=as_json)


@export.command(name="texts", epilog="Example: rounds export texts papers.jsonl")
@explained
def export_texts(file: File, agent_type: Agent = DEFAULT.agent_type, as_json: AsJson = False) -> None:
    """Write an agent's redacted papers of the training split as running text, for continued pre-training."""
    from flows.export_commands import run_export_texts

    run_export_texts(file, agent_type, as_json=as_json)


@export.command(name="dataset", epilog="Example: rounds export dataset ds-3f9a train.jsonl --form sharegpt")
@explained
def export_dataset(
    dataset: Annotated[str, typer.Argument(help="Id of a dataset, or its beginning; `models show` names it.")],
    file: File,
    form: Annotated[Form, typer.Option(help="The form of a row.")] = "messages",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "train",
    system: Annotated[
        str, typer.Option(help="The agent's system message, before chats that have none of their own.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write the redacted examples of a dataset in a form that other trainers read; openai: for hosted fine-tuning."""
    from flows.export_commands import run_export_dataset

    run_export_dataset(dataset, file, form, split, system, as_json=as_json)
