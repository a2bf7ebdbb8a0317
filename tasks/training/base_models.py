"""Which base model a name means, and the revision that pins its content; no weights are loaded here.

A name is `builtin:tiny`, a Hugging Face id or a folder. An id is pinned to a commit, a folder to the hash of its files.
"""

import hashlib
import re
from pathlib import Path

from huggingface_hub import HfApi, try_to_load_from_cache
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

from tasks.errors import TrainingError

BUILTIN = "builtin:tiny"
HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
WEIGHTS = (".safetensors", ".bin")
FIX = "take builtin:tiny, a Hugging Face id such as Qwen/Qwen3-0.6B, or a folder with config.json and safetensors"
NOT_TRAINABLE = (
    "a GGUF file is for serving and holds quantised weights; take the model that it was converted from,"
    " as a Hugging Face id or a folder with config.json and safetensors"
)


def identify(name: str) -> str:
    """Return the revision of a base model: `builtin`, a commit hash, or the SHA-256 over a folder's files.

    Raises:
        TrainingError: there is no such model, it holds GGUF only, or it needs a network or a permission.
    """
    if name == BUILTIN:
        return "builtin"
    if name.startswith("builtin:"):
        raise TrainingError(f"There is no built-in base model {name}.", fix=f"take {BUILTIN}")
    folder = Path(name).expanduser()
    if folder.suffix.lower() == ".gguf":
        raise TrainingError(f"Base model {name} is a GGUF file.", fix=NOT_TRAINABLE)
    if folder.is_dir():
        return _folder_revision(folder)
    if folder.is_absolute() or name.startswith((".", "~")) or not HUB_ID.fullmatch(name):
        raise TrainingError(f"Base model {name} does not exist.", fix=FIX)
    return _hub_revision(name)


def _folder_revision(folder: Path) -> str:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    _refuse_without_weights(str(folder), {path.name for path in files})
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as content:
            digest.update(f"{path.name}\0{hashlib.file_digest(content, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _refuse_without_weights(name: str, files: set[str]) -> None:
    if any(file.endswith(WEIGHTS) for file in files) and "config.json" in files:
        return
    if any(file.lower().endswith(".gguf") for file in files):
        raise TrainingError(f"Base model {name} holds GGUF files only.", fix=NOT_TRAINABLE)
    raise TrainingError(f"Base model {name} has no config.json with weights beside it.", fix=FIX)


def _hub_revision(name: str) -> str:
    try:
        info = HfApi().model_info(name, timeout=20)
    except GatedRepoError as error:
        fix = f"accept its licence on https://huggingface.co/{name} and run `hf auth login`"
        raise TrainingError(f"Base model {name} is gated.", fix=fix) from error
    except RepositoryNotFoundError as error:
        raise TrainingError(f"Base model {name} does not exist on Hugging Face.", fix=FIX) from error
    except (HfHubHTTPError, OSError) as error:  # no network, or told to stay offline
        cached = try_to_load_from_cache(name, "config.json")
        if isinstance(cached, str):
            return Path(cached).parent.name
        fix = f"connect to the network once, or take {BUILTIN} or a folder"
        raise TrainingError(
            f"Base model {name} is not on this machine and Hugging Face does not answer.", fix=fix
        ) from error
    _refuse_without_weights(name, {sibling.rfilename for sibling in info.siblings or ()})
    return str(info.sha)
