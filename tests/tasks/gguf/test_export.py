"""Real conversions and quantisations of tiny models by llama.cpp."""

import hashlib
import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import llama_cpp
import pytest

from infra.artifacts import open_store
from tasks.errors import DeploymentError, StorageError
from tasks.gguf import conversion, export
from tasks.gguf.naming import ModelNames, missing_metadata, read_metadata, template_sha256
from tasks.gguf.quantizing import QUANTISATIONS, quantize
from tasks.gguf.steps import export_gguf
from tasks.records import Base
from tests.tasks.gguf import conftest
from tests.tasks.gguf.conftest import Exported
from tests.tasks.gguf.tiny_models import TEMPLATE


def test_each_quantisation_is_a_smaller_file_that_llama_cpp_names_so(exported: Exported) -> None:
    sizes = [file.artifact.bytes for file in exported.files]
    assert [file.quantisation for file in exported.files] == list(conftest.QUANTISATIONS)
    assert sizes == sorted(sizes, reverse=True)
    for file in exported.files:
        described = llama_cpp.Llama(str(exported.store.path(file.artifact)), vocab_only=True, verbose=False).metadata
        assert int(described["general.file_type"]) == QUANTISATIONS[file.quantisation]


def test_every_file_says_what_it_is_and_where_it_came_from(exported: Exported) -> None:
    for file in exported.files:
        metadata = read_metadata(exported.store.path(file.artifact))
        assert missing_metadata(metadata) == ()
        assert (
            metadata
            | {
                "general.name": "tiny test model",
                "general.license": "Apache-2.0",
                "general.base_model.0.name": "builtin:tiny",
                "general.base_model.0.version": "t1",
                "rounds.run_id": "run-7",
                "rounds.dataset_id": "ds-7",
                "rounds.llama_cpp": conftest.NAMES.llama_cpp,
                "tokenizer.ggml.pre": "qwen2",
                "tokenizer.chat_template": TEMPLATE,
            }
            == metadata
        )
        assert file.chat_template_sha256 == hashlib.sha256(TEMPLATE.encode()).hexdigest()


def test_no_scratch_folder_is_left(exported: Exported, stage_data: Path) -> None:
    assert list(stage_data.glob(".gguf-*")) == []


def test_leftovers_of_killed_exports_are_removed_a_day_later(tmp_path: Path) -> None:
    for name in (".gguf-old", ".gguf-new"):
        (tmp_path / name).mkdir()
    a_day_ago = time.time() - export.LEFTOVER_SECONDS - 60
    os.utime(tmp_path / ".gguf-old", (a_day_ago, a_day_ago))
    export.remove_leftovers(tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == [".gguf-new"]


def test_an_unknown_quantisation_is_refused_before_anything_is_converted(exported: Exported) -> None:
    with pytest.raises(DeploymentError, match=r"Unknown quantisation Q6_X\. Fix: choose among .*Q6_K"):
        export_gguf.fn(exported.weights, ("F16", "Q6_X"), conftest.NAMES)


@pytest.fixture(scope="module")
def refusals(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give llama.cpp's converter, for two folders at once since each takes seconds, what it does not know."""
    tmp = tmp_path_factory.mktemp("refused")
    folders = {name: shutil.copytree(exported.folder, tmp / name) for name in ("tokenizer", "architecture")}
    edit_config(folders["tokenizer"], rounds_pre_tokenizer=None)
    edit_config(folders["architecture"], architectures=["StrangeForCausalLM"])

    def refusal(name: str) -> str:
        with pytest.raises(DeploymentError) as caught:
            conversion.convert(folders[name], tmp / f"{name}.gguf", conftest.NAMES)
        assert not (tmp / f"{name}.gguf").exists()
        return str(caught.value)

    with ThreadPoolExecutor(2) as both:
        return dict(zip(folders, both.map(refusal, folders), strict=True))


def edit_config(folder: Path, **fields: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | fields))


def test_a_tokenizer_unknown_to_llama_cpp_is_refused_with_the_way_out(refusals: dict[str, str]) -> None:
    assert "pre-tokenizer was not recognized" in refusals["tokenizer"]
    assert "rounds_pre_tokenizer" in refusals["tokenizer"]


def test_an_unknown_architecture_is_named_with_the_converters_version(refusals: dict[str, str]) -> None:
    assert "StrangeForCausalLM is not supported Fix: choose a base" in refusals["architecture"]
    assert conftest.NAMES.llama_cpp in refusals["architecture"]


def test_a_model_without_chat_template_is_refused() -> None:
    with pytest.raises(DeploymentError, match="no chat template"):
        template_sha256({"general.name": "x"})


@pytest.mark.parametrize("content", [None, "not JSON"])
def test_a_folder_that_is_no_model_is_refused(stage_data: Path, tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(DeploymentError, match="not a Hugging Face model folder"):
        conversion.convert(tmp_path, tmp_path / "out.gguf", conftest.NAMES)


def test_a_cut_file_is_neither_read_nor_quantised(exported: Exported, tmp_path: Path) -> None:
    whole = exported.store.path(exported.files[0].artifact)
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(DeploymentError, match="not a whole GGUF file"):
        read_metadata(cut)
    with pytest.raises(DeploymentError, match="could not write Q8_0"):
        quantize(cut, tmp_path / "out.gguf", "Q8_0")
    assert not (tmp_path / "out.gguf").exists()


def test_quantising_twice_gives_the_same_bytes(exported: Exported, tmp_path: Path) -> None:
    full, q6 = (exported.store.path(exported.files[i].artifact) for i in (0, 2))
    quantize(full, tmp_path / "again.gguf", "Q6_K")
    assert (tmp_path / "again.gguf").read_bytes() == q6.read_bytes()


def test_llama_cpp_prints_nothing(exported: Exported, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    quantize(exported.store.path(exported.files[0].artifact), tmp_path / "q.gguf", "Q4_0")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("form", ["weights", "folder"])
def test_a_base_is_found_as_artifact_or_folder(exported: Exported, form: str) -> None:
    base = Base(name=str(exported.folder), revision="", weights=exported.weights if form == "weights" else None)
    expected = exported.store.path(exported.weights) if form == "weights" else exported.folder
    assert export.model_folder(base, open_store()) == expected


def test_a_base_that_does_not_exist_is_refused(stage_data: Path) -> None:
    with pytest.raises(DeploymentError, match="The base nobody/nothing cannot be had"):
        export.model_folder(Base(name="nobody/nothing", revision=""), open_store())


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        ("INFO:x:fine\nERROR:hf-to-gguf:Model A is not supported\n", "Model A is not supported"),
        ("Traceback:\n  File 'x'\n    raise E\nValueError: bad\n", "ValueError: bad"),
        ("OSError: No space left on device\nWriting:  10%|###  | 1/10\r", "OSError: No space left on device"),
        ("KeyError: 'q'\n*****\n\n", "KeyError: 'q'"),
        ("", "nothing"),
    ],
)
def test_the_last_line_that_says_something_is_quoted(stderr: str, expected: str) -> None:
    assert conversion.last_meaningful_line(stderr) == expected


def test_a_full_disk_is_a_storage_error(stage_data: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="free disk space"):
        raise conversion.explain(tmp_path, "OSError: [Errno 28] No space left on device")


def test_a_base_without_run_writes_no_empty_keys() -> None:
    assert ModelNames(name="b", licence="MIT", base="b", llama_cpp="1").custom() == {"rounds.llama_cpp": "1"}
