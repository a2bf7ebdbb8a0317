import pytest

from tasks.phi.detection import Detector
from tasks.phi.redaction import Redactor


@pytest.fixture(scope="session")
def detector() -> Detector:
    """Build the stage's own detector once: Presidio takes seconds."""
    return Detector()


@pytest.fixture(scope="session")
def redactor(detector: Detector) -> Redactor:
    return Redactor(detector)
