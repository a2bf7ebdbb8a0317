"""What `rounds phi review` does behind `flows/review_cli.py`."""

import getpass
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from flows.console import err, out, print_json
from flows.review_terminal import Session
from infra import database
from infra.settings import get_settings
from infra.whole_files import write_whole
from tasks.errors import ConfigError, PrivacyError, SourceError
from tasks.phi import verdicts
from tasks.phi.review import Find, Item, Key, Sample, Summary, Verdict, draw, read_lines, summarise
from tasks.phi.review_page import render
from tasks.phi.setup import setup_of
from tasks.phi.verdicts import CaseResult, Judgement
from tasks.records import PhiMode

NAMED_LINES = 5  # unreadable ones; more of the same tells a person nothing


def run_review(file: Path, mode: PhiMode | None, size: int, seed: int, reviewer: str | None, *, as_json: bool) -> None:
    """Ask in the terminal, item by item; each verdict is stored before the next item is shown."""
    if not (sys.stdin.isatty() and err.is_terminal):
        raise ConfigError(
            "There is no terminal to ask in.",
            fix=f"rounds phi review {file} --page review.html, then open the page",
        )
    (find, engine), who = _detector(mode), _reviewer(reviewer)
    sample = _sample(file, find, size, seed)
    judged = _judged(sample)

    def store(item: Item, verdict: Verdict, category: str) -> None:
        given = Judgement(document=item.document, start=item.start, end=item.end, category=category, verdict=verdict)
        with database.connect() as connection:
            verdicts.store(connection, given, item.text, find, engine=engine, reviewer=who)

    def take_back(item: Item) -> None:
        with database.connect() as connection:
            verdicts.take_back(connection, item.key)

    ended = Session(sample.items, judged, store, take_back, err).run()
    summary = summarise(sample, judged)
    if as_json:
        print_json(summary)
    else:
        _print_summary(summary, _told(sample, seed))
    if ended == "interrupted":
        raise typer.Exit(130)


def run_page(file: Path, page: Path, mode: PhiMode | None, size: int, seed: int, *, as_json: bool) -> None:
    """Write the sample as a page that only its owner may read."""
    find, _ = _detector(mode)
    sample = _sample(file, find, size, seed)
    html = render(sample, _judged(sample), file=file.name, note=_told(sample, seed))
    write_whole(page, [html.encode()])
    if as_json:
        shown = {"findings": len(sample.findings), "near_misses": len(sample.near_misses)}
        print_json({"page": str(page), "texts": sample.texts, **shown, "found": sample.found, "passed": sample.passed})
    else:
        out.print(f"{len(sample.items)} items are in {escape(str(page))}. It holds PHI.", soft_wrap=True)


def run_store(file: Path, saved: Path, mode: PhiMode | None, reviewer: str | None, *, as_json: bool) -> None:
    """Store the verdicts that a page saved; the texts come from the file that the page was made of."""
    given: dict[str, list[Judgement]] = {}
    for judgement in verdicts.read_saved(saved).verdicts:
        given.setdefault(judgement.document, []).append(judgement)
    (find, engine), who, key = _detector(mode), _reviewer(reviewer), _key()
    unreadable: list[int] = []
    with database.connect() as connection:
        stored = verdicts.matched(
            given,
            read_lines(file, unreadable),
            key,
            lambda judgement, text: verdicts.store(connection, judgement, text, find, engine=engine, reviewer=who),
        )
    _tell_unreadable(unreadable)
    total = sum(map(len, given.values()))
    if total and not stored:
        raise SourceError(
            f"None of the {total} verdicts is on a text of {file}.",
            fix="give the file that the page was made of, unchanged, on the machine that made it",
        )
    if as_json:
        print_json({"stored": stored, "of_other_texts": total - stored})
    else:
        left = f"; {total - stored} are on other texts and were left out" if total - stored else ""
        out.print(f"{stored} verdicts are stored{left}. `rounds phi review --check` tries the detector on them.")


