"""Export of a model folder into GGUF files, one for each quantisation, and into the artifact store.

The 16-bit file is made once and all others of it; it is kept only where it is asked for.
"""

import logging
import shutil
import tempfile
import time
from pathlib import Path

from huggingface_hub import snapshot_download

from infra.artifacts import ArtifactStore
from infra.settings import get_settings
from tasks.errors import DeploymentError
from tasks.gguf.conversion import convert
from tasks.gguf.naming import ModelNames, read_metadata, template_sha256
from tasks.gguf.quantizing import check_quantisations, quantize
from tasks.records import Artifact, Base, GgufFile

logger = logging.getLogger(__name__)

LEFTOVER_SECONDS = 24 * 3600  # no export takes a day: an older scratch folder is that of a killed process
WEIGHTS = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt"]


def export(
    model: Artifact | Base, quantisations: tuple[str, ...], names: ModelNames, store: ArtifactStore
) -> tuple[GgufFile, ...]:
    """Convert and quantise a model; return the files in the order of `quantisations`.

    Raises:
        DeploymentError: an unknown quantisation, a model that cannot be converted, or one without chat template.
        StorageError: the disk is full.
    """
    check_quantisations(quantisations)
    folder = model_folder(model, store)
    data = get_settings().data
    remove_leftovers(data)
    with tempfile.TemporaryDirectory(prefix=".gguf-", dir=data) as scratch:
        full = Path(scratch) / "model-F16.gguf"
        convert(folder, full, names)
        template = template_sha256(read_metadata(full))
        return tuple(_file(full, quantisation, template, store) for quantisation in quantisations)


def model_folder(model: Artifact | Base, store: ArtifactStore) -> Path:
    """Return the local folder of trained weights or of a base; a Hugging Face id comes from its cache or the hub.

    Raises:
        DeploymentError: the base is neither a folder nor an id that can be had.
    """
    if isinstance(model, Artifact):
        return store.path(model)
    where, revision = model.source(store)
    if isinstance(where, Path):
        return where
    try:
        return Path(snapshot_download(where, revision=revision, allow_patterns=WEIGHTS))
    except (OSError, ValueError) as error:
        fix = "give builtin:tiny, a Hugging Face id that is cached or reachable, or a model folder"
        raise DeploymentError(f"The base {model.name} cannot be had.", fix=fix) from error


def _file(full: Path, quantisation: str, template: str, store: ArtifactStore) -> GgufFile:
    """Save one quantisation of the 16-bit file and remove it from the scratch folder."""
    made = full
    if quantisation != "F16":
        made = full.with_name(f"model-{quantisation}.gguf")
        quantize(full, made, quantisation)
    artifact = store.save_file("gguf", made)
    if made != full:
        made.unlink()
    return GgufFile(quantisation=quantisation, artifact=artifact, chat_template_sha256=template)


def remove_leftovers(data: Path) -> None:
    """Give back the disk space of exports that were killed."""
    for folder in data.glob(".gguf-*"):
        if time.time() - folder.stat().st_mtime > LEFTOVER_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
