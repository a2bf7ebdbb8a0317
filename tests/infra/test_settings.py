from pathlib import Path

import pytest

from infra.errors import ConfigError
from infra.settings import Settings


def settings(folder: Path, **fields: object) -> Settings:
    return Settings(data_dir=folder / "data", _env_file=None, **fields)  # type: ignore[arg-type]


def test_a_key_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    first = settings(tmp_path).secret_key()
    assert len(first) == 64
    assert settings(tmp_path).secret_key() == first
    assert [(f.name, f.stat().st_mode & 0o777) for f in (tmp_path / "data").iterdir()] == [("hash.key", 0o600)]


@pytest.mark.parametrize("key", ["", "short", "x" * 15])
def test_a_key_that_can_be_guessed_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="ROUNDS_HASH_KEY"):
        settings(tmp_path, hash_key=key).secret_key()


def test_an_emptied_key_file_is_refused_and_not_replaced(tmp_path: Path) -> None:
    settings(tmp_path).secret_key()
    (tmp_path / "data" / "hash.key").write_text("")
    with pytest.raises(ConfigError, match=r"hash\.key"):
        settings(tmp_path).secret_key()
    assert (tmp_path / "data" / "hash.key").read_text() == ""


def test_the_fingerprint_tells_keys_apart_and_does_not_hold_them(tmp_path: Path) -> None:
    one, other = (settings(tmp_path, hash_key=c * 32) for c in "ab")
    assert one.key_fingerprint() != other.key_fingerprint()
    assert one.key_fingerprint() not in one.secret_key().decode()


def test_a_data_folder_that_cannot_be_made_is_a_settings_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be made"):
        assert settings(tmp_path).data
