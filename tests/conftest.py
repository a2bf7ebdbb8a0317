"""What every test stands on: a data folder of its own, and a Prefect that is nobody else's."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

SESSION_DATA = tempfile.mkdtemp(prefix="rounds-test-")
os.environ["ROUNDS_DATA_DIR"] = SESSION_DATA
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.pop("PREFECT_API_URL", None)

from infra.libraries import prepare_libraries
from infra.orchestration import use_embedded_prefect
from infra.settings import get_settings

use_embedded_prefect()
prepare_libraries()
hypothesis.settings.register_profile("rounds", deadline=None)  # a busy machine is no defect
hypothesis.settings.load_profile("rounds")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests that take minutes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="takes minutes; run with --slow"))


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Point the settings at an empty data folder for the length of a test."""
    monkeypatch.setenv("ROUNDS_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()
    yield tmp_path / "data"
    get_settings.cache_clear()
