"""The one place for machines and secrets: environment variables with the prefix `ROUNDS_`, or a `.env` file.

What a person chooses for one run is a flow parameter; hyper-parameters are in `flows/recipes/`.
"""

import functools
import hashlib
import secrets
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.errors import ConfigError


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
    threads: int = Field(default=0, ge=0, description="CPU threads for training and generation; 0: all cores")

    @property
    def data(self) -> Path:
        """The data folder, absolute, made on first use and closed to other users."""
        folder = self.data_dir.expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def secret_key(self) -> bytes:
        """Return the key of splits and pseudonyms; losing it moves groups between splits, so keep a copy."""
        if self.hash_key is not None:
            return self.hash_key.get_secret_value().encode()
        file = self.data / "hash.key"
        try:
            with file.open("x", encoding="ascii") as fresh:
                file.chmod(0o600)
                fresh.write(secrets.token_hex(32))
        except FileExistsError:
            pass
        return file.read_text(encoding="ascii").encode()

    def key_fingerprint(self) -> str:
        """Return what tells one key from another without giving it away."""
        return hashlib.sha256(b"fingerprint\0" + self.secret_key()).hexdigest()[:12]


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
