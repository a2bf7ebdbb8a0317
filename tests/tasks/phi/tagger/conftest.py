from pathlib import Path

import pytest

from tasks.phi.tagger.training import TaggerMeta, train_tagger

STEPS = 30  # enough for the shape of things, far too few for a tagger that knows anything


@pytest.fixture(scope="session")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TaggerMeta]:
    folder = tmp_path_factory.mktemp("tagger") / "model"
    return folder, train_tagger(folder, seed=1, steps=STEPS)
