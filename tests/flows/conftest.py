"""One Prefect for the session, one hospital with one base, and one undisturbed round that several tests look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_SERVER_DATABASE_CONNECTION_URL,
    temporary_settings,
)
from prefect.testing.utilities import prefect_test_harness

from tests.flows.workplace import Hospital, Played, build, load, play, working_in

# Background services that a round does not need. The recorders of task runs and events stay: what Prefect stores is
# searched for text.
SERVICES_OFF = ("TRIGGERS", "SCHEDULER", "LATE_RUNS", "CANCELLATION_CLEANUP", "PAUSE_EXPIRATIONS", "FOREMAN")


@pytest.fixture(scope="session")
def prefect() -> Iterator[str]:
    """Run a Prefect server for the session and return its address."""
    with pytest.MonkeyPatch.context() as patch:
        for name in SERVICES_OFF:
            patch.setenv(f"PREFECT_SERVER_SERVICES_{name}_ENABLED", "false")
        with (
            prefect_test_harness(server_startup_timeout=90),
            temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
        ):
            yield str(PREFECT_API_URL.value())


@pytest.fixture(scope="session")
def prefect_database(prefect: str) -> Path:
    """Return the folder of the server's SQLite files."""
    return Path(str(PREFECT_SERVER_DATABASE_CONNECTION_URL.value()).partition(":///")[2]).parent


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    torch.set_num_threads(1)
    return build(tmp_path_factory.mktemp("hospital"))


@pytest.fixture(scope="session")
def undisturbed(prefect: str, hospital: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Run a round from the first chat to the report, in this process."""
    with working_in(tmp_path_factory.mktemp("undisturbed") / "data"):
        load(hospital.chats)
        return play(hospital)


@pytest.fixture
def outside(tmp_path: Path, prefect: str) -> dict[str, str]:
    """Return what lets a command in a process of its own use the session's Prefect."""
    return {
        "PREFECT_API_URL": prefect,
        "PREFECT_HOME": str(tmp_path / "prefect-home"),
        "PREFECT_LOGGING_LEVEL": "WARNING",
    }
