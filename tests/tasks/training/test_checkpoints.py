import errno
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import Trainer, TrainerCallback, TrainerControl, TrainingArguments

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training import checkpoints
from tasks.training.checkpoints import explained_full_disk, is_complete, last_complete_checkpoint, mark_complete
from tasks.training.fine_tuning import fine_tune
from tasks.training.outcomes import Outcome

Rows = Callable[[int], list[dict[str, object]]]
Act = Callable[[], None]
# PEFT still asks transformers for the former name of activation checkpointing.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")


def checkpoint_in(folder: Path, step: int, *, complete: bool = True) -> Path:
    checkpoint = folder / f"checkpoint-{step}"
    (checkpoint / "shards").mkdir(parents=True)
    (checkpoint / "optimizer.pt").write_bytes(bytes(range(200)))
    (checkpoint / "shards" / "0.distcp").write_bytes(b"part")
    if complete:
        mark_complete(checkpoint)
    return checkpoint


def test_the_newest_complete_checkpoint_is_found_by_its_number_and_halves_are_removed(tmp_path: Path) -> None:
    checkpoint_in(tmp_path, 2)
    checkpoint_in(tmp_path, 10)
    checkpoint_in(tmp_path, 12, complete=False)
    checkpoint_in(tmp_path, 4, complete=False)
    assert last_complete_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint-2", "checkpoint-10"}


def test_without_checkpoints_a_run_starts_at_the_beginning(tmp_path: Path) -> None:
    assert last_complete_checkpoint(tmp_path / "absent") is None
    checkpoint_in(tmp_path, 1, complete=False)
    (tmp_path / "adapter").mkdir()
    assert last_complete_checkpoint(tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == ["adapter"]


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def one_bit_changed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("optimizer.pt", truncated),
        ("optimizer.pt", one_bit_changed),
        ("shards/0.distcp", one_bit_changed),
        ("shards/0.distcp", Path.unlink),
        ("complete", truncated),
        ("complete", lambda path: path.write_bytes(b"")),
        ("complete", lambda path: path.write_bytes(b"[1]")),
    ],
)
def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    file: str, damage: Callable[[Path], object], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    older, newer = checkpoint_in(tmp_path, 3), checkpoint_in(tmp_path, 6)
    assert is_complete(newer)
    damage(newer / file)
    assert last_complete_checkpoint(tmp_path) == older
    assert "name=checkpoint-6 because=damaged" in caplog.text
    assert not newer.exists()


def test_a_checkpoint_written_again_is_not_valid_by_its_old_mark(tmp_path: Path) -> None:
    checkpoint = checkpoint_in(tmp_path, 3)
    (checkpoint / "optimizer.pt").write_bytes(b"written a second time")
    assert not is_complete(checkpoint)
    mark_complete(checkpoint)
    assert is_complete(checkpoint)


