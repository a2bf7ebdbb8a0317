"""One Prefect for the session, one hospital with one base, and rounds that several tests look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from tests.flows.workplace import Hospital, build

# Background services of the server that a round does not need; the recorder stays: what Prefect stores is searched.
SERVICES_OFF = {
    f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false"
    for name in ("TRIGGERS", "SCHEDULER", "LATE_RUNS", "CANCELLATION_CLEANUP", "PAUSE_EXPIRATIONS", "FOREMAN")
}


@pytest.fixture(scope="session")
def prefect() -> Iterator[str]:
    """The address of a Prefect server for the session."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SERVICES_OFF.items():
            patch.setenv(name, value)
        with (
            prefect_test_harness(server_startup_timeout=90),
            temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
        ):
            yield str(PREFECT_API_URL.value())


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    torch.set_num_threads(1)
    return build(tmp_path_factory.mktemp("hospital"))


@pytest.fixture
def outside(tmp_path: Path, prefect: str) -> dict[str, str]:
    """What lets a command in a process of its own use the session's Prefect."""
    return {"PREFECT_API_URL": prefect, "PREFECT_HOME": str(tmp_path / "prefect-home")}
