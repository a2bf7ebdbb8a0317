"""Embedded servers for the tests of `infra`, each stopped when its folder goes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import database, embedded_postgres
from infra.settings import Settings, get_settings


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for the session; a test that changes it makes a database of its own on it."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("server") / "data", _env_file=None)  # type: ignore[call-arg]
    yield embedded_postgres.start(settings)
    embedded_postgres.stop(settings)


@pytest.fixture
def embedded(data_dir: Path) -> Iterator[Settings]:
    """Point the settings at an embedded server that does not run yet."""
    yield get_settings()
    database.close()
    embedded_postgres.stop(get_settings())
