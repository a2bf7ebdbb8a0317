"""Rounds on work pools, against a real Prefect server; what a worker does there is done by a thread."""

import threading
from collections.abc import Iterator

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.states import Completed, Crashed

from flows.fan_out import FLOW, deployed, run_deployed
from flows.parameters import WeeklyRequest

POOL = "gpu"


@flow(name=FLOW)
def stands_for_the_round(request: WeeklyRequest) -> None:
    """Has the round's name and parameter."""


@pytest.fixture
def client(prefect: str) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as connected:
        yield connected


@pytest.fixture
def pool(client: SyncPrefectClient) -> Iterator[str]:
    client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    flow_id = client.create_flow(stands_for_the_round)
    for agent in ("Billing", "Clinical"):
        client.create_deployment(flow_id, agent, work_pool_name=POOL)
    yield POOL
    client.delete_work_pool(POOL)


def finish_runs(done: threading.Event) -> None:
    """Do what a worker does: end every scheduled run, Clinical's by a crash."""
    scheduled = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])))
    with get_client(sync_client=True) as client:
        while not done.wait(0.05):
            for run in client.read_flow_runs(flow_run_filter=scheduled):
                agent = run.parameters["request"]["agent_type"]
                end = Crashed(message="the node went away") if agent == "Clinical" else Completed()
                client.set_flow_run_state(run.id, end, force=True)


def test_agents_are_deployed_once_a_worker_waits_at_the_pool(client: SyncPrefectClient, pool: str) -> None:
    assert not deployed(["Billing", "Clinical"]), "no worker yet"
    client.send_worker_heartbeat(pool, "a-worker", heartbeat_interval_seconds=30)
    assert deployed(["Billing", "Clinical"])
    assert not deployed(["Billing", "Cardiology"]), "one has no deployment"

    done = threading.Event()
    worker = threading.Thread(target=finish_runs, args=(done,))
    worker.start()
    try:
        requests = [WeeklyRequest(agent_type=agent, min_examples=7) for agent in ("Clinical", "Billing")]
        crashed, completed = run_deployed(requests, poll_seconds=0.05)
    finally:
        done.set()
        worker.join()
    assert (crashed.agent_type, crashed.completed) == ("Clinical", False)
    assert "the node went away" in crashed.message
    assert (completed.agent_type, completed.completed, completed.message) == ("Billing", True, "")
