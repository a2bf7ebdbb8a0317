"""The `rounds` command. It parses, calls one flow or one reading function, and prints; nothing is decided here."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.card_cli import card
from flows.compare_cli import add_to as add_comparing
from flows.dataset_cli import dataset
from flows.explaining import explained
from flows.export_cli import export
from flows.gate_cli import gate
from flows.ingest_cli import ingest
from flows.options import (
    DEFAULT,
    Agent,
    Agents,
    Approval,
    Arxiv,
    AsJson,
    Assignments,
    BaseModel,
    BatchSize,
    ConvertToGguf,
    DaysBack,
    Documents,
    Epochs,
    Examples,
    ExportJsonl,
    FromStart,
    FullTexts,
    JudgeOnly,
    Limit,
    Literature,
    LoraR,
    MaxSeconds,
    MaxSize,
    MinExamples,
    MinRating,
    MinTokens,
    Mode,
    Policy,
    Preset,
    PubMed,
    RecipeName,
    Refresh,
    Served,
    TakeInFirst,
    UseQlora,
)
from flows.parameters import BenchmarkRequest, CollectRequest, TrainRequest, WeeklyRequest
from flows.phi_cli import phi, redact
from flows.study_cli import study
from flows.suites_cli import suites

EXIT_CODES = """
Exit codes: 0 done · 1 unexpected failure · 2 wrong usage · 3 settings, programs, servers · 4 artifacts, disk ·
5 a source · 6 privacy · 7 data · 8 training · 9 evaluation · 10 registry · 11 export, serving · 130 interrupted ·
143 asked to end
"""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # a local may hold clinical text
    help="Keep a medical language model learning, one weekly round after the other.",
    epilog=EXIT_CODES,
)
models = typer.Typer(no_args_is_help=True, help="Look at registered models and where they come from.")
app.add_typer(models, name="models")
models.command(epilog="Example: rounds models card medicalqa-3f9a")(card)
app.add_typer(ingest, name="ingest")
app.add_typer(export, name="export")
app.add_typer(dataset, name="dataset")
app.add_typer(phi, name="phi")
app.add_typer(suites, name="suites")
add_comparing(app)
app.add_typer(gate, name="gate")
app.command(epilog="Example: rounds redact notes.jsonl redacted.jsonl --workers 2")(redact)
app.command(epilog="Example: rounds study --literature autoimmune.xml --out study/")(study)


@app.command(epilog="Example: rounds weekly --literature papers/ --agent-type MedicalQA --recipe full-tiny")
@explained
def weekly(
    agent_types: Agents = None,
    literature: Literature = None,
    pubmed: PubMed = DEFAULT.pubmed,
    arxiv: Arxiv = DEFAULT.arxiv,
    full_texts: FullTexts = None,
    documents: Documents = None,
    examples: Examples = None,
    min_rating: MinRating = DEFAULT.min_rating,
    min_answer_tokens: MinTokens = DEFAULT.min_answer_tokens,
    days_back: DaysBack = DEFAULT.days_back,
    limit: Limit = DEFAULT.limit,
    from_start: FromStart = DEFAULT.from_start,
    recipe: RecipeName = DEFAULT.recipe,
    preset: Preset = DEFAULT.preset,
    assignments: Assignments = None,
    base_model: BaseModel = DEFAULT.base_model,
    gguf_quantization: Served = DEFAULT.gguf_quantization,
    min_examples: MinExamples = DEFAULT.min_examples,
    held_out_limit: Annotated[int, typer.Option(min=1, help="Most held-out items to score.")] = DEFAULT.held_out_limit,
    margin: Annotated[
        float, typer.Option(min=0, max=1, help="ROUGE-L gain that the interval must exceed.")
    ] = DEFAULT.margin,
    max_seconds_p95: MaxSeconds = DEFAULT.max_seconds_p95,
    max_size_gib: MaxSize = DEFAULT.max_size_gib,
    approval: Approval = DEFAULT.approval,
    dry_run: JudgeOnly = DEFAULT.dry_run,
    phi_mode: Mode = DEFAULT.phi_mode,
    phi_policy: Policy = DEFAULT.phi_policy,
    refresh: Refresh = False,
    as_json: AsJson = False,
) -> None:
    """Run one round for each agent: collect, redact, train, judge, decide."""
    from flows.weekly_commands import run_each_weekly

    agents = tuple(dict.fromkeys(agent_types or [DEFAULT.agent_type]))
    request = WeeklyRequest(
        agent_type=agents[0],
        literature=tuple(literature or ()),
        pubmed=pubmed,
        arxiv=arxiv,
        full_texts=tuple(full_texts or ()),
        documents=tuple(documents or ()),
        examples=tuple(examples or ()),
        min_rating=min_rating,
        min_answer_tokens=min_answer_tokens,
        days_back=days_back,
        limit=limit,
        from_start=from_start,
        recipe=recipe,
        preset=preset,
        overrides=tuple(assignments or ()),
        base_model=base_model,
        gguf_quantization=gguf_quantization,
        min_examples=min_examples,
        held_out_limit=held_out_limit,
        margin=margin,
        max_seconds_p95=max_seconds_p95,
        max_size_gib=max_size_gib,
        approval=approval,
        dry_run=dry_run,
        phi_mode=phi_mode,
        phi_policy=phi_policy,
    )
    requests = [request.model_copy(update={"agent_type": agent}) for agent in agents]
    run_each_weekly(requests, refresh=refresh, as_json=as_json)


@app.command(epilog="Example: rounds collect --literature pubmed26n0001.xml.gz --days-back 7")
@explained
def collect(
    agent_type: Agent = DEFAULT.agent_type,
    literature: Literature = None,
    pubmed: PubMed = DEFAULT.pubmed,
    arxiv: Arxiv = DEFAULT.arxiv,
    full_texts: FullTexts = None,
    documents: Documents = None,
    examples: Examples = None,
    min_rating: MinRating = DEFAULT.min_rating,
    min_answer_tokens: MinTokens = DEFAULT.min_answer_tokens,
    days_back: DaysBack = DEFAULT.days_back,
    limit: Limit = DEFAULT.limit,
    from_start: FromStart = DEFAULT.from_start,
    phi_mode: Mode = DEFAULT.phi_mode,
    phi_policy: Policy = DEFAULT.phi_policy,
    refresh: Refresh = False,
    as_json: AsJson = False,
) -> None:
    """Take in and redact what is new, without training."""
    from flows.ingest_commands import run_collect

    request = CollectRequest(
        agent_type=agent_type,
        literature=tuple(literature or ()),
        pubmed=pubmed,
        arxiv=arxiv,
        full_texts=tuple(full_texts or ()),
        documents=tuple(documents or ()),
        examples=tuple(examples or ()),
        min_rating=min_rating,
        min_answer_tokens=min_answer_tokens,
        days_back=days_back,
        limit=limit,
        from_start=from_start,
        phi_mode=phi_mode,
        phi_policy=phi_policy,
    )
    run_collect(request, refresh=refresh, as_json=as_json)


@app.command(epilog="Example: rounds retractions --json")
@explained
def retractions(as_json: AsJson = False) -> None:
    """List what was learned from and is retracted, deleted or withdrawn, with the datasets and models that hold it."""
    from flows.ingest_commands import run_retractions

    run_retractions(as_json=as_json)


@app.command(epilog="Example: rounds train --recipe qlora-qwen3-8b --preset conservative --set lora_r=16")
@explained
def train(
    agent_type: Agent = DEFAULT.agent_type,
    recipe: RecipeName = DEFAULT.recipe,
    preset: Preset = DEFAULT.preset,
    assignments: Assignments = None,
    base_model: BaseModel = DEFAULT.base_model,
    use_qlora: UseQlora = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    lora_r: LoraR = None,
    days_back: TakeInFirst = None,
    min_examples: MinExamples = DEFAULT.min_examples,
    export_jsonl: ExportJsonl = False,
    convert_to_gguf: ConvertToGguf = True,
    gguf_quantization: Served = DEFAULT.gguf_quantization,
    phi_mode: Mode = DEFAULT.phi_mode,
    phi_policy: Policy = DEFAULT.phi_policy,
    refresh: Refresh = False,
    as_json: AsJson = False,
) -> None:
    """Fine-tune on what was collected and register a candidate, without judging it."""
    from flows.train_commands import run_train

    method = None if use_qlora is None else "qlora" if use_qlora else "lora"
    named = {"method": method, "epochs": epochs, "batch_size": batch_size, "lora_r": lora_r}
    words = (f"{key}={value}" for key, value in named.items() if value is not None)
    request = TrainRequest(
        agent_type=agent_type,
        recipe=recipe,
        base_model=base_model,
        preset=preset,
        overrides=(*words, *(assignments or ())),
        gguf_quantization=gguf_quantization,
        min_examples=min_examples,
        phi_mode=phi_mode,
        phi_policy=phi_policy,
    )
    run_train(request, days_back=days_back, export_jsonl=export_jsonl, refresh=refresh, as_json=as_json)


@app.command(epilog="Example: rounds benchmark medicalqa-3f9a --suite my_questions.yaml")
@explained
def benchmark(
    model: Annotated[str, typer.Argument(help="Id of a registered model, or its beginning.")],
    suite: Annotated[list[Path] | None, typer.Option(help="A suite file. Default: all of benchmarks/suites.")] = None,
    answer_tokens: Annotated[int, typer.Option(min=8, help="Longest answer, in tokens.")] = DEFAULT.answer_tokens,
    refresh: Refresh = False,
    as_json: AsJson = False,
) -> None:
    """Answer and score question suites through a model's GGUF."""
    from flows.commands import run_benchmark

    request = BenchmarkRequest(model=model, suites=tuple(map(str, suite or ())), answer_tokens=answer_tokens)
    run_benchmark(request, refresh=refresh, as_json=as_json)


