"""`rounds compare` and `rounds harness`: models side by side on a suite, and a model on public tasks."""

from pathlib import Path
from typing import Annotated

import typer

from flows.explaining import explained
from flows.options import DEFAULT, AsJson

HELP = "A registered model's id, champion:AGENT, a .gguf file, a model folder, openai:URL#MODEL, ollama:MODEL."

Named = Annotated[list[str] | None, typer.Argument(metavar="MODEL...", help=HELP)]
Models = Annotated[list[str] | None, typer.Option("--models", metavar="MODEL...", help="The same, as guides write it.")]
Url = Annotated[str, typer.Argument(metavar="URL#MODEL", help="An OpenAI-compatible server, up to /v1, and its model.")]
Tasks = Annotated[list[str], typer.Option("--task", "-t", help="A task of lm-evaluation-harness; repeatable.")]
AtOnce = Annotated[
    int,
    typer.Option(
        "--at-once", min=1, help="Items that are asked at the same time; seconds are then those of a busy model."
    ),
]
Out = Annotated[Path | None, typer.Option(help="Folder of the result files. Default: under the data folder.")]


def compare(
    named: Named = None,
    models: Models = None,
    suite: Annotated[str | None, typer.Option(help="A built-in suite's name or a file. Default: the first.")] = None,
    answer_tokens: Annotated[int, typer.Option(min=8, help="Longest answer, in tokens.")] = DEFAULT.answer_tokens,
    at_once: AtOnce = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Put a suite's questions to several models: answers, times and scores side by side."""
    from flows.compare_commands import run_compare

    names = (*(models or ()), *(named or ()))
    run_compare(names, suite, answer_tokens=answer_tokens, at_once=at_once, folder=out, as_json=as_json)


def harness(
    target: Url,
    tasks: Tasks,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first items of each task.")] = None,
    at_once: AtOnce = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Run public tasks of lm-evaluation-harness (extra `lm-eval`) against a served model."""
    from flows.compare_commands import run_harness

    run_harness(target, tuple(tasks), limit=limit, at_once=at_once, folder=out, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add both commands to the command line."""
    app.command(epilog="Example: rounds compare --models champion:MedicalQA base.gguf ollama:llama3.2")(
        explained(compare)
    )
    app.command(epilog="Example: rounds harness http://127.0.0.1:8080/v1#medicalqa -t ifeval")(explained(harness))
