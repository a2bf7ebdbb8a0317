import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import PreTrainedModel

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training import base_loading
from tasks.training.fine_tuning import fine_tune
from tasks.training.out_of_memory import is_out_of_memory, micro_batches
from tasks.training.outcomes import Outcome

Rows = Callable[[int], list[dict[str, object]]]
MakeRecipe = Callable[..., Recipe]
# PEFT still asks transformers for the former name of activation checkpointing.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")


@pytest.fixture(autouse=True)
def no_chance_collection() -> Iterator[None]:
    """Have nothing collected by chance: what is free was freed on purpose."""
    gc.disable()
    yield
    gc.enable()


class SmallDevice:
    """Lets forward passes fail from call `after` on, when the batch holds more than `fits` examples."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, fits: int, after: int = 0) -> None:
        self.fits, self.after = fits, after
        self.calls = 0
        self.batches: list[int] = []
        self.models: list[weakref.ref[PreTrainedModel]] = []
        self._open = base_loading.open_model
        monkeypatch.setattr(base_loading, "open_model", self.open_model)

    def open_model(self, *arguments: object) -> PreTrainedModel:
        assert [model() for model in self.models] == [None] * len(self.models)  # the failed attempt's memory is free
        model = self._open(*arguments)
        model.register_forward_pre_hook(self.forward, with_kwargs=True)
        self.models.append(weakref.ref(model))
        return model

    def forward(self, model: PreTrainedModel, _: object, inputs: dict[str, torch.Tensor]) -> None:
        self.calls += 1
        self.batches.append(len(inputs["input_ids"]))
        held = torch.ones(1000) * model.model.embed_tokens.weight.sum()  # its frame and graph hold the model
        if self.batches[-1] > self.fits and self.calls > self.after:
            raise torch.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {len(held)} GiB.")


def train(folder: Path, base: Path, recipe: Recipe, rows: list[dict[str, object]]) -> Outcome:
    return fine_tune(
        recipe, base, None, rows, rows[:4], redaction="test 1",
        work=folder / "work", tensorboard=folder / "log", merged=folder / "merged",
    )  # fmt: skip


def losses(outcome: Outcome) -> list[float]:
    return [row["loss"] for row in outcome.curve if "loss" in row]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = load_file(folder / "merged" / "model.safetensors")
    return tensors


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_run_that_never_fits_is_the_run_of_the_smaller_micro_batch(
    method: str, tmp_path: Path, small_base: Path, recipe: MakeRecipe, certified: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, plan = certified(22), recipe(method=method, batch_size=8)  # the last step has six examples
    chosen = train(tmp_path / "chosen", small_base, plan.model_copy(update={"gradient_accumulation": 4}), rows)
    SmallDevice(monkeypatch, fits=2)
    found = train(tmp_path / "found", small_base, plan, rows)
    assert found.memory_retries == 2
    assert chosen.memory_retries == 0
    assert found.steps == chosen.steps == 3
    assert losses(found) == losses(chosen)
    assert all(torch.equal(weights(tmp_path / "found")[name], w) for name, w in weights(tmp_path / "chosen").items())


def test_a_run_that_stops_fitting_goes_on_from_its_checkpoint_with_the_same_examples(
    tmp_path: Path, small_base: Path, recipe: MakeRecipe, certified: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, plan = certified(20), recipe(epochs=2, precision="fp32")
    undisturbed = train(tmp_path / "undisturbed", small_base, plan, rows)
    device = SmallDevice(monkeypatch, fits=2, after=8)  # six steps, one evaluation of a batch, one step
    found = train(tmp_path / "found", small_base, plan, rows)
    assert found.memory_retries == 1
    assert found.steps == undisturbed.steps == 10
    failed = device.batches.index(2)
    assert set(device.batches[:failed]) == {4}
    assert device.batches[failed:].count(2) == len(device.batches[failed:])
    assert 8 <= len(device.batches[failed:]) - 2 * 2 <= 12  # steps 7 to 10 in halves, and the evaluations
    assert losses(found) == pytest.approx(losses(undisturbed), rel=1e-5)
    for name, tensor in weights(tmp_path / "undisturbed").items():
        torch.testing.assert_close(weights(tmp_path / "found")[name], tensor, atol=1e-5, rtol=0)


def test_a_killed_run_remembers_the_micro_batch_that_fitted(
    tmp_path: Path, small_base: Path, recipe: MakeRecipe, certified: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = SmallDevice(monkeypatch, fits=2)
    train(tmp_path, small_base, recipe(), certified(8))
    before = len(device.models)
    gc.collect()
    again = train(tmp_path, small_base, recipe(), certified(8))
    assert before == 2
    assert len(device.models) == 3
    assert again.memory_retries == 1


def test_what_does_not_fit_one_example_at_a_time_is_refused_with_a_fix(
    tmp_path: Path, small_base: Path, recipe: MakeRecipe, certified: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = SmallDevice(monkeypatch, fits=0)
    with pytest.raises(TrainingError, match=r"micro-batch of one example of up to 128 tokens.*max_tokens.*qlora"):
        train(tmp_path, small_base, recipe(), certified(8))
    assert device.batches == [4, 2, 1]


def test_one_of_several_processes_does_not_go_on_alone(
    tmp_path: Path, small_base: Path, recipe: MakeRecipe, certified: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    SmallDevice(monkeypatch, fits=2)
    plan = recipe()
    monkeypatch.setattr("tasks.training.out_of_memory._several_processes", lambda: True)
    with pytest.raises(TrainingError, match=r"micro-batch of 4 examples.*gradient_accumulation"):
        train(tmp_path, small_base, plan, certified(8))


@pytest.mark.parametrize(
    ("batch_size", "gradient_accumulation", "smallest", "expected"),
    [
        (8, 1, 1, [8, 4, 2, 1]),
        (8, 4, 1, [2, 1]),
        (8, 8, 1, [1]),
        (6, 1, 1, [6, 3, 1]),  # two would fit a half of three, but 3 // 2 is 1
        (12, 1, 1, [12, 6, 3, 1]),
        (10, 1, 1, [10, 5, 2, 1]),  # four does not divide ten
        (7, 1, 1, [7, 1]),
        (16, 1, 4, [16, 8, 4]),
    ],
)
def test_each_micro_batch_divides_the_batch_and_is_at_most_half_the_one_before(
    batch_size: int, gradient_accumulation: int, smallest: int, expected: list[int], recipe: MakeRecipe
) -> None:
    plan = recipe(batch_size=batch_size, gradient_accumulation=gradient_accumulation)
    assert micro_batches(plan, smallest) == expected


def test_a_real_failed_allocation_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (MemoryError(), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (RuntimeError("one", "two"), False),
    ],
)
def test_only_a_failed_allocation_is_taken_for_one(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