@app.command(epilog="Example: rounds demo --chats 1000")
@explained
def demo(
    chats: Annotated[int, typer.Option(min=100, help="Sample chats to make.")] = 3600,
    abstracts: Annotated[int, typer.Option(min=10, help="Sample abstracts to make.")] = 150,
    recipe: RecipeName = DEFAULT.recipe,
    preset: Preset = DEFAULT.preset,
    assignments: Assignments = None,
    refresh: Refresh = False,
    as_json: AsJson = False,
) -> None:
    """Make a hospital that does not exist and run one weekly round on it."""
    from flows.commands import run_demo

    chosen = TrainRequest(recipe=recipe, preset=preset, overrides=tuple(assignments or ()))
    run_demo(chosen, chats=chats, abstracts=abstracts, refresh=refresh, as_json=as_json)


@app.command(name="load-chats", epilog="Example: rounds load-chats chats.jsonl --agent-type MedicalQA")
@explained
def load_chats(
    file: Annotated[Path, typer.Argument(help="JSON lines: conversation_id, messages, rating, correction, …")],
    agent_type: Agent = DEFAULT.agent_type,
    as_json: AsJson = False,
) -> None:
    """Load rated chats from a file into the database."""
    from flows.commands import run_load_chats

    run_load_chats(file, agent_type, as_json=as_json)


