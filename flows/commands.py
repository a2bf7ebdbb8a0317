"""What each command does behind `flows/cli.py`: call a flow or a reading function, and print the answer."""

import shlex
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError
from rich.markup import escape
from rich.table import Column, Table

from flows.console import err, out, print_json
from flows.parameters import BenchmarkRequest, TrainRequest, WeeklyRequest
from flows.running import running
from infra import database, step_ledger
from infra.artifacts import open_store
from infra.doctor import examine
from infra.settings import get_settings
from tasks.errors import RegistryError
from tasks.records import ModelVersion, Round
from tasks.registry import outcomes, rounds, versions
from tasks.scoring.report_input import ReportInput

SAMPLE_SEED = 11
SHOWN_EXAMPLES = 3


def run_weekly(request: WeeklyRequest, *, refresh: bool, as_json: bool) -> None:
    """Run a round and print how it ended, what it cost, and what to type next."""
    from flows.weekly_retrain import weekly_retrain

    times: list[step_ledger.StepTime] = []
    started = time.monotonic()
    with running(times, refresh=refresh):
        ended = weekly_retrain(request)
    seconds = time.monotonic() - started
    if as_json:
        own = sum(t.seconds for t in times)
        print_json({"round": ended, "seconds": round(seconds, 1), "steps_seconds": round(own, 1)})
    else:
        print_round(ended, times, seconds)


def print_round(ended: Round, times: list[step_ledger.StepTime], seconds: float) -> None:
    """Print the summary table of a round and the next three commands."""
    model = _model(ended.candidate_id)
    own = sum(t.seconds for t in times)
    repeated, cached = sum(not t.cached for t in times), sum(t.cached for t in times)
    table = Table(show_header=False, box=None, padding=(0, 1))
    colour = "green" if ended.outcome == "Promoted" else "yellow"
    table.add_row("decision", f"[{colour} bold]{ended.outcome}[/]")
    table.add_row("why", escape(ended.reason.partition(": ")[2]))
    table.add_row("candidate", f"{ended.candidate_id} ({model.served})")
    table.add_row("against", ended.baseline_id)
    table.add_row("steps", f"{repeated} run, {cached} unchanged and not repeated")
    share = max(seconds - own, 0) / seconds
    table.add_row("time", f"{seconds:.0f} s, of which orchestration {seconds - own:.0f} s ({share:.0%})")
    table.add_row("report", escape(ended.report))
    out.print()
    out.print(table)
    for warning in warnings_of(ended):
        err.print(f"[yellow]{escape(warning)}[/yellow]", soft_wrap=True)
    out.print("\n[bold]Next[/bold]")
    rounds_command = "rounds" if shutil.which("rounds") else shlex.quote(str(Path(sys.executable).with_name("rounds")))
    out.print(
        f"  {rounds_command} chat 'Which diet is advised after discharge?' -m {ended.candidate_id}", soft_wrap=True
    )
    out.print(f"  {rounds_command} models show {ended.candidate_id}", soft_wrap=True)
    out.print(f"  xdg-open {escape(shlex.quote(ended.report))}", soft_wrap=True)


def warnings_of(ended: Round) -> list[str]:
    """Return what the round's evidence warns of: files read in part, forgetting. A deleted report warns of itself."""
    try:
        evidence = ReportInput.model_validate_json(
            Path(ended.report).with_name("report.json").read_text(encoding="utf-8")
        )
    except (OSError, ValidationError):  # deleted, or written by an earlier version
        return [f"What this round met is no longer to be read beside {ended.report}."]
    warnings = [warning for reading in evidence.readings for warning in reading.warnings]
    forgot = evidence.training.forgetting if evidence.training else {}
    if forgot and forgot["low"] > forgot["margin"]:
        change = f"from {forgot['before']:.3f} to {forgot['after']:.3f}"
        warnings.append(f"The candidate forgot: the loss on earlier rounds' held-out items rose {change}.")
    return warnings


def run_demo(chosen: TrainRequest, *, chats: int, abstracts: int, refresh: bool, as_json: bool) -> None:
    """Write the sample hospital, load its chats, and run one round on it as was chosen."""
    from tasks.sample.abstracts import write_pubmed_xml
    from tasks.sample.load import load_sample_chats

    folder = get_settings().data / "sample"
    folder.mkdir(exist_ok=True)
    papers = folder / "pubmed.xml"
    write_pubmed_xml(papers, SAMPLE_SEED, abstracts)
    with database.connect() as connection:
        loaded = load_sample_chats(connection, SAMPLE_SEED, chats, datetime.now(UTC))
    if not as_json:
        out.print(f"Sample hospital: {abstracts} abstracts, {loaded} new chats of {chats}. Nothing in it is real.")
    request = WeeklyRequest(literature=(str(papers),), **dict(chosen))
    run_weekly(request, refresh=refresh, as_json=as_json)


def run_benchmark(request: BenchmarkRequest, *, refresh: bool, as_json: bool) -> None:
    """Score a model on suites and print each metric with its interval."""
    from flows.benchmark import benchmark

    with running([], refresh=refresh):
        results = benchmark(request)
    if as_json:
        print_json([result.model_dump(mode="json") for result in results])
        return
    table = Table("suite", "metric", "value", "95 % interval", "items")
    for result in results:
        for name, e in result.metrics.items():
            table.add_row(result.suite, name, f"{e.value:.3f}", f"{e.low:.3f} to {e.high:.3f}", str(e.n))
    out.print(table)


