"""One trained model and its export, shared by the tests of this stage: a conversion takes seconds."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from infra import llama_cpp_sources
from infra.artifacts import ArtifactStore, open_store
from infra.errors import ConfigError
from infra.settings import get_settings
from tasks.gguf.naming import ModelNames
from tasks.gguf.probes import PROBES
from tasks.gguf.steps import export_gguf
from tasks.records import Artifact, GgufFile
from tests.tasks.gguf.tiny_models import make_model, make_tokenizer

QUANTISATIONS = ("F16", "Q8_0", "Q6_K", "Q4_K_M")
NAMES = ModelNames(
    name="tiny test model",
    licence="Apache-2.0",
    base="builtin:tiny",
    base_revision="t1",
    run_id="run-7",
    dataset_id="ds-7",
)


class Exported(NamedTuple):
    """A model folder, and what was made of it."""

    folder: Path
    weights: Artifact
    files: tuple[GgufFile, ...]
    store: ArtifactStore


@pytest.fixture(scope="session")
def stage_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Lend one data folder to all tests of this stage."""
    try:
        llama_cpp_sources.find()
    except ConfigError as error:
        pytest.skip(str(error))
    data = tmp_path_factory.mktemp("gguf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROUNDS_DATA_DIR", str(data))
        get_settings.cache_clear()
        yield data
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def exported(stage_data: Path) -> Exported:
    """Export a model that knows the probes by heart in each of `QUANTISATIONS`."""
    folder = make_model(stage_data / "model", learn=_lessons())
    store = open_store()
    weights = store.save_folder("model", folder)
    return Exported(folder, weights, export_gguf.fn(weights, QUANTISATIONS, NAMES), store)


def _lessons() -> tuple[list[int], ...]:
    """Return the probes with an answer that ends."""
    tokenizer = make_tokenizer()
    turns = [[m.model_dump() for m in probe.messages] for probe in PROBES if probe.name != "long text"]
    answered = [[*messages, {"role": "assistant", "content": "Call the clinic."}] for messages in turns]
    return tuple(tokenizer.apply_chat_template(messages, return_dict=False) for messages in answered)
