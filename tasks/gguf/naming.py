"""What a GGUF file says of itself: name, licence, base, run and dataset, beside the chat template inside it.

Keys of our own start with `rounds.`; the others are those of the GGUF specification (docs/gguf.md in ggml).
"""

import hashlib
from pathlib import Path

from gguf import GGUFReader
from pydantic import Field

from infra.llama_cpp_sources import installed_version
from tasks.errors import DeploymentError
from tasks.records import Record

TEMPLATE_KEY = "tokenizer.chat_template"
REQUIRED = ("general.name", "general.license", "general.base_model.0.name", "rounds.llama_cpp", TEMPLATE_KEY)
AGAIN = "export the model again; a GGUF that was cut or edited is not served"


class ModelNames(Record):
    """How a model is named in its file. A base that was not trained here has neither run nor dataset."""

    name: str
    licence: str
    base: str
    base_revision: str = ""
    run_id: str = ""
    dataset_id: str = ""
    llama_cpp: str = Field(
        default_factory=installed_version,
        description="version of llama-cpp-python; in the record so that another version exports anew",
    )

    def general(self) -> dict[str, object]:
        """Return the fields of llama.cpp's `gguf.Metadata` that we know better than the converter's guesses."""
        base = {"name": self.base} | ({"version": self.base_revision} if self.base_revision else {})
        return {"name": self.name, "license": self.licence, "base_models": [base]}

    def custom(self) -> dict[str, str]:
        """Return our own keys with their values; an empty value is not written."""
        values = {"run_id": self.run_id, "dataset_id": self.dataset_id, "llama_cpp": self.llama_cpp}
        return {f"rounds.{key}": value for key, value in values.items() if value}


def read_metadata(gguf: Path) -> dict[str, str]:
    """Return the text fields of a GGUF file, among them the chat template; the tensors are not read.

    Raises:
        DeploymentError: the file is not GGUF, or it was cut.
    """
    try:
        reader = GGUFReader(gguf)
        fields = {name: field.contents() for name, field in reader.fields.items() if len(field.types) == 1}
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise DeploymentError(f"{gguf.name} is not a whole GGUF file: {error}.", fix=AGAIN) from error
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def missing_metadata(metadata: dict[str, str]) -> tuple[str, ...]:
    """Return the keys that every exported file must have and this one lacks."""
    return tuple(key for key in REQUIRED if not metadata.get(key))


def template_sha256(metadata: dict[str, str]) -> str:
    """Return the SHA-256 of the embedded chat template.

    Raises:
        DeploymentError: the file has none.
    """
    template = metadata.get(TEMPLATE_KEY)
    if not template:
        raise DeploymentError(
            "The GGUF has no chat template.", fix="save the tokenizer with its chat template before exporting"
        )
    return hashlib.sha256(template.encode()).hexdigest()
