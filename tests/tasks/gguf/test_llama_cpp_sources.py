"""Finding and unpacking llama.cpp's converter; the archives are made here, in the shape of the real distribution."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from infra import llama_cpp_sources
from infra.errors import ConfigError
from infra.llama_cpp_sources import CONVERTER
from infra.settings import get_settings

TREE = (
    f"vendor/llama.cpp/{CONVERTER}",
    "vendor/llama.cpp/convert_lora_to_gguf.py",
    "vendor/llama.cpp/LICENSE",
    "vendor/llama.cpp/conversion/base.py",
    "vendor/llama.cpp/gguf-py/gguf/vocab.py",
    "vendor/llama.cpp/src/llama.cpp",
    "vendor/llama.cpp/conversion_notes.md",
    "llama_cpp/llama.py",
    "LICENSE.md",
)


def archive(folder: Path, members: tuple[str, ...]) -> Path:
    path = folder / "llama_cpp_python-9.9.9.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in members:
            info = tarfile.TarInfo(f"llama_cpp_python-9.9.9/{name}")
            info.size = len(name)
            tar.addfile(info, io.BytesIO(name.encode()))
    return path


def unpacked(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_only_what_converting_needs_is_unpacked(tmp_path: Path) -> None:
    llama_cpp_sources.unpack(archive(tmp_path, TREE), tmp_path / "env" / "llama.cpp-9.9.9")
    assert unpacked(tmp_path / "env") == [
        "llama.cpp-9.9.9/LICENSE",
        "llama.cpp-9.9.9/conversion/base.py",
        f"llama.cpp-9.9.9/{CONVERTER}",
        "llama.cpp-9.9.9/convert_lora_to_gguf.py",
        "llama.cpp-9.9.9/gguf-py/gguf/vocab.py",
    ]


def test_what_is_there_is_left_alone_and_what_is_half_there_is_replaced(tmp_path: Path) -> None:
    whole, half = tmp_path / "whole", tmp_path / "half"
    whole.mkdir()
    half.mkdir()
    (whole / CONVERTER).write_text("mine")
    (half / "leftover").touch()
    for folder in (whole, half):
        llama_cpp_sources.unpack(archive(tmp_path, TREE), folder)
    assert (whole / CONVERTER).read_text() == "mine"
    assert "leftover" not in unpacked(half)


@pytest.mark.parametrize(
    ("members", "cut_bytes", "message"),
    [
        (("llama_cpp/llama.py",), 0, "holds no vendor/llama.cpp"),
        (TREE, 40, "could not be unpacked"),
        (
            (f"vendor/llama.cpp/{CONVERTER}", "vendor/llama.cpp/conversion/../../../../evil.py"),
            0,
            "could not be unpacked",
        ),
    ],
    ids=["no converter", "cut", "a path that leads out"],
)
def test_a_bad_archive_leaves_nothing(tmp_path: Path, members: tuple[str, ...], cut_bytes: int, message: str) -> None:
    path = archive(tmp_path, members)
    path.write_bytes(path.read_bytes()[: path.stat().st_size - cut_bytes])
    with pytest.raises(ConfigError, match=message):
        llama_cpp_sources.unpack(path, tmp_path / "env" / "llama.cpp")
    assert unpacked(tmp_path / "env") == []


def test_the_settings_folder_is_preferred(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / CONVERTER).touch()
    monkeypatch.setenv("ROUNDS_LLAMA_CPP_DIR", str(tmp_path))
    get_settings.cache_clear()
    assert llama_cpp_sources.find() == tmp_path


def test_a_settings_folder_without_converter_is_refused_with_the_fix(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUNDS_LLAMA_CPP_DIR", str(tmp_path))
    get_settings.cache_clear()
    with pytest.raises(ConfigError, match=r"python -m infra\.llama_cpp_sources"):
        llama_cpp_sources.find()


def test_set_up_downloads_nothing_when_it_is_done_whatever_the_folder(tmp_path: Path) -> None:
    if not (llama_cpp_sources.unpacked_folder() / CONVERTER).is_file():
        pytest.skip("llama.cpp's sources are not set up: python -m infra.llama_cpp_sources")
    said = subprocess.run(
        [sys.executable, "-m", "infra.llama_cpp_sources"],
        cwd=tmp_path,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(llama_cpp_sources.unpacked_folder()) in said.stderr