@contextmanager
def full_tmpfs(folder: Path) -> Iterator[tuple[Act, Act]]:
    """Mount a small disk at `folder`, and give what fills it up and what makes room again."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a disk is not permitted here")

    def fill() -> None:
        with (folder / "ballast").open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError as error:
                assert error.errno == errno.ENOSPC
        os.truncate(folder / "ballast", (folder / "ballast").stat().st_size - 65536)  # a part of a checkpoint fits

    try:
        yield fill, (folder / "ballast").unlink
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def small_files(folder: Path) -> Iterator[tuple[Act, Act]]:
    """Give what keeps every file of this process below 64 KiB, and what ends that."""
    folder.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    try:
        yield lambda: limit(65536), lambda: limit(soft)
    finally:
        limit(soft)


def losses(outcome: Outcome) -> list[float]:
    return [row["loss"] for row in outcome.curve if "loss" in row]


@pytest.mark.parametrize("full", [full_tmpfs, small_files])
def test_a_full_disk_leaves_the_checkpoint_before_and_the_same_command_goes_on(
    full: Callable[[Path], Any], tmp_path: Path, small_base: Path, recipe: Callable[..., Recipe], certified: Rows
) -> None:
    def train(folder: Path, merged: Path, fill: Act | None = None) -> Outcome:
        return fine_tune(
            recipe(epochs=2), small_base, None, certified(20), certified(4), redaction="test 1",
            work=folder, merged=merged, tensorboard=merged / "log",
            on_progress=lambda step, *_: fill() if fill and step == 5 else None,
        )  # fmt: skip

    disk = tmp_path / "disk"
    with full(disk) as (fill, make_room):
        with pytest.raises(TrainingError, match=r"disk is full.*GiB are free.*goes on from checkpoint-4") as caught:
            train(disk / "work", tmp_path / "merged", fill)
        assert str(disk / "work") in caught.value.what
        assert {path.name for path in (disk / "work").glob("checkpoint-*")} == {"checkpoint-3", "checkpoint-4"}
        make_room()
        outcome = train(disk / "work", tmp_path / "merged")
    undisturbed = train(tmp_path / "work", tmp_path / "other")
    assert losses(outcome) == losses(undisturbed)
    expected = load_file(tmp_path / "other" / "model.safetensors")
    assert all(torch.equal(load_file(tmp_path / "merged" / "model.safetensors")[k], v) for k, v in expected.items())


def test_other_errors_are_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), explained_full_disk(tmp_path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_a_full_disk_is_recognised_when_safetensors_meets_it(tmp_path: Path) -> None:
    with small_files(tmp_path / "work") as (fill, _), pytest.raises(TrainingError, match="disk is full"):
        fill()
        with explained_full_disk(tmp_path / "work"):
            save_file({"weights": torch.ones(100_000)}, tmp_path / "work" / "model.safetensors")


class Line(nn.Module):
    """The least that a Trainer trains."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Linear(1, 1)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": (self.slope(x) - labels).square().mean()}


def trainer_in(folder: Path, *callbacks: TrainerCallback, **changes: Any) -> Trainer:
    torch.manual_seed(0)
    points = [{"x": torch.tensor([n / 10]), "labels": torch.tensor([n / 5])} for n in range(10)]
    values = {"save_strategy": "no", "learning_rate": 0.1, "eval_strategy": "no"} | changes
    arguments = TrainingArguments(
        output_dir=str(folder), per_device_train_batch_size=1, num_train_epochs=1, use_cpu=True, report_to="none",
        train_sampling_strategy="sequential", disable_tqdm=True, **values,
    )  # fmt: skip
    return Trainer(Line(), arguments, train_dataset=points, eval_dataset=points[:3], callbacks=[*callbacks])


def test_a_checkpoint_is_written_when_the_clock_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(checkpoints, "WRITING_SHARE", 1e9)
    checkpoints.train(trainer_in(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint-9", "checkpoint-10"}


def test_sigterm_at_an_early_stop_leaves_no_checkpoint_to_go_on_from(tmp_path: Path) -> None:
    asked = checkpoints.SafeCheckpoints(trainer := trainer_in(tmp_path), None, lambda: True)
    for stops in (True, False):
        control = TrainerControl(should_training_stop=stops)
        asked.on_evaluate(trainer.args, trainer.state, control)
        assert control.should_save is not stops


def test_the_best_checkpoint_stays_beside_the_two_newest(tmp_path: Path) -> None:
    seen: list[set[str]] = []

    class Worse(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, model: Line, **__: Any) -> None:
            with torch.no_grad():
                model.slope.weight.add_(10)  # the first evaluation is the best

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            seen.append({path.name for path in tmp_path.iterdir()})

    every = {"save_strategy": "steps", "save_steps": 2, "eval_strategy": "steps", "eval_steps": 2}
    best = {"load_best_model_at_end": True, "metric_for_best_model": "eval_loss", "greater_is_better": False}
    trainer = trainer_in(tmp_path, Worse(), **every, **best)
    checkpoints.train(trainer)
    assert seen[-1] == {"checkpoint-2", "checkpoint-6", "checkpoint-8"}
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint-2", "checkpoint-8", "checkpoint-10"}
    held = load_file(tmp_path / "checkpoint-2" / "model.safetensors")["slope.weight"]
    assert torch.equal(trainer.model.slope.weight.detach(), held)
