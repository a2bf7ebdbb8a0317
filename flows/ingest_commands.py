"""What the commands that take in do behind `flows/cli.py`: look at sources, count, show, list what was withdrawn."""

import re
from collections import Counter
from typing import Any

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from flows.console import out, print_json
from flows.parameters import CollectRequest
from flows.running import running
from infra import database
from infra.artifacts import open_store
from tasks.records import Reading
from tasks.registry import retractions

SHOWN_EXAMPLES = 3
SHOWN_CHARS = 600
UNSHOWN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # they would steer the terminal


def run_collect(request: CollectRequest, *, refresh: bool, as_json: bool) -> None:
    """Collect and redact, and print what came in and what was redacted."""
    from flows.collect import collect

    with running([], refresh=refresh):
        readings = collect(request)
    if as_json:
        print_json([reading.model_dump(mode="json") for reading in readings])
    else:
        print_readings(readings)


def print_warnings(readings: tuple[Reading, ...]) -> None:
    """Print what could not be read."""
    for warning in (warning for reading in readings for warning in reading.warnings):
        out.print(f"[yellow]{escape(warning)}[/yellow]", soft_wrap=True)


def run_ingest(request: CollectRequest, *, dry_run: bool, as_json: bool) -> None:
    """Take in one source and print its counts; with `dry_run` print three redacted examples and remember nothing."""
    from flows.collect import collect, preview

    shown: list[dict[str, Any]] = []
    with running([], refresh=False):
        if dry_run:
            met = preview(request, SHOWN_EXAMPLES)
            readings = tuple(reading for reading, _ in met)
            shown = [line["row"] for _, shard in met if shard for line in open_store().rows(shard.artifact)]
        else:
            readings = collect(request)
    shown = shown[:SHOWN_EXAMPLES]
    if as_json:
        print_json(counts_of(readings) | ({"examples": shown} if dry_run else {}))
        return
    print_readings(readings)
    for row in shown:
        out.print(Panel(Text(told(row)), title=f"{row.get('source', 'chat')} {row.get('source_id', row.get('id'))}"))
    if dry_run:
        out.print("A dry run: nothing was remembered.")


def told(row: dict[str, Any]) -> str:
    """Return the beginning of what a redacted row says."""
    sections = [
        f"{part['label']}: {part['text']}" if part["label"] else part["text"] for part in row.get("sections", ())
    ]
    turns = [f"{turn['role']}: {turn['content']}" for turn in row.get("messages", ())]
    text = "\n".join(part for part in (row.get("title", ""), *sections, *turns) if part)
    shown = text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + " …"
    return UNSHOWN.sub("�", shown)


def counts_of(readings: tuple[Reading, ...]) -> dict[str, Any]:
    """Return the counts of several readings together; they add up to what the sources held."""
    names = ("held", "new", "changed", "unchanged", "retracted", "withheld")
    rejected = sum((Counter(reading.rejected) for reading in readings), Counter[str]())
    rejects = [str(open_store().path(reading.rejects)) for reading in readings if reading.rejects]
    warnings = [warning for reading in readings for warning in reading.warnings]
    counts: dict[str, Any] = {name: sum(getattr(reading, name) for reading in readings) for name in names}
    return counts | {"rejected": rejected, "rejects": rejects, "warnings": warnings}


def run_retractions(*, as_json: bool) -> None:
    """Print what was learned from and should not have been, and what holds it."""
    with database.connect() as connection:
        found = retractions.retractions(connection)
    if as_json:
        print_json([retraction.model_dump(mode="json") for retraction in found])
        return
    table = Table("source", "id", "why", "notice", "found", "datasets", "models")
    for r in found:
        where = (", ".join(r.datasets) or "none", "; ".join(r.models) or "none")
        table.add_row(r.source, r.source_id, r.reason, r.notice, f"{r.found_at:%Y-%m-%d}", *where)
    out.print(table if found else "Nothing that was taken in is retracted or withdrawn.")


def print_readings(readings: tuple[Reading, ...]) -> None:
    """Print what each source held and what became of it; the counts of a line add up."""
    if not any(reading.held for reading in readings):
        out.print("Nothing new since the last run.")
        print_warnings(readings)
        return
    table = Table("source", "held", "new", "changed", "unchanged", "retracted", "rejected")
    for reading in readings:
        counts = (reading.held, reading.new, reading.changed, reading.unchanged, reading.retracted)
        reasons = ", ".join(f"{count} {reason}" for reason, count in reading.rejected.items())
        withheld = f"{reading.withheld} of the new withheld by redaction" if reading.withheld else ""
        table.add_row(reading.source, *map(str, counts), ", ".join(filter(None, (reasons, withheld))))
    out.print(table)
    print_warnings(readings)
    for reading in readings:
        if reading.rejects is not None:
            path = open_store().path(reading.rejects)
            out.print(f"Rejected records of {reading.source} by id and reason: {escape(str(path))}", soft_wrap=True)
