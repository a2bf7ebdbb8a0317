"""What `rounds suites` does behind `flows/suites_cli.py`."""

from collections.abc import Iterable
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from flows.console import out, print_json
from infra.whole_files import write_whole
from tasks.errors import EvaluationError
from tasks.records import Suite
from tasks.scoring.importing import Form, Imported, fingerprint, import_items, suite_text
from tasks.scoring.suites import SuiteHeader, SuiteItem, built_in_suites, find_suite, prompt_of, read_suite

COUNTED = ("items", "safety items", "key facts", "dangers", "with choices", "with context", "not answerable")


def run_list(*, as_json: bool) -> None:
    """Print the built-in suites."""
    _print([_summary(suite) for suite in built_in_suites()], as_json=as_json)


def run_check(name: str, *, as_json: bool) -> None:
    """Read a suite as it is read before it is answered, and print what it holds."""
    _print([_summary(find_suite(name))], as_json=as_json)


def run_show(name: str, item: str | None, *, as_json: bool) -> None:
    """Print a suite's items, or everything of one."""
    header, items = read_suite(find_suite(name))
    if item is not None:
        _show_item(_item(header, items, item), as_json=as_json)
    elif as_json:
        print_json({**header.model_dump(), "items": [one.model_dump() for one in items]})
    else:
        out.print(f"[bold]{escape(header.name)}[/bold] {escape(header.version)}: {escape(header.description)}")
        table = Table("id", "category", "difficulty", "question", "safety")
        for one in items:
            table.add_row(
                *map(escape, (one.id, one.category, one.difficulty, one.question)), "yes" if one.safety else ""
            )
        out.print(table)


def run_import(form: Form, file: Path, target: Path, limit: int | None, seed: int, *, as_json: bool) -> None:
    """Write the items of a question set as a suite file and print how many, and what was left out and why."""
    imported = import_items(form, file, limit=limit, seed=seed)
    kept = len(imported.items)
    drawn = f", drawn with seed {seed}" if kept < imported.rows - imported.rejected.total() else ""
    description = f"{kept} of the {imported.rows} rows of {file.name}, read as {form}{drawn}."
    lines = suite_text(imported.items, name=target.stem, version=fingerprint(file), description=description)
    write_whole(target, lines)
    if as_json:
        print_json({"file": str(target), "rows": imported.rows, "written": kept, "rejected": dict(imported.rejected)})
    else:
        out.print(f"{kept} items of {imported.rows} rows in {escape(str(target))}.", soft_wrap=True)
        _print_rejected(imported)


def _print_rejected(imported: Imported) -> None:
    if imported.rejected:
        table = Table("left out because", "rows", "first places")
        for reason, count in imported.rejected.most_common():
            table.add_row(escape(reason), str(count), escape(", ".join(imported.places[reason])))
        out.print(table)


def _item(header: SuiteHeader, items: Iterable[SuiteItem], name: str) -> SuiteItem:
    known = {one.id: one for one in items}
    if name not in known:
        raise EvaluationError(
            f"Suite {header.name} has no item {name!r}.",
            fix=f"`rounds suites show {header.name}` lists its {len(known)}.",
        )
    return known[name]


def _show_item(item: SuiteItem, *, as_json: bool) -> None:
    if as_json:
        print_json({**item.model_dump(), "prompt": prompt_of(item)})
        return
    table = Table(show_header=False, box=None)
    for key, value in item.model_dump(exclude_defaults=True, exclude={"key_facts", "dangers", "choices"}).items():
        table.add_row(key, escape(str(value)))
    for letter, text in item.choices.items():
        table.add_row("choice", escape(f"{letter}. {text}"))
    for kind, statements in (("key fact", item.key_facts), ("danger", item.dangers)):
        for one in statements:
            terms = "\nand ".join(" | ".join(group) for group in one.terms)
            table.add_row(kind, f"{escape(one.statement)}\n[dim]{escape(terms)}[/dim]")
    out.print(table)


def _summary(suite: Suite) -> dict[str, str | int]:
    header, items = read_suite(suite)
    counts = (
        len(items),
        sum(one.safety for one in items),
        sum(len(one.key_facts) for one in items),
        sum(len(one.dangers) for one in items),
        sum(bool(one.choice) for one in items),
        sum(bool(one.context) for one in items),
        sum(not one.answerable for one in items),
    )
    head: dict[str, str | int] = {"name": header.name, "version": header.version, "sha256": suite.sha256}
    return {**head, **dict(zip(COUNTED, counts, strict=True)), "path": suite.path}


def _print(summaries: list[dict[str, str | int]], *, as_json: bool) -> None:
    if as_json:
        print_json([{key.replace(" ", "_"): value for key, value in one.items()} for one in summaries])
        return
    table = Table("suite", "version", "holds", "SHA-256")
    for one in summaries:
        holds = ", ".join(f"{one[key]} {key}" for key in COUNTED if one[key])
        table.add_row(*map(escape, (str(one["name"]), str(one["version"]), holds, str(one["sha256"])[:12])))
    out.print(table)
