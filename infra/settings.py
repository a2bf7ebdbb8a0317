"""The one place for machines and secrets: environment variables with the prefix `ROUNDS_`, or a `.env` file.

What a person chooses for one run is a flow parameter; hyper-parameters are in `flows/recipes/`.
"""

import contextlib
import functools
import hashlib
import secrets
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.errors import ConfigError

MIN_KEY_CHARS = 16


class Settings(BaseSettings):
    """Machines and secrets. Every field is read from `ROUNDS_<FIELD>`; an unset one has the embedded default."""

    model_config = SettingsConfigDict(env_prefix="ROUNDS_", env_file=".env", extra="ignore", hide_input_in_errors=True)

    data_dir: Path = Field(default=Path(".rounds"), description="everything that Rounds writes lies below it")
    database_url: SecretStr | None = Field(
        default=None, description="postgresql://…; unset: an embedded server under data_dir"
    )
    artifacts_url: str | None = Field(default=None, description="any fsspec URL or folder; unset: data_dir/artifacts")
    hash_key: SecretStr | None = Field(
        default=None, description="keys splits and pseudonyms; unset: generated once into data_dir/hash.key"
    )
    llama_cpp_dir: Path | None = Field(
        default=None, description="llama.cpp sources with convert_hf_to_gguf.py; unset: the copy that set-up unpacked"
    )
    embedded_postgres: str = Field(
        default="auto", pattern="^(auto|system|wheel)$", description="which server to start when no URL is set"
    )
    documents_subject_folders: bool = Field(
        default=False, description="whether the first folder below a place of discharge documents stands for a patient"
    )
    documents_ocr: bool = Field(
        default=False, description="whether scans are recognised by ocrmypdf, which the extra `ocr` installs"
    )
    phi_mode: Literal["rules", "strict"] = Field(
        default="rules", description="what finds identifiers: the rules alone, or with the trained tagger"
    )
    phi_policy: Literal["placeholder", "safe_harbor", "surrogate"] = Field(
        default="placeholder", description="what stands in the place of an identifier"
    )
    phi_recognizers: Path | None = Field(
        default=None, description="a YAML file of further recognizers of Presidio's, used in either mode"
    )
    teacher_url: str = Field(
        default="", description="an OpenAI-compatible server, up to /v1, that writes questions over redacted documents"
    )
    teacher_model: str = Field(default="", description="the model that the teacher's server is asked for")
    teacher_key: SecretStr | None = Field(default=None, description="of the teacher's server, if it asks for one")
    judge_url: str = Field(
        default="", description="an OpenAI-compatible server, up to /v1, that judges key facts and dangers"
    )
    judge_model: str = Field(default="", description="the model that the judge's server is asked for")
    judge_key: SecretStr | None = Field(default=None, description="of the judge's server, if it asks for one")
    judge_folder: Path | None = Field(
        default=None, description="a local model of natural language inference that judges instead of a server"
    )
    endpoint_keys: dict[str, SecretStr] = Field(
        default_factory=dict, description="host (or host:port) of an endpoint that is compared → its key, as JSON"
    )
    retractions: str = Field(default="", description="Retraction Watch's CSV: a file, or the address of one")
    entrez_url: str = Field(
        default="https://eutils.ncbi.nlm.nih.gov/entrez/eutils", description="where PubMed's E-utilities answer"
    )
    entrez_email: str = Field(default="", description="whom NCBI may write to; needed to search PubMed")
    entrez_api_key: SecretStr | None = Field(
        default=None, description="of an NCBI account: 10 requests a second instead of 3"
    )
    arxiv_url: str = Field(default="https://export.arxiv.org/api/query", description="where arXiv's API answers")
    price_per_device_hour: float | None = Field(
        default=None, ge=0, description="of the machine that trains; model cards then estimate what a run cost"
    )
    price_per_kwh: float | None = Field(default=None, ge=0, description="of electricity, where no hour has a price")
    currency: str = Field(default="EUR", description="of both prices")
    planted_secrets: int = Field(
        default=8, ge=0, le=64, description="made-up secrets learned with the rows of an agent, to see what is kept"
    )
    threads: int = Field(default=0, ge=0, description="CPU threads for training and generation; 0: all cores")
    training_processes: int = Field(
        default=0, ge=0, description="processes that train one model together; 0: one for each GPU, 1 on a CPU"
    )
    training_strategy: Literal["ddp", "fsdp"] = Field(
        default="ddp", description="of several processes: ddp keeps the model on each device, fsdp a part of it"
    )

    @property
    def data(self) -> Path:
        """The data folder, absolute, made on first use and closed to other users."""
        folder = self.data_dir.expanduser().absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(
                f"The data folder {folder} cannot be made: {error.strerror}.",
                fix="set ROUNDS_DATA_DIR to a folder of yours",
            ) from error
        return folder

    def secret_key(self) -> bytes:
        """Return the key of splits and pseudonyms; losing it moves groups between splits, so keep a copy.

        Raises:
            ConfigError: the key is shorter than `MIN_KEY_CHARS`.
        """
        file = self.data / "hash.key"
        if self.hash_key is None and not file.exists():
            fresh = self.data / f"hash.key.{secrets.token_hex(4)}"
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32), encoding="ascii")
            with contextlib.suppress(FileExistsError):  # another process was first: its key is the key
                file.hardlink_to(fresh)
            fresh.unlink()
        key = file.read_text(encoding="ascii") if self.hash_key is None else self.hash_key.get_secret_value()
        if len(key) < MIN_KEY_CHARS:
            source = str(file) if self.hash_key is None else "ROUNDS_HASH_KEY"
            raise ConfigError(
                f"The hash key of {source} has {len(key)} characters, {MIN_KEY_CHARS} are needed: with a short one,"
                " pseudonyms of record numbers can be guessed.",
                fix="openssl rand -hex 32 gives a good one; restore the old key if rows were collected under it",
            )
        return key.encode()

    def key_fingerprint(self) -> str:
        """Return what tells one key from another without giving it away."""
        return hashlib.sha256(b"fingerprint\0" + self.secret_key()).hexdigest()[:12]


class GuideKeys(BaseSettings):
    """What the older guides' `.env` set; tasks/training/overrides.py says what each changes in a recipe."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", hide_input_in_errors=True, protected_namespaces=()
    )

    model_name: str | None = None
    qlora_epochs: str | None = None
    qlora_batch_size: str | None = None
    qlora_lr: str | None = None
    full_epochs: str | None = None
    full_batch_size: str | None = None
    full_lr: str | None = None
    max_seq_length: str | None = None

    def given(self) -> dict[str, str]:
        """Return variable → value of those that are set."""
        return {name.upper(): value for name, value in self.model_dump(exclude_none=True).items()}


@functools.cache
def get_settings() -> Settings:
    """Read the settings once per process.

    Raises:
        ConfigError: a variable has a value that its field refuses.
    """
    try:
        return Settings()
    except ValidationError as error:
        names = ", ".join("ROUNDS_" + str(part["loc"][0]).upper() for part in error.errors())
        raise ConfigError(f"Settings refused: {names}.", fix="see .env.example for the values each takes") from None
