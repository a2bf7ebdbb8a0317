import shutil
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from tasks.errors import TrainingError
from tasks.records import Message
from tasks.training.base_loading import PLAIN_CHAT, open_tokenizer
from tasks.training.base_models import identify
from tasks.training.chat_format import encode


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
    with pytest.raises(TrainingError, match="no chat template") as caught:
        open_tokenizer(tmp_path)
    assert "instruction-tuned sibling" in caught.value.fix
    assert str(PLAIN_CHAT) in caught.value.fix


def test_the_plain_format_makes_a_base_without_one_trainable(small_base: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_base)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path)
    shutil.copy(PLAIN_CHAT, tmp_path / "chat_template.jinja")
    opened = open_tokenizer(tmp_path)
    messages = (
        Message(role="system", content="Be brief."),
        Message(role="user", content="What lies there?"),
        Message(role="assistant", content="The river."),
    )
    encoded = encode(opened, messages, 128)
    assert encoded is not None
    ids, labels = encoded
    assert opened.decode(ids) == "System:\nBe brief.\nUser:\nWhat lies there?\nAssistant:\nThe river.<|im_end|>\n"
    assert opened.decode([label for label in labels if label >= 0]) == "The river.<|im_end|>"


@pytest.mark.parametrize(
    ("added", "padding", "why"),
    [
        ([], "<|endoftext|>", "another special token of the vocabulary"),
        (["<|finetune_right_pad_id|>"], "<|finetune_right_pad_id|>", "reserved for it"),
    ],
)
def test_padding_is_never_the_end_token(
    added: list[str], padding: str, why: str, small_base: Path, tmp_path: Path
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_base)
    tokenizer.add_special_tokens({"extra_special_tokens": added}, replace_extra_special_tokens=False)
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.save_pretrained(tmp_path)
    assert open_tokenizer(tmp_path).pad_token == padding, why


def test_a_tokenizer_without_a_token_to_pad_with_is_refused(tmp_path: Path) -> None:
    bpe = Tokenizer(models.BPE({"a": 0, "<end>": 1}, []))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<end>", pad_token="<end>")
    tokenizer.chat_template = PLAIN_CHAT.read_text(encoding="utf-8")
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(TrainingError, match="no token to pad with"):
        open_tokenizer(tmp_path)


def test_a_folder_without_a_tokenizer_is_refused(small_base: Path, tmp_path: Path) -> None:
    shutil.copy(small_base / "config.json", tmp_path)
    with pytest.raises(TrainingError, match="tokenizer"):
        open_tokenizer(tmp_path)
