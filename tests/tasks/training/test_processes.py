import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainingArguments

from infra.artifacts import open_store
from infra.settings import get_settings
from tasks.errors import TrainingError
from tasks.training import jobs, launching
from tasks.training.arguments import arguments_of
from tasks.training.jobs import Job
from tasks.training.preference_tuning import preference_tune
from tasks.training.processes import most_that_fit, share_of
from tests.tasks.training.conftest import recipe_of
from tests.tasks.training.test_preference_tuning import preference

# PEFT still asks transformers for the former name of activation checkpointing.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
Rows = Callable[[int], list[dict[str, object]]]

# Eighteen examples, nine steps of four: the last one has two, which two processes do not divide without blanks.
SHARED = {"epochs": 2, "learning_rate": 5e-3, "precision": "fp32"}
METHODS: dict[str, dict[str, object]] = {
    "full": {"method": "full"},
    "lora": {"method": "lora", "gradient_accumulation": 2},
    "qlora": {"method": "qlora"},
}
CASES = [("ddp", "full"), ("ddp", "lora"), ("fsdp", "full"), ("fsdp", "lora"), ("fsdp", "qlora")]
RESUMED = [("ddp", "full"), ("fsdp", "lora")]


@pytest.mark.parametrize(
    ("batch_size", "accumulation", "processes", "micro_batch", "its_accumulation"),
    [
        (8, 1, 1, 8, 1),
        (8, 4, 1, 2, 4),
        (8, 1, 4, 2, 1),
        (8, 4, 2, 2, 2),
        (16, 16, 4, 1, 4),
        (12, 2, 2, 6, 1),
        (12, 3, 2, 3, 2),  # a share of 6 in micro-batches of at most 4: twice 3
        (8, 8, 8, 1, 1),
    ],
)
def test_a_step_has_the_same_examples_however_many_processes_share_it(
    batch_size: int, accumulation: int, processes: int, micro_batch: int, its_accumulation: int
) -> None:
    share = share_of(recipe_of(batch_size=batch_size, gradient_accumulation=accumulation), processes)
    assert (share.micro_batch, share.accumulation) == (micro_batch, its_accumulation)
    assert share.micro_batch * share.accumulation * processes == batch_size


def test_a_step_that_cannot_be_dealt_is_refused_with_what_can() -> None:
    with pytest.raises(TrainingError, match="cannot be split over 3") as caught:
        share_of(recipe_of(batch_size=8), 3)
    assert "batch_size=9" in caught.value.fix
    assert "ROUNDS_TRAINING_PROCESSES=2" in caught.value.fix
    assert [most_that_fit(recipe_of(batch_size=8), devices) for devices in (0, 1, 3, 6, 8, 16)] == [1, 1, 2, 4, 8, 8]


def test_one_process_takes_one_gpu_where_there_are_more(
    tmp_path: Path, small_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up = TrainingArguments.__post_init__

    def with_two_gpus(arguments: TrainingArguments) -> None:
        set_up(arguments)
        arguments._n_gpu = arguments.n_gpu + 2

    monkeypatch.setattr(TrainingArguments, "__post_init__", with_two_gpus)
    made = arguments_of(recipe_of(), 8, tmp_path, "cpu", packed=False, evaluated=False)
    assert (made.n_gpu, made.train_batch_size) == (1, 4)
    pairs = [preference(index) for index in range(20)]
    outcome = preference_tune(
        recipe_of(objective="dpo", max_steps=1), small_base, None, pairs, [], redaction="test 1",
        work=tmp_path / "work", tensorboard=tmp_path / "log", merged=tmp_path / "merged",
    )  # fmt: skip
    assert outcome.steps == 1


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, small_base: Path, certified: Rows) -> dict[tuple[str, str], Path]:
    """Train every case, by one process here and by two under gloo, and again after the last checkpoint was lost."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROUNDS_DATA_DIR", str(folder / "data"))
        patch.setenv("ROUNDS_THREADS", "1")
        get_settings.cache_clear()
        train, validation = (open_store().save_rows("dataset", certified(count)) for count in (18, 8))
        found = {("one", method): folder / f"one-{method}" for method in METHODS}
        found |= {case: folder / "-".join(case) for case in CASES}
        made = {
            case: Job(
                recipe=recipe_of(**SHARED, **METHODS[case[1]]), source=str(small_base), revision=None, train=train,
                validation=validation, redaction="test 1", work=work, tensorboard=work / "tensorboard",
            )
            for case, work in found.items()
        }  # fmt: skip
        for case, job in made.items():
            if case[0] == "one":
                outcome = jobs.carry_out(job, None)
                (found[case] / "curve.json").write_bytes(orjson.dumps(outcome.curve))
        cases = [(str(launching.prepare(made[case])), *case, case in RESUMED) for case in CASES]
        (folder / "cases.json").write_bytes(orjson.dumps(cases))
    get_settings.cache_clear()
    subprocess.run(
        [sys.executable, "-m", "tests.tasks.training.forked_launches", str(folder / "cases.json")],
        check=True, timeout=600, env=os.environ | {"OMP_NUM_THREADS": "1", "ROUNDS_DATA_DIR": str(folder / "data")},
    )  # fmt: skip
    return found


def curve(outcome: Path) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = orjson.loads(outcome.read_bytes())["curve"]
    return rows


def values(rows: list[dict[str, float]], key: str) -> list[float]:
    return [row[key] for row in rows if key in row]


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_two_processes_have_the_losses_and_the_model_of_one(
    case: tuple[str, str], runs: dict[tuple[str, str], Path]
) -> None:
    alone, work = runs["one", case[1]], runs[case]
    wanted, seen = orjson.loads((alone / "curve.json").read_bytes()), curve(work / "launch" / "outcome.json")
    assert [row["step"] for row in seen] == [row["step"] for row in wanted]
    # Measured: 2e-6. The sums are of the same numbers, in another order.
    assert values(seen, "loss") == pytest.approx(values(wanted, "loss"), rel=5e-5)
    assert values(seen, "learning_rate") == values(wanted, "learning_rate")
    # Two processes may repeat an example in their last validation batch.
    assert values(seen, "eval_loss") == pytest.approx(values(wanted, "eval_loss"), rel=5e-3)
    ours, theirs = (load_file(folder / "merged" / "model.safetensors") for folder in (work, alone))
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, atol=5e-4, rtol=0)  # Adam doubts signs of vanishing gradients


@pytest.mark.parametrize("case", RESUMED, ids="-".join)
def test_a_run_whose_last_checkpoint_was_lost_goes_on_from_the_one_before(
    case: tuple[str, str], runs: dict[tuple[str, str], Path]
) -> None:
    first, again = curve(runs[case] / "launch" / "first.json"), curve(runs[case] / "launch" / "outcome.json")
    assert values(again, "loss") == pytest.approx(values(first, "loss"), rel=1e-6)
    assert "training from=checkpoint-8" in (runs[case] / "launch" / "output-0.log").read_text()


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_fsdp_cases_are_sharded_and_ddp_cases_are_not(case: tuple[str, str], runs: dict[tuple[str, str], Path]) -> None:
    of_fsdp = [runs[case] / "checkpoint-9" / name for name in ("pytorch_model_fsdp.bin", "optimizer.bin")]
    assert [path.exists() for path in of_fsdp] == [case[0] == "fsdp"] * 2
