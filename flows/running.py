"""How the commands run a flow: with its steps shown, and if asked with nothing answered from the cache."""

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.settings import PREFECT_TASKS_REFRESH_CACHE, temporary_settings

from flows.console import showing_steps
from infra import step_ledger


@contextmanager
def running(times: list[step_ledger.StepTime], *, refresh: bool) -> Iterator[None]:
    """Show the steps of the flow that runs inside the block; with `refresh` none is answered from the cache."""
    with showing_steps(times), temporary_settings({PREFECT_TASKS_REFRESH_CACHE: refresh}):
        yield
