"""A run that is ended and started again ends with the weights and the curve of one that nothing disturbed.

On the CPU with one thread that holds to the last bit: the tolerance is 0.
"""

import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
import torch
from safetensors.torch import load_file

from tests.tasks.training.conftest import recipe_of
from tests.tasks.training.disturbed import ENDS

Rows = Callable[[int], list[dict[str, object]]]
Disturbance = tuple[str, int]

ORDINARY: dict[str, tuple[dict[str, object], tuple[Disturbance, ...]]] = {
    "full": (
        {"method": "full"},
        (("in a step", 2), ("while writing", 2), ("in a step", 9), ("while merging", 0)),
    ),
    "qlora": (
        {"method": "qlora", "lora_dropout": 0.1, "gradient_accumulation": 2},
        (("SIGTERM", 1), ("before the mark", 4), ("SIGTERM twice", 7), ("SIGTERM", 10)),
    ),
}
METHODS: dict[str, dict[str, object]] = {
    "full": {"method": "full"},
    "lora": {"method": "lora", "lora_dropout": 0.1},
    "qlora": {"method": "qlora", "lora_dropout": 0.1, "gradient_accumulation": 2},
}


@dataclass(frozen=True)
class Played:
    """What a run left: how its attempts ended, its curve without speeds, and its weights."""

    ends: list[int]
    curve: list[dict[str, float]]
    weights: dict[str, torch.Tensor]


class Player:
    """Plays runs in one other process."""

    def __init__(self, folder: Path, base: Path, rows: list[dict[str, object]]) -> None:
        self.folder, self._base, self._rows = folder, base, rows
        self._jobs: list[dict[str, object]] = []

    def add(self, name: str, recipe: dict[str, object], disturbances: list[Disturbance], logged_steps: int = 5) -> None:
        self._jobs.append(
            {
                "folder": str(self.folder / name),
                "base": str(self._base),
                "rows": self._rows,
                "recipe": recipe_of(**recipe).model_dump(mode="json"),
                "disturbances": disturbances,
                "logged_steps": logged_steps,
            }
        )

    def play(self) -> None:
        for job in self._jobs:
            Path(str(job["folder"])).mkdir()
        (self.folder / "jobs.json").write_bytes(orjson.dumps(self._jobs))
        subprocess.run(
            [sys.executable, "-m", "tests.tasks.training.disturbed", str(self.folder / "jobs.json")],
            cwd=Path(__file__).parents[3], check=True,
        )  # fmt: skip

    def result(self, name: str) -> Played:
        outcome = orjson.loads((self.folder / name / "outcome.json").read_bytes())
        curve = [{key: row[key] for key in row if key != "tokens_per_second"} for row in outcome["curve"]]
        weights: dict[str, torch.Tensor] = load_file(self.folder / name / "merged" / "model.safetensors")
        return Played(orjson.loads((self.folder / name / "ends.json").read_bytes()), curve, weights)


def assert_the_same(disturbed: Played, undisturbed: Played) -> None:
    assert disturbed.curve == undisturbed.curve
    for name, tensor in undisturbed.weights.items():
        assert torch.equal(disturbed.weights[name], tensor), name


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory, small_base: Path, certified: Rows) -> Player:
    """Play runs of twelve steps, a checkpoint every three and a row of the curve every four."""
    player = Player(tmp_path_factory.mktemp("runs"), small_base, certified(23))
    for name, (values, disturbances) in ORDINARY.items():
        player.add(name, {"epochs": 2, **values}, list(disturbances), logged_steps=3)
        player.add(f"{name}-undisturbed", {"epochs": 2, **values}, [], logged_steps=3)
    player.play()
    return player


@pytest.mark.parametrize("name", ORDINARY)
def test_a_run_that_is_ended_again_and_again_ends_like_an_undisturbed_one(name: str, ordinary: Player) -> None:
    played = ordinary.result(name)
    assert played.ends == [*(ENDS[how] for how, _ in ORDINARY[name][1]), 0]
    assert_the_same(played, ordinary.result(f"{name}-undisturbed"))


@pytest.mark.parametrize("name", [*ORDINARY, "full-undisturbed"])
def test_two_checkpoints_are_left_at_most(name: str, ordinary: Player) -> None:
    left = {path.name for path in (ordinary.folder / name / "work").glob("checkpoint-*")}
    assert len(left) == 2
    assert "checkpoint-12" in left


@pytest.mark.parametrize("name", ORDINARY)
def test_a_checkpoint_holds_all_that_a_run_goes_on_with(name: str, ordinary: Player) -> None:
    checkpoint = ordinary.folder / name / "work" / "checkpoint-12"
    files = {path.name for path in checkpoint.iterdir()}
    weights = "model.safetensors" if name == "full" else "adapter_model.safetensors"
    assert {weights, "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"} < files
    assert orjson.loads((checkpoint / "trainer_state.json").read_bytes())["global_step"] == 12
    assert {"python", "numpy", "cpu"} <= torch.load(checkpoint / "rng_state.pth", weights_only=False).keys()
    assert torch.load(checkpoint / "scheduler.pt")["last_epoch"] == 12


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_run_killed_at_ten_random_steps_ends_like_an_undisturbed_one(
    method: str, tmp_path: Path, small_base: Path, certified: Rows
) -> None:
    chance = random.Random(method)
    steps = sorted(chance.sample(range(50), 10))
    disturbances = [(chance.choice(("in a step", "in a step", "while writing", "before the mark")), at) for at in steps]
    player = Player(tmp_path, small_base, certified(50))
    player.add("killed", {"epochs": 4, **METHODS[method]}, disturbances, logged_steps=7)
    player.add("undisturbed", {"epochs": 4, **METHODS[method]}, [], logged_steps=7)
    player.play()
    assert player.result("killed").ends == [*[-9] * 10, 0]
    assert_the_same(player.result("killed"), player.result("undisturbed"))
