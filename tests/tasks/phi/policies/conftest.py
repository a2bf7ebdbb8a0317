import pytest

from tasks.phi.policies import SafeHarbor, Surrogate

KEY = bytes(range(32))
YEAR = 2026


@pytest.fixture(scope="session")
def safe_harbor() -> SafeHarbor:
    return SafeHarbor(YEAR)


@pytest.fixture(scope="session")
def surrogate() -> Surrogate:
    return Surrogate(KEY, YEAR)
