import shutil
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from tasks.errors import TrainingError
from tasks.training.base_loading import open_tokenizer
from tasks.training.base_models import identify


def test_a_folder_is_pinned_by_its_content(small_base: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small_base, copy)
    assert identify(str(copy)) == identify(str(small_base))
    config = (copy / "config.json").read_text(encoding="utf-8")
    (copy / "config.json").write_text(config.replace('"rms_norm_eps": 1e-06', '"rms_norm_eps": 1e-05'))
    assert identify(str(copy)) != identify(str(small_base))


def test_the_built_in_base_needs_no_look_up() -> None:
    assert identify("builtin:tiny") == "builtin"


@pytest.mark.parametrize(
    ("name", "what", "why"),
    [
        ("builtin:huge", "no built-in", "only one comes with Rounds"),
        ("./no/such/folder", "does not exist", "a relative path"),
        ("/no/such/folder", "does not exist", "an absolute path"),
        ("a/b/c", "does not exist", "an id has one slash at most"),
        ("a b", "does not exist", "an id has no space"),
        ("nobody-of-rounds/no-such-model", "Hugging Face does not answer", "tests are offline"),
        ("model.Q4_K_M.gguf", "GGUF", "quantised weights are not trained"),
    ],
)
def test_a_base_that_does_not_exist_is_one_clear_error(name: str, what: str, why: str) -> None:
    with pytest.raises(TrainingError) as caught:
        identify(name)
    assert what in caught.value.what, why
    assert caught.value.fix


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (["model-Q8_0.gguf", "config.json"], "GGUF files only"),
        (["config.json"], "no config.json with weights"),
        (["model.safetensors"], "no config.json with weights"),
        ([], "no config.json with weights"),
    ],
)
def test_a_folder_without_trainable_weights_is_refused(files: list[str], what: str, tmp_path: Path) -> None:
    for file in files:
        (tmp_path / file).touch()
    with pytest.raises(TrainingError, match=what):
        identify(str(tmp_path))


def test_a_base_without_a_chat_template_is_refused(small_base: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_base)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(TrainingError, match="no chat template"):
        open_tokenizer(tmp_path)


def test_a_folder_without_a_tokenizer_is_refused(small_base: Path, tmp_path: Path) -> None:
    shutil.copy(small_base / "config.json", tmp_path)
    with pytest.raises(TrainingError, match="tokenizer"):
        open_tokenizer(tmp_path)