@app.command(epilog="Example: rounds chat 'What diet is advised after discharge?'")
@explained
def chat(
    prompt: Annotated[str, typer.Argument(help="What to ask; '-' reads standard input.")],
    model: Annotated[str | None, typer.Option("--model", "-m", help="Id or its beginning. Default: champion.")] = None,
    agent_type: Agent = DEFAULT.agent_type,
    answer_tokens: Annotated[int, typer.Option(min=8, help="Longest answer, in tokens.")] = 128,
    as_json: AsJson = False,
) -> None:
    """Ask a registered model one question; nothing of it is stored."""
    from flows.commands import run_chat

    question = sys.stdin.read() if prompt == "-" else prompt
    run_chat(question, model, agent_type, answer_tokens, as_json=as_json)


@models.command(name="list", epilog="Example: rounds models list --agent-type MedicalQA")
@explained
def list_models(
    agent_type: Annotated[str | None, typer.Option("--agent-type", "-a", help="Only this agent's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List registered models, the newest first."""
    from flows.commands import run_models_list

    run_models_list(agent_type, as_json=as_json)


@models.command(name="show", epilog="Example: rounds models show medicalqa-3f9a --json")
@explained
def show_model(
    model: Annotated[str, typer.Argument(help="Id of a registered model, or its beginning.")], as_json: AsJson = False
) -> None:
    """Show one model: files, stages, scores, and the run, dataset and sources that it learned from."""
    from flows.commands import run_models_show

    run_models_show(model, as_json=as_json)


@app.command(epilog="Example: rounds status --json")
@explained
def status(as_json: AsJson = False) -> None:
    """Show champions, last rounds, and how much waits to be learned from."""
    from flows.commands import run_status

    run_status(as_json=as_json)


@app.command(epilog="Example: rounds doctor")
@explained
def doctor(as_json: AsJson = False) -> None:
    """Look at what this machine has for a round; each lack is named with its fix."""
    from flows.commands import run_doctor

    run_doctor(as_json=as_json)


def main() -> None:
    """Run the command line."""
    app()
