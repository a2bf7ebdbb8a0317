"""Whether a reading takes a square of a text's length, told in a way that a busy machine cannot change."""

import time
from collections.abc import Callable

SIZE = 100_000
QUICK = 1.0
"""Seconds of the process's own time, ten times what linear readings of `SIZE` take on an idle core."""
GROWTH = 8.0
"""A text four times as long takes a linear reading 4 times as long, and a quadratic one 16 times."""


def assert_linear(read: Callable[[str], object], text: str) -> None:
    """Assert that `read` ends quickly on `text`, or else that its time grows with the length and not with its square.

    A bare limit in seconds would fail on a crowded machine, where the same reading takes ten times as long.
    """
    if _seconds(read, text) < QUICK:
        return
    quarter = text[: len(text) // 4] + text[-1]
    short, whole = (min(_seconds(read, part) for _ in range(3)) for part in (quarter, text))
    assert whole < GROWTH * short, f"{whole:.1f} s, and {short:.1f} s for a quarter, on {text[:24]!r}"


def _seconds(read: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    read(text)
    return time.process_time() - began