def run_check(mode: PhiMode | None, *, as_json: bool) -> None:
    """Try the present detector on every stored case; exit with 6 if an identifier is not found."""
    with database.connect() as connection:
        stored = verdicts.cases(connection)
    checked = verdicts.check(stored, *_detector(mode))
    if as_json:
        print_json(checked)
    elif not stored:
        out.print("No verdict is stored yet. `rounds phi review FILE.jsonl` asks for some.")
    else:
        _print_cases("Identifiers that are not found", checked.not_found, "red")
        _print_cases("Found, and no identifiers", checked.still_found, "yellow")
        agreed = checked.cases - len(checked.not_found) - len(checked.still_found)
        out.print(f"The detector agrees with {agreed} of {checked.cases} verdicts.")
    if checked.not_found:
        raise typer.Exit(PrivacyError.exit_code)


def run_forget(case: int | None, *, as_json: bool) -> None:
    """Delete one stored verdict, or with None all."""
    with database.connect() as connection:
        forgotten = verdicts.forget(connection, case)
    if case is not None and not forgotten:
        raise SourceError(f"There is no verdict {case}.", fix="`rounds phi review --check --json` shows the numbers")
    if as_json:
        print_json({"forgotten": forgotten})
    else:
        out.print(f"{forgotten} {'verdict is' if forgotten == 1 else 'verdicts are'} deleted.")


# ── what they share ──────────────────────────────────────────────────────────────────────────────────────────────


def _detector(mode: PhiMode | None) -> tuple[Find, str]:
    """Return the detector of a mode and the engine's version: the one place where review makes one."""
    setup = setup_of(mode, None)
    return setup.detector().find, setup.engine()


def _key() -> bytes:
    """Return the key of the digests, after a look whether the database was filled under it."""
    settings = get_settings()
    database.keep_key(settings.key_fingerprint())
    return settings.secret_key()


def _sample(file: Path, find: Find, size: int, seed: int) -> Sample:
    unreadable: list[int] = []
    key = _key()
    with err.status("Looking for findings and near misses …"):
        sample = draw(read_lines(file, unreadable), find, key, size=size, seed=seed)
    _tell_unreadable(unreadable)
    return sample


def _judged(sample: Sample) -> dict[Key, tuple[Verdict, str]]:
    with database.connect() as connection:
        known = verdicts.stored(connection, {item.document for item in sample.items})
    return {item.key: known[item.key] for item in sample.items if item.key in known}


def _reviewer(named: str | None) -> str:
    try:
        return named or getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "unknown"


def _told(sample: Sample, seed: int) -> str:
    """Say of how much a sample is one."""
    found, passed = sum(sample.found.values()), sum(sample.passed.values())
    return (
        f"{len(sample.findings)} of {found} findings and {len(sample.near_misses)} of {passed} near misses"
        f" in {sample.texts} texts, drawn with seed {seed}."
    )


def _tell_unreadable(numbers: Sequence[int]) -> None:
    if numbers:
        named = ", ".join(map(str, numbers[:NAMED_LINES])) + (", …" if len(numbers) > NAMED_LINES else "")
        what = (
            "line is no object with a text, left out"
            if len(numbers) == 1
            else "lines are no objects with a text, left out"
        )
        err.print(f"[yellow]{len(numbers)} {what}: {named}.[/yellow]")


def _print_summary(summary: Summary, told: str) -> None:
    table = Table(show_header=False, box=None, padding=(0, 1))
    table.add_row("sample", told)
    table.add_row("findings judged", f"{summary.findings_judged} of {summary.findings_shown}")
    if precision := summary.precision:
        interval = f"95 % interval {precision.low:.1%} to {precision.high:.1%}"
        table.add_row("precision", f"[bold]{precision.value:.1%}[/bold] ({interval})")
    table.add_row("wrong", _counts(summary.wrong))
    table.add_row("near misses judged", f"{summary.near_misses_judged} of {summary.near_misses_shown}")
    table.add_row("missed", _counts(summary.missed))
    out.print()
    out.print(table)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {category}" for category, count in counts.items()) or "none"


def _print_cases(title: str, results: Sequence[CaseResult], colour: str) -> None:
    if not results:
        return
    table = Table("id", "category", "verdict", title=f"{title}: {len(results)}", title_style=colour)
    table.title_justify = "left"
    for result in results:
        table.add_row(str(result.id), result.category, result.verdict)
    out.print(table)
