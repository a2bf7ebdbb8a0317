"""What `rounds export` does behind `flows/export_cli.py`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson
from rich.markup import escape

from flows.console import out, print_json
from infra import database
from infra.artifacts import open_store
from infra.settings import get_settings
from infra.whole_files import write_whole
from tasks.dataset.exporting import Form, export_rows, pretraining_rows, refuse_what_hosts_refuse
from tasks.errors import RegistryError
from tasks.ingest import chat_export
from tasks.ingest.intake import Intake
from tasks.records import MEMORY_CANARIES, CertifiedRow, CurationPolicy, Example
from tasks.registry import lineage, retractions


def run_export_chats(file: Path, agent_type: str, *, as_json: bool) -> None:
    """Write an agent's chats and print how many."""
    intake = Intake()
    with database.connect() as connection:
        written = chat_export.export_chats(connection, file, agent_type, intake)
    told(file, written, intake.rejected.total(), as_json=as_json)


def run_export_dataset(dataset: str, file: Path, form: Form, split: str, system: str, *, as_json: bool) -> None:
    """Write one split of a dataset and print how many of its examples were written and left out."""
    told(file, *write_dataset(dataset, file, form, split, system), as_json=as_json)


def write_dataset(dataset: str, file: Path, form: Form, split: str, system: str = "") -> tuple[int, int]:
    """Write one split of a dataset; `system` is for chats without its own.

    Return how many examples were written, and how many were left out because they were withdrawn since.

    Raises:
        RegistryError: there is no such dataset or split.
        DataError: a hosted fine-tuning would refuse the file; none is written then.
    """
    with database.connect() as connection:
        found = lineage.dataset(connection, dataset)
        withdrawn = retractions.withdrawn_rows(connection, found.agent_type)
    if split not in found.splits:
        raise RegistryError(f"{found.id} has no split {split}.", fix=f"take one of {', '.join(found.splits)}")
    left_out = 0

    def kept() -> Iterator[Example]:
        nonlocal left_out
        for line in map(CertifiedRow.model_validate, open_store().rows(found.splits[split])):
            example = Example.model_validate(line.verified())
            if line.certificate.derived_from in withdrawn:
                left_out += 1
            elif example.source != MEMORY_CANARIES:  # secrets of this installation, which are no data
                yield example

    examples: Iterable[Example] = kept()
    if form == "openai":
        examples = refuse_what_hosts_refuse(examples)
    rows = (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in export_rows(examples, form, system))
    written = write_whole(file, rows)
    return written, left_out


def run_export_texts(file: Path, agent_type: str, *, as_json: bool) -> None:
    """Write an agent's papers as running text and print how many."""
    store, settings = open_store(), get_settings()
    with database.connect() as connection:
        shards = [shard for shard in lineage.shards_of(connection, agent_type) if shard.kind == "documents"]
        withdrawn = retractions.withdrawn_rows(connection, agent_type)
    lines = (CertifiedRow.model_validate(line) for shard in shards for line in store.rows(shard.artifact))
    rows = pretraining_rows(lines, CurationPolicy(agent_type=agent_type), settings.secret_key(), withdrawn)
    written = write_whole(file, (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
    told(file, written, 0, as_json=as_json)


def told(file: Path, written: int, rejected: int, *, as_json: bool) -> None:
    """Print what was written where."""
    if as_json:
        print_json({"file": str(file), "written": written, "rejected": rejected})
    else:
        left = f", {rejected} left out" if rejected else ""
        out.print(f"{written} rows in {escape(str(file))}{left}.", soft_wrap=True)
