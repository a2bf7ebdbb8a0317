"""SIGTERM: a scheduler that takes the machine away asks first; the run then ends its step and writes a checkpoint.

Python runs signal handlers in the main thread only, and lets only it set them. The commands and Prefect's sequential
steps train in the main thread. Where training runs in another thread (a step that was submitted to a task runner),
nothing is set: SIGTERM then ends the process as it would any other, and the next run goes on from the last complete
checkpoint. The time that a scheduler grants must be enough for a step, an evaluation and a checkpoint.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)


@contextmanager
def noticing_termination() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether SIGTERM came; a second SIGTERM ends the process at once.

    At the end the handler from before is set again.
    """
    came = False

    def notice(_: int, __: FrameType | None) -> None:
        nonlocal came
        came = True
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    if threading.current_thread() is not threading.main_thread():
        log.info("training outside the main thread: SIGTERM will not save first")
        yield lambda: False
        return
    earlier = signal.signal(signal.SIGTERM, notice)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGTERM, earlier or signal.SIG_DFL)  # None: set by other than Python, cannot be set back