def run_load_chats(file: Path, agent_type: str, *, as_json: bool) -> None:
    """Load rated chats into the database and print how many."""
    from tasks.ingest.chat_import import import_chats

    with database.connect() as connection:
        counts = import_chats(connection, file, agent_type)
    if as_json:
        print_json(counts)
    else:
        out.print(", ".join(f"{count} {what}" for what, count in counts.items()))


def run_chat(question: str, model: str | None, agent_type: str, answer_tokens: int, *, as_json: bool) -> None:
    """Answer one question with a registered model."""
    from tasks.scoring.generation import ask

    version = _model(model) if model else _champion(agent_type)
    answer = ask(question, open_store().path(version.gguf.artifact), answer_tokens, get_settings())
    if as_json:
        print_json({"model": version.id, "answer": answer})
    else:
        out.print(answer, markup=False)


def run_models_list(agent_type: str | None, *, as_json: bool) -> None:
    """Print the registered models."""
    with database.connect() as connection:
        found = versions.models(connection, agent_type)
    if as_json:
        print_json([model.model_dump(mode="json") for model in found])
        return
    table = Table(Column("model", no_wrap=True), "agent", "stage", "base", "served", "MiB")
    for model in found:
        mib = f"{model.gguf.artifact.bytes / 2**20:.1f}"
        table.add_row(model.id, model.agent_type, model.stage, model.base, model.served, mib)
    out.print(table if found else "No model is registered yet. `rounds demo` makes one.")


def run_models_show(model: str, *, as_json: bool) -> None:
    """Print one model with its lineage."""
    with database.connect() as connection:
        story = outcomes.show(connection, model)
    if as_json:
        print_json(story)
    else:
        print_story(story)


def print_story(story: outcomes.ModelStory) -> None:
    """Print a model's files, what it learned from, its scores and its stages."""
    version, run, dataset = story.version, story.run, story.dataset
    table = Table(show_header=False, box=None, padding=(0, 1))
    table.add_row("model", f"[bold]{version.id}[/bold], {version.stage}")
    table.add_row("base", f"{version.base} @ {version.base_revision[:12]}")
    for file in version.files:
        mark = " (served)" if file.quantisation == version.served else ""
        size = f"{file.artifact.bytes / 2**20:.1f} MiB"
        table.add_row(file.quantisation + mark, f"{size}, sha256 {file.artifact.sha256[:16]}…")
    if run is not None and dataset is not None:
        loss = f"loss {run.first_loss:.2f} → {run.last_loss:.2f}"
        table.add_row("run", f"{run.id}, recipe {run.recipe}, {run.steps} steps, {loss}, code {run.git_sha[:10]}")
        if story.went_on_from:
            table.add_row("goes on from", ", ".join(story.went_on_from) + "; learned from their datasets, too")
        shares = ", ".join(f"{count} {split}" for split, count in dataset.examples.items())
        table.add_row("dataset", f"{dataset.id}: {shares}")
        table.add_row("rows", f"{story.rows} from " + ", ".join(f"{n} {s}" for s, n in story.sources.items()))
    for result in story.evaluations:
        primary = result.metrics["rougeL"]
        interval = f"{primary.low:.3f} to {primary.high:.3f}, {primary.n} items"
        table.add_row("scored", f"{result.suite}: ROUGE-L {primary.value:.3f} ({interval})")
    for change in story.history:
        what = f"{change.from_stage or 'new'} → {change.to_stage} by {change.actor}: {change.reason}"
        table.add_row(f"{change.at:%Y-%m-%d %H:%M}", escape(what))
    out.print(table)


def run_status(*, as_json: bool) -> None:
    """Print champions, the last rounds and what waits."""
    with database.connect() as connection:
        champions = [model for model in versions.models(connection) if model.stage == "champion"]
        ended = rounds.last_rounds(connection)
        waiting = rounds.waiting_chats(connection)
    if as_json:
        print_json({"champions": champions, "last_rounds": ended, "waiting_chats": waiting})
        return
    table = Table("agent", "champion", "last round", "chats waiting")
    for agent in sorted({m.agent_type for m in champions} | {r.agent_type for r in ended} | set(waiting)):
        champion = next((m.id for m in champions if m.agent_type == agent), "none yet")
        last = next((f"{r.outcome}, {r.id}" for r in ended if r.agent_type == agent), "none yet")
        table.add_row(agent, champion, last, str(waiting.get(agent, 0)))
    out.print(table if table.row_count else "Nothing here yet. `rounds demo` shows the way.")


def run_doctor(*, as_json: bool) -> None:
    """Print what was looked at, and exit with 3 when something needed is missing."""
    checks = examine()
    if as_json:
        print_json([check._asdict() for check in checks])
    else:
        table = Table("", "what", "seen", "fix")
        for check in checks:
            mark = "[green]✓[/]" if check.ok else "[red]✗[/]" if check.needed else "[dim]–[/]"
            table.add_row(mark, check.name, escape(check.seen), "" if check.ok else escape(check.fix))
        out.print(table)
    if any(check.needed and not check.ok for check in checks):
        raise SystemExit(3)


def _model(name: str) -> ModelVersion:
    with database.connect() as connection:
        return versions.get(connection, name)


def _champion(agent_type: str) -> ModelVersion:
    with database.connect() as connection:
        champion = versions.champion(connection, agent_type)
    if champion is None:
        raise RegistryError(f"{agent_type} has no champion.", fix="rounds models list, then name one with --model")
    return champion
