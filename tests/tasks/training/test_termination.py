import os
import signal
import threading

import pytest

from tasks.training.termination import noticing_termination


@pytest.fixture(autouse=True)
def own_handler() -> object:
    """Set a handler that must be there again afterwards."""
    before = signal.signal(signal.SIGTERM, earlier)
    yield
    signal.signal(signal.SIGTERM, before)


def earlier(*_: object) -> None:
    raise AssertionError


def test_sigterm_is_noticed_and_the_handler_from_before_comes_back() -> None:
    with noticing_termination() as terminated:
        assert not terminated()
        os.kill(os.getpid(), signal.SIGTERM)
        assert terminated()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL  # a second one ends the process
    assert signal.getsignal(signal.SIGTERM) is earlier


def test_the_handler_from_before_comes_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), noticing_termination():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGTERM) is earlier


def test_outside_the_main_thread_nothing_is_set() -> None:
    seen: list[object] = []

    def train() -> None:
        with noticing_termination() as terminated:
            seen.extend((signal.getsignal(signal.SIGTERM), terminated()))

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert seen == [earlier, False]
