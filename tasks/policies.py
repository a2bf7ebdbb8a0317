"""How every step runs under Prefect: cached by content, retried when waiting can cure, its own seconds written down.

Prefect's source policy hashes only the decorated lines, so that an edit in a helper returns yesterday's result; its
default policy holds the run id, so that nothing is reused from one week to the next. `by_content` keys a step on its
inputs and on every source file of its stage instead.
"""

import functools
import hashlib
import inspect
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID

from prefect import Task, task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.tasks import exponential_backoff
from pydantic_core import to_jsonable_python

from infra import step_ledger
from tasks.errors import RoundsError

P = ParamSpec("P")
R = TypeVar("R")

TASKS = Path(__file__).parent
PROGRESS_SECONDS = 3.0  # between two messages to Prefect


class ByContent(CachePolicy):
    """Key a step on its inputs and on the sources of its stage; the same key in any run gives the stored result."""

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str:
        """Return the SHA-256 of the step's name, its stage's sources and its inputs' canonical JSON."""
        stage = Path(inspect.getfile(inspect.unwrap(task_ctx.task.fn))).parent
        canonical = json.dumps(to_jsonable_python(inputs), sort_keys=True)
        parts = (task_ctx.task.name, stage_digest(stage), canonical)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


by_content = ByContent()


@functools.cache
def stage_digest(stage: Path) -> str:
    """Return the SHA-256 over the stage's sources (Python, YAML, SQL, templates) and what all stages share."""
    digest = hashlib.sha256(b"".join(shared.read_bytes() for shared in sorted(TASKS.glob("*.py"))))
    for source in sorted(p for p in stage.rglob("*") if p.suffix in {".py", ".yaml", ".sql", ".jinja"}):
        digest.update(str(source.relative_to(stage)).encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()


def if_retryable(_: Task[..., Any], __: TaskRun, state: State[Any]) -> bool:
    """Retry only what waiting can cure; a privacy or data error is the same error a minute later."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, RoundsError) and error.retryable


def progress(unit: str) -> Callable[[int, int], None]:
    """Return what a long step calls with (done, total): it tells the terminal, and Prefect every few seconds.

    A total that is not known is 0. Outside a flow nobody is told.
    """
    context = TaskRunContext.get()
    if context is None:
        return lambda done, total: None
    name = context.task.name
    shown = cast(UUID, create_progress_artifact(progress=0.0, key=name.replace("_", "-"), description="per cent done"))
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        step_ledger.report(step_ledger.Progress(name, done, total, unit))
        if done == total or time.monotonic() - last >= PROGRESS_SECONDS:
            last = time.monotonic()
            update_progress_artifact(shown, progress=100 * done / total if total else 0)

    return tell


def _note_cached(task: Task[..., Any], _: TaskRun, state: State[Any]) -> None:
    """Write down that a step was answered from the cache: its body did not run, so nothing else says so."""
    if state.name == "Cached":
        step_ledger.write_down(step_ledger.StepTime(task.name, 0.0, cached=True))


def step(*, cached: bool = True) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make a function a step of a flow: two retries with growing delays, and `by_content` unless `cached` is false.

    A step that reads or writes what changes (a table, a stage of a model) is not cached.
    """

    def decorate(function: Callable[P, R]) -> Task[P, R]:
        as_task: Callable[[Callable[P, R]], Task[P, R]] = task(
            cache_policy=by_content if cached else NO_CACHE,
            persist_result=cached,
            result_serializer="json",
            retries=2,
            retry_delay_seconds=exponential_backoff(backoff_factor=2),
            retry_condition_fn=if_retryable,
            on_completion=[_note_cached],
        )
        return as_task(step_ledger.timed(function))

    return decorate
