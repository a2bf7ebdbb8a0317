"""Redaction in several processes: chunks of rows go out, results come back in their order, few at a time.

The rules hold the interpreter, so that threads would share one core. Processes are forked from a server that has
imported the stage once and runs no threads: a fork of the calling process, which may run threads, could hang, and a
fresh interpreter each would take a second and a half. It does not spread work over machines: shards do.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from tasks.errors import PrivacyError

T = TypeVar("T")
R = TypeVar("R")

_PRELOADED = ["tasks.phi.setup"]
_WAITING = 3  # chunks a worker: one in hand, the next at once, and one so that a slow first does not idle the rest


def ordered(
    function: Callable[[T], R],
    chunks: Iterable[T],
    *,
    workers: int,
    initialise: Callable[..., None],
    arguments: tuple[Any, ...],
) -> Iterator[R]:
    """Yield `function(chunk)` for each chunk, in order, from so many processes; one means this process itself.

    Each process calls `initialise(*arguments)` first. What a function raises, it raises here, and nothing more is done.
    Processes end with the one that started them, however that one ends.

    Raises:
        PrivacyError: a process was killed, usually for memory.
    """
    if workers == 1:
        initialise(*arguments)
        yield from map(function, chunks)
        return
    context = get_context("spawn" if sys.platform == "win32" else "forkserver")
    if sys.platform != "win32":
        context.set_forkserver_preload(_PRELOADED)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(initialise, arguments))
    waiting: deque[Future[R]] = deque()
    try:
        for chunk in chunks:
            waiting.append(pool.submit(function, chunk))
            if len(waiting) >= workers * _WAITING:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise PrivacyError(
            "A process that redacts was killed.", fix="run with fewer workers or more memory; nothing of it was saved"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(initialise: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Prepare this process, and have a thread end it with its starter, for whose next chunk it would wait for ever."""
    threading.Thread(target=_end_with, args=(parent_process(),), daemon=True).start()
    initialise(*arguments)


def _end_with(starter: Any) -> None:
    starter.join()
    os._exit(1)
