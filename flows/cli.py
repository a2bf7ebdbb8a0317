"""The `rounds` command. It parses, calls one flow or one reading function, and prints; nothing is decided here."""

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import typer
from pydantic import ValidationError

from flows.console import err, print_json
from flows.parameters import BenchmarkRequest, CollectRequest, Quantisation, TrainRequest, WeeklyRequest
from infra.errors import ConfigError, RoundsError
from infra.settings import get_settings

EXIT_CODES = """
Exit codes: 0 done · 1 unexpected failure · 2 wrong usage · 3 settings, programs, servers · 4 artifacts, disk ·
5 a source · 6 privacy · 7 data · 8 training · 9 evaluation · 10 registry · 11 export, serving · 130 interrupted
"""

DEFAULT = WeeklyRequest()  # flows/parameters.py is the one home of defaults

P = ParamSpec("P")
R = TypeVar("R")

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

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Agent = Annotated[str, typer.Option("--agent-type", "-a", help="Whose chats to learn from.")]
Literature = Annotated[list[str] | None, typer.Option(help="PubMed XML file, folder or glob; may be repeated.")]
Examples = Annotated[list[str] | None, typer.Option(help="Question set (JSON lines, PubMedQA, MedQuAD); repeatable.")]
MinRating = Annotated[float, typer.Option(min=1, max=5, help="Lowest rating to learn from.")]
MinTokens = Annotated[int, typer.Option("--min-answer-tokens", min=1, help="Shortest answer, in words.")]
DaysBack = Annotated[int | None, typer.Option(min=1, help="Only chats of the last days. Default: all new ones.")]
FromStart = Annotated[bool, typer.Option("--from-start", help="Look again at chats that were passed over before.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most this many chats.")]
RecipeName = Annotated[str, typer.Option("--recipe", "-r", help="A file of flows/recipes, or a path.")]
BaseModel = Annotated[str | None, typer.Option("--base-model", help="builtin:tiny, a Hugging Face id or a folder.")]
MinExamples = Annotated[int, typer.Option(min=1, help="Fewest training examples.")]
Served = Annotated[Quantisation, typer.Option(help="The quantisation that is scored and served.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="Repeat every step, whatever the cache holds.")]


def explained(function: Callable[P, R]) -> Callable[P, R]:
    """End a command on an explained failure with its message, its fix and its exit code, without a traceback."""

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            # Prefect makes its home, but not the folder above it.
            get_settings().data.joinpath("prefect").mkdir(exist_ok=True)
            return function(*args, **kwargs)
        except RoundsError as error:
            fail(error)
        except RuntimeError as error:
            if "Failed to reach API" not in str(error):  # Prefect's words
                raise
            server = os.environ.get("PREFECT_API_URL", "the temporary address")
            fail(ConfigError(f"Prefect does not answer at {server}.", fix="start it, or unset PREFECT_API_URL"))
        except ValidationError as error:  # a request's field; it hides its input
            fields = "; ".join(f"{option(e['loc'])}: {e['msg']}" for e in error.errors())
            fail(ConfigError(f"Refused: {fields}.", fix="see --help for what each option takes"), code=2)
        raise AssertionError

    return command


def option(loc: tuple[int | str, ...]) -> str:
    """Return the option that a refused field of a request came from."""
    return "--" + str(loc[0]).replace("_", "-") if loc else "the options together"


def fail(error: RoundsError, code: int | None = None) -> None:
    """Print what happened and the next action, and exit.

    Raises:
        typer.Exit: always, with the error's exit code.
    """
    if "--json" in sys.argv:
        print_json({"error": type(error).__name__, "what": error.what, "fix": error.fix})
    err.print(f"[red bold]{type(error).__name__}[/red bold] {error.what}", soft_wrap=True)
    err.print(f"[bold]Fix:[/bold] {error.fix}", soft_wrap=True)
    raise typer.Exit(code or error.exit_code)


@app.command(epilog="Example: rounds weekly --literature papers/ --agent-type MedicalQA --recipe full-tiny")
@explained
def weekly(
    agent_type: Agent = DEFAULT.agent_type,
    literature: Literature = None,
    examples: Examples = None,
    min_rating: MinRating = DEFAULT.min_rating,
    min_answer_tokens: MinTokens = DEFAULT.min_answer_tokens,
    days_back: DaysBack = DEFAULT.days_back,
    limit: Limit = DEFAULT.limit,
    from_start: FromStart = DEFAULT.from_start,
    recipe: RecipeName = DEFAULT.recipe,
    base_model: BaseModel = DEFAULT.base_model,
    gguf_quantization: Served = DEFAULT.gguf_quantization,
    min_examples: MinExamples = DEFAULT.min_examples,
    held_out_limit: Annotated[int, typer.Option(min=1, help="Most held-out items to score.")] = DEFAULT.held_out_limit,
    margin: Annotated[
        float, typer.Option(min=0, max=1, help="ROUGE-L gain that the interval must exceed.")
    ] = DEFAULT.margin,
    refresh: Refresh = False,
    as_json: AsJson = False,
) -> None:
    """Run one round: collect, redact, train, judge, decide."""
    from flows.commands import run_weekly

    request = WeeklyRequest(
        agent_type=agent_type,
        literature=tuple(literature or ()),
        examples=tuple(examples or ()),
        min_rating=min_rating,
        min_answer_tokens=min_answer_tokens,
        days_back=days_back,
        limit=limit,
        from_start=from_start,
        recipe=recipe,
        base_model=base_model,
        gguf_quantization=gguf_quantization,
        min_examples=min_examples,
        held_out_limit=held_out_limit,
        margin=margin,
    )
    run_weekly(request, refresh=refresh, as_json=as_json)


@app.command(epilog="Example: rounds collect --literature pubmed26n0001.xml.gz --days-back 7")
@explained
def collect(
    agent_type: Agent = DEFAULT.agent_type,
    literature: Literature = None,
    examples: Examples = None,
    min_rating: MinRating = DEFAULT.min_rating,
    min_answer_tokens: MinTokens = DEFAULT.min_answer_tokens,
    days_back: DaysBack = DEFAULT.days_back,
    limit: Limit = DEFAULT.limit,
    from_start: FromStart = DEFAULT.from_start,
    refresh: Refresh = False,
    as_json: AsJson = False,
) -> None:
    """Take in and redact what is new, without training."""
    from flows.commands import run_collect

    request = CollectRequest(
        agent_type=agent_type,
        literature=tuple(literature or ()),
        examples=tuple(examples or ()),
        min_rating=min_rating,
        min_answer_tokens=min_answer_tokens,
        days_back=days_back,
        limit=limit,
        from_start=from_start,
    )
    run_collect(request, refresh=refresh, as_json=as_json)


@app.command(epilog="Example: rounds train --agent-type Clinical --recipe lora-tiny")
@explained
def train(
    agent_type: Agent = DEFAULT.agent_type,
    recipe: RecipeName = DEFAULT.recipe,
    base_model: BaseModel = DEFAULT.base_model,
    gguf_quantization: Served = DEFAULT.gguf_quantization,
    min_examples: MinExamples = DEFAULT.min_examples,
    refresh: Refresh = False,
    as_json: AsJson = False,
) -> None:
    """Fine-tune on what was collected and register a candidate, without judging it."""
    from flows.commands import run_train

    request = TrainRequest(
        agent_type=agent_type,
        recipe=recipe,
        base_model=base_model,
        gguf_quantization=gguf_quantization,
        min_examples=min_examples,
    )
    run_train(request, refresh=refresh, as_json=as_json)


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
    refresh: Refresh = False,
    as_json: AsJson = False,
) -> None:
    """Make a hospital that does not exist and run one weekly round on it."""
    from flows.commands import run_demo

    run_demo(chats=chats, abstracts=abstracts, recipe=recipe, refresh=refresh, as_json=as_json)


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
