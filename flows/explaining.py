"""How a command ends on a failure: with what happened, what to do about it, and an exit code; never a traceback."""

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer
from pydantic import ValidationError
from rich.markup import escape

from flows.console import err, print_json
from infra.errors import ConfigError, RoundsError
from infra.settings import get_settings

P = ParamSpec("P")
R = TypeVar("R")


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
    err.print(f"[red bold]{type(error).__name__}[/red bold] {escape(error.what)}", soft_wrap=True)
    err.print(f"[bold]Fix:[/bold] {escape(error.fix)}", soft_wrap=True)
    raise typer.Exit(code or error.exit_code)
