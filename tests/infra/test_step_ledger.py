import pytest

from infra import step_ledger
from infra.step_ledger import Progress, StepTime


@step_ledger.timed
def work(seconds: float) -> str:
    if seconds < 0:
        raise ValueError
    return "done"


def test_each_execution_is_written_down_also_one_that_fails() -> None:
    step_ledger.drain()
    work(0)
    with pytest.raises(ValueError):
        work(-1)
    assert [(t.step, t.cached) for t in step_ledger.drain()] == [("work", False)] * 2
    assert step_ledger.drain() == ()


def test_listeners_hear_start_and_end_until_their_block_ends() -> None:
    heard: list[StepTime | Progress] = []
    with step_ledger.listening(heard.append):
        work(0)
    work(0)
    assert [type(event) for event in heard] == [Progress, StepTime]
    step_ledger.drain()
