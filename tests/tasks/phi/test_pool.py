"""Chunks over processes: order, what a process raises, and one that is killed."""

import os
import signal

import pytest

from tasks.errors import PrivacyError
from tasks.phi.pool import ordered


def nothing() -> None:
    pass


def slow_square(number: int) -> int:
    """Square; the first chunks take the longest, so that results are ready out of order."""
    sum(range(2_000_000 // (number + 1)))
    return number * number


def refuse(number: int) -> int:
    if number == 3:
        raise PrivacyError("A recognizer failed on a text of 7 characters.", fix="correct it")
    return number


def die(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_of_the_chunks(workers: int) -> None:
    squares = ordered(slow_square, iter(range(20)), workers=workers, initialise=nothing, arguments=())
    assert list(squares) == [number * number for number in range(20)]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_process_raises_is_raised_here_after_what_came_before(workers: int) -> None:
    met = []
    with pytest.raises(PrivacyError, match="7 characters") as caught:
        for number in ordered(refuse, iter(range(50)), workers=workers, initialise=nothing, arguments=()):
            met.append(number)
    assert met == [0, 1, 2]
    assert caught.value.fix == "correct it"


def test_killed_process_is_explained() -> None:
    with pytest.raises(PrivacyError, match="killed"):
        list(ordered(die, iter(range(50)), workers=2, initialise=nothing, arguments=()))


def test_few_chunks_are_taken_before_results_are_asked_for() -> None:
    taken = []

    def chunks():
        for number in range(4, 100):
            taken.append(number)
            yield number

    results = ordered(refuse, chunks(), workers=2, initialise=nothing, arguments=())
    next(results)
    assert len(taken) < 10
    results.close()
