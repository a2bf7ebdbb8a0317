from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from tasks.errors import TrainingError
from tasks.training import tiny_base
from tests.tasks.training.conftest import SMALL


def test_the_same_corpus_gives_the_same_weights(small_base: Path, texts: list[str], tmp_path: Path) -> None:
    tiny_base.pretrain(texts, tmp_path, SMALL)
    first, again = (load_file(folder / "model.safetensors") for folder in (small_base, tmp_path))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert (small_base / "tokenizer.json").read_bytes() == (tmp_path / "tokenizer.json").read_bytes()


def test_padding_and_the_end_of_a_turn_are_different_tokens(small_base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_base)
    config = AutoModelForCausalLM.from_pretrained(small_base).config
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.pad_token == "<|pad|>"
    assert (config.eos_token_id, config.pad_token_id) == (tokenizer.eos_token_id, tokenizer.pad_token_id)
    assert config.rounds_pre_tokenizer == "qwen2"


@pytest.mark.parametrize(
    "text", ["[REDACTED-NAME] on [REDACTED-DATE]", "12.5 mg  twice", "naïve — 日本", "a\r\n\n b\tc", "I'll don't"]
)
def test_any_text_survives_the_tokenizer_and_placeholders_are_plain_text(small_base: Path, text: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_base)
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text
    assert not set(ids) & set(tokenizer.all_special_ids)


def test_a_corpus_too_small_for_a_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="larger corpus"):
        tiny_base.pretrain(["a few words"], tmp_path / "base", SMALL)
    assert not (tmp_path / "base").exists()


def test_every_step_is_reported(texts: list[str], tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    tiny_base.pretrain(texts, tmp_path, SMALL, lambda step, total, loss: seen.append((step, total)))
    assert seen == [(step, 6) for step in range(1, 7)]


def test_planted_heads_copy_repeated_random_tokens_before_any_training(texts: list[str]) -> None:
    recipe = tiny_base.TinyRecipe(vocab_size=320)
    model = tiny_base.build_model(tiny_base.train_tokenizer(texts, 320, 512), recipe)
    once = torch.randint(10, 300, (16, 40), generator=torch.Generator().manual_seed(1))
    ids = torch.cat((once, once), dim=1)
    with torch.no_grad():
        losses = torch.nn.functional.cross_entropy(
            model(input_ids=ids).logits[:, :-1].transpose(1, 2), ids[:, 1:], reduction="none"
        )
    assert losses[:, 42:].mean() < losses[:, :38].mean() - 1
