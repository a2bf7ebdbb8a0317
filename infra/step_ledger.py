"""What the steps of a run did: how long each worked itself, how far it is, and which were answered from the cache.

One ledger per process. The command line listens to show progress; a flow drains it to tell the orchestrator's own
share. It does not see steps that run in other processes.
"""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class StepTime(NamedTuple):
    """One execution of a step's body, or its answer from the cache in no time."""

    step: str
    seconds: float
    cached: bool


class Progress(NamedTuple):
    """How far a step is: `done` of `total` units; `done` is 0 when it starts and `total` may be 0 when unknown."""

    step: str
    done: int
    total: int
    unit: str


Listener = Callable[[StepTime | Progress], None]

_times: list[StepTime] = []
_listeners: list[Listener] = []
_lock = threading.Lock()


def timed(function: Callable[P, R]) -> Callable[P, R]:
    """Write down the seconds of each execution of `function`, also of one that fails."""

    @functools.wraps(function)
    def body(*args: P.args, **kwargs: P.kwargs) -> R:
        report(Progress(function.__name__, 0, 0, ""))
        started = time.monotonic()
        try:
            return function(*args, **kwargs)
        finally:
            write_down(StepTime(function.__name__, time.monotonic() - started, cached=False))

    return body


def write_down(time_of_step: StepTime) -> None:
    """Add one line to the ledger and tell the listeners."""
    with _lock:
        _times.append(time_of_step)
    report(time_of_step)


def report(event: StepTime | Progress) -> None:
    """Tell the listeners, in the calling thread."""
    for listener in tuple(_listeners):
        listener(event)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have `listener` called at every event until the block ends."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def drain() -> tuple[StepTime, ...]:
    """Return what was written down since the last call, and start anew."""
    with _lock:
        times = tuple(_times)
        _times.clear()
    return times
