"""The memory estimate of preference tuning beside the peak of the tensors of a real run."""

from pathlib import Path

import pytest
import torch

from benchmarks.training import STEPS, long_rows, peak_memory, write_base
from tasks.records import CertifiedRow, Preference, row_sha256
from tasks.training.base_shape import shape_of
from tasks.training.fitting import nearest_that_fits
from tasks.training.memory import GIB, Machine, estimate, this_machine
from tasks.training.preference_tuning import FEWEST, preference_tune
from tasks.training.tiny_base import TinyRecipe
from tests.tasks.training.conftest import recipe_of

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
WIDE = TinyRecipe(vocab_size=512, hidden_size=256, feed_forward_size=2048, layers=2, key_value_heads=1)


@pytest.fixture(scope="module")
def wide_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return write_base(tmp_path_factory.mktemp("wide") / "base", WIDE)


def long_preferences(base: Path, max_tokens: int) -> tuple[list[dict[str, object]], int]:
    """Return certified pairs, both answers as long as `max_tokens` lets them be, and twice as many for KTO."""
    (line, *_), longest = long_rows(base, max_tokens, 1)
    row, rows = CertifiedRow.model_validate(line), []
    question, answer = row.row["messages"]  # type: ignore[misc]
    for number in range(2 * FEWEST):
        words = str(answer["content"]).split()  # type: ignore[index]
        words[number % len(words)] = words[(number + 1) % len(words)]
        content = Preference.model_validate(
            {"messages": [question], "chosen": " ".join(words), "rejected": " ".join(reversed(words)),
             "source": "made-up", "source_id": "1", "group_id": "1"}
        ).model_dump(mode="json")  # fmt: skip
        certificate = row.certificate.model_copy(update={"row_sha256": row_sha256(content)})
        rows.append(CertifiedRow(row=content, certificate=certificate).model_dump(mode="json"))
    return rows, longest


@pytest.mark.parametrize("objective", ["dpo", "kto"])
@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_the_estimate_is_within_15_percent_of_the_measured_peak(
    objective: str, method: str, wide_base: Path, tmp_path: Path
) -> None:
    rows, longest = long_preferences(wide_base, 128)
    recipe = recipe_of(
        base=str(wide_base), method=method, objective=objective, max_tokens=longest + 8, max_steps=STEPS, lora_r=16,
        epochs=1, batch_size=4,
    )  # fmt: skip
    foretold = estimate(recipe, shape_of(recipe.base), this_machine("cpu")).tensors_gib
    with peak_memory("cpu") as peak:
        preference_tune(
            recipe, recipe.base, None, rows, rows[:1], redaction="benchmark",
            work=tmp_path / "work", tensorboard=tmp_path / "log", merged=tmp_path / "merged",
        )  # fmt: skip
    assert 0.85 <= foretold * GIB / peak() <= 1.15


def test_a_kto_run_that_does_not_fit_is_not_told_to_take_answers_one_by_one(wide_base: Path) -> None:
    recipe, shape = recipe_of(method="full", objective="kto", batch_size=8, max_tokens=512), shape_of(wide_base)
    for gib in (0.4, 0.2, 0.15):
        nearest = nearest_that_fits(recipe, shape, Machine("cpu", gib, bf16=True))
        assert nearest is not None
        assert nearest.batch_size // nearest.gradient_accumulation >= 2
