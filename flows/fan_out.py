"""Rounds of several agents at once, each on the work pool that its deployment names.

A Prefect server, a deployment of the weekly flow for each agent (prefect.yaml) and a worker at its pool are needed, and
a database that worker and command share. How many rounds share a GPU is the pool's concurrency limit.
"""

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State, WorkPoolStatus
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL

from flows.parameters import WeeklyRequest

FLOW = "weekly-retrain"
POLL_SECONDS = 5.0


class FlowEnd(NamedTuple):
    """How a flow run ended on its pool; `message` is Prefect's, empty if it completed."""

    agent_type: str
    completed: bool
    message: str
    seconds: float


def deployed(agents: Iterable[str]) -> bool:
    """Say whether each agent has a deployment on a work pool at which a worker waits; False without a server."""
    if not PREFECT_API_URL.value():
        return False
    try:
        with get_client(sync_client=True) as client:
            return all(_is_deployed(client, agent) for agent in agents)
    except httpx.HTTPError:  # the server does not answer, of which the round itself then tells
        return False


def _is_deployed(client: SyncPrefectClient, agent: str) -> bool:
    try:
        pool = client.read_deployment_by_name(f"{FLOW}/{agent}").work_pool_name
        return pool is not None and client.read_work_pool(pool).status == WorkPoolStatus.READY
    except ObjectNotFound:
        return False


def run_deployed(requests: Sequence[WeeklyRequest], *, poll_seconds: float = POLL_SECONDS) -> list[FlowEnd]:
    """Start every round at once, wait until all have ended, and return how, in the order of the requests."""
    began = time.monotonic()
    ended: dict[str, FlowEnd] = {}
    with get_client(sync_client=True) as client:
        waiting = {_start(client, request): request.agent_type for request in requests}
        while len(ended) < len(waiting):
            for run_id, agent in waiting.items():
                state = client.read_flow_run(run_id).state if agent not in ended else None
                if state is not None and state.is_final():
                    ended[agent] = _end(agent, state, time.monotonic() - began)
            if len(ended) < len(waiting):
                time.sleep(poll_seconds)
    return [ended[request.agent_type] for request in requests]


def _start(client: SyncPrefectClient, request: WeeklyRequest) -> UUID:
    deployment = client.read_deployment_by_name(f"{FLOW}/{request.agent_type}")
    parameters = {"request": request.model_dump(mode="json")}
    return client.create_flow_run_from_deployment(deployment.id, parameters=parameters).id


def _end(agent: str, state: "State[object]", seconds: float) -> FlowEnd:
    completed = state.is_completed()
    return FlowEnd(agent, completed, "" if completed else f"{state.name}: {state.message or 'no message'}", seconds)
