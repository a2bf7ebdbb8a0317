"""One embedded PostgreSQL for all tests of the stage: starting it takes longer than they do."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from infra import database, embedded_postgres
from infra.database import connect
from infra.settings import get_settings


@pytest.fixture(scope="package")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROUNDS_DATA_DIR", str(tmp_path_factory.mktemp("ingest")))
        get_settings.cache_clear()
        with connect():
            pass
        yield
        database.close()
        embedded_postgres.stop(get_settings())
    get_settings.cache_clear()


@pytest.fixture
def conn(_server: None) -> Iterator[psycopg.Connection[Any]]:
    """Lend a connection to an empty database; what a test commits is gone after it."""
    with connect() as connection:
        yield connection
        connection.rollback()
        connection.execute(
            "truncate interactions, ingested_files, watermarks, source_records, withdrawals, readings restart identity"
        )
