"""From a Hugging Face folder to a GGUF file in 16 bits, by llama.cpp's own converter in a process of its own.

Covers whatever architecture that converter knows; merging adapters is training's business.
"""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

from infra import llama_cpp_sources
from tasks.errors import DeploymentError, StorageError
from tasks.gguf.naming import ModelNames

logger = logging.getLogger(__name__)

PRE_TOKENIZER_KEY = "rounds_pre_tokenizer"
WRAPPER = Path(__file__).with_name("llama_converter.py")

FIXES = {  # what the converter's last line holds → what cures it
    "is not supported": "choose a base whose architecture this llama.cpp knows, or update llama-cpp-python",
    "pre-tokenizer was not recognized": (
        f'if the tokenizer splits text like one that llama.cpp knows, name that in config.json as "{PRE_TOKENIZER_KEY}"'
        ' (such as "qwen2", "gpt-2", "llama-bpe"); the parity check proves it'
    ),
    "No module named": "install that package into the environment of Rounds",
    "No space left": "free disk space under ROUNDS_DATA_DIR: a conversion needs the 16-bit file and each output",
    "AssertionError": "check that the tokenizer's vocabulary is not larger than the model's embedding",
    "Can not map tensor": "the folder holds tensors that its architecture lacks: merge adapters before exporting",
    "Missing or incomplete model files": "copy the model folder again; a weight file is not there",
}


def convert(model: Path, gguf: Path, names: ModelNames) -> None:
    """Write the folder's model as `gguf` with F16 tensors, its tokenizer, chat template and `names` inside.

    Raises:
        DeploymentError: the folder is no model, or the converter refused it; its last line is quoted.
        ConfigError: llama.cpp's sources are not set up.
    """
    told = {"general": names.general(), "custom": names.custom(), "pre_tokenizer": _pre_tokenizer(model)}
    sources = llama_cpp_sources.find()
    arguments = [str(model), "--outtype", "f16", "--outfile", str(gguf)]
    command = [sys.executable, "-P", str(WRAPPER), str(sources), json.dumps(told), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, env=_offline(sources))
    if done.returncode or not gguf.is_file():
        gguf.unlink(missing_ok=True)
        raise explain(model, last_meaningful_line(done.stderr))
    logger.info("converted model=%s bytes=%d", names.name, gguf.stat().st_size)


def last_meaningful_line(stderr: str) -> str:
    """Return the last line that says something: no frame of a traceback, no progress bar, no rule of asterisks."""
    said = [line.strip() for line in stderr.replace("\r", "\n").splitlines() if line[:1].strip()]
    telling = [line for line in said if any(c.isalpha() for c in line) and "%|" not in line]
    return telling[-1].removeprefix("ERROR:hf-to-gguf:") if telling else "nothing"


def _pre_tokenizer(model: Path) -> str | None:
    """Return the pre-tokenizer that the folder's config names; None leaves it to the converter."""
    try:
        config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fix = "give a folder with config.json, weights and tokenizer, as save_pretrained writes it"
        raise DeploymentError(f"{model.name} is not a Hugging Face model folder.", fix=fix) from error
    name = config.get(PRE_TOKENIZER_KEY)
    return name if isinstance(name, str) else None


def _offline(sources: Path) -> dict[str, str]:
    """Return an environment in which the converter finds its own gguf package and asks no network."""
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(sources / "gguf-py"), os.environ.get("PYTHONPATH")])),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "CUDA_VISIBLE_DEVICES": "",  # converting needs no GPU, and asking for one takes memory on it
    }


def explain(model: Path, line: str) -> DeploymentError | StorageError:
    """Make the one error of a failed conversion."""
    kind = StorageError if "No space left" in line else DeploymentError
    fix = next((fix for sign, fix in FIXES.items() if sign in line), "see what the converter says of this architecture")
    version = llama_cpp_sources.installed_version()
    return kind(f"llama.cpp's converter (llama-cpp-python {version}) refused {model.name}: {line}", fix=fix)
