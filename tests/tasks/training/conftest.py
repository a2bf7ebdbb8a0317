"""A model small enough to train in a second, and certified chats to train it on."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tasks.records import CertifiedRow, Example, Message, PhiCertificate, Recipe, row_sha256
from tasks.training import tiny_base

WORDS = ("mango", "river", "lantern", "copper", "violet", "thimble", "gravel", "saddle")
SMALL = tiny_base.TinyRecipe(
    vocab_size=320,
    hidden_size=64,
    feed_forward_size=64,
    layers=2,
    heads=4,
    key_value_heads=2,  # the 4-bit kernel for CPUs wants rows in multiples of 32
    context=128,
    block_tokens=32,
    batch_blocks=4,
    steps=6,
)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return [f"The {a} lies beside the {b}.\nThe {a} lies beside the {b}." for a in WORDS for b in WORDS]


@pytest.fixture(scope="session")
def small_base(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> Path:
    """Save a base of 64 coordinates and two layers."""
    folder = tmp_path_factory.mktemp("small-base")
    torch.set_num_threads(1)
    tiny_base.pretrain(texts, folder, SMALL)
    return folder


@pytest.fixture(scope="session")
def certified() -> Callable[[int], list[dict[str, object]]]:
    """Certified chats about made-up things, as the rows of a dataset shard."""

    def rows(count: int) -> list[dict[str, object]]:
        return [_row(index) for index in range(count)]

    return rows


def _row(index: int) -> dict[str, object]:
    first, second = WORDS[index % 8], WORDS[(index // 8 + 3 * index) % 8]
    messages = (
        Message(role="user", content=f"What lies beside the {first}?" + " Say it." * (index % 3)),
        Message(role="assistant", content=f"The {second} lies beside the {first}."),
    )
    row = Example(messages=messages, source="made-up", source_id=str(index), group_id=str(index)).model_dump(
        mode="json"
    )
    certificate = PhiCertificate(
        row_sha256=row_sha256(row),
        engine="test 1",
        policy="test 1",
        findings={},
        second_pass=0,
        canaries=320,
        canary_bound=0.02,
    )
    return CertifiedRow(row=row, certificate=certificate).model_dump(mode="json")


def recipe_of(**changes: object) -> Recipe:
    """Return a recipe of a step for every four examples; keywords replace its values."""
    values: dict[str, object] = {
        "name": "test",
        "method": "full",
        "base": "builtin:tiny",
        "learning_rate": 1e-3,
        "epochs": 1,
        "batch_size": 4,
        "max_tokens": 128,
        "lora_r": 4,
        "lora_alpha": 8,
    }
    return Recipe.model_validate(values | changes)


@pytest.fixture
def recipe() -> Callable[..., Recipe]:
    return recipe_of
