import logging
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerControl, TrainerState, TrainingArguments

from tasks.errors import TrainingError
from tasks.records import CertifiedRow, Example, Recipe
from tasks.training.arguments import arguments_of
from tasks.training.chat_format import IGNORED, encode
from tasks.training.fine_tuning import fine_tune
from tasks.training.outcomes import Outcome
from tasks.training.stopping import KeepBest, LossGuard
from tests.tasks.training.conftest import recipe_of

Rows = Callable[[int], list[dict[str, object]]]
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")

# A warm-up that learns, then a rate that unlearns.
OVERSHOOTING = recipe_of(
    method="lora",
    epochs=8,
    learning_rate=0.1,
    lora_alpha=32,
    warmup_steps=8,
    precision="fp32",
    evaluations=16,
    patience=3,
)


class Killed(Exception):
    pass


def train(
    folder: Path, base: Path, recipe: Recipe, rows: list[dict[str, object]], die_at: int | None = None
) -> Outcome:
    def progress(step: int, total: int, loss: float) -> None:
        if step == die_at:
            raise Killed

    return fine_tune(
        recipe, base, None, rows[:8], rows[30:36], redaction="test 1", work=folder / "work",
        tensorboard=folder / "log", merged=folder / "merged", on_progress=progress,
    )  # fmt: skip


def loss_of(folder: Path, rows: list[dict[str, object]]) -> float:
    """Return the mean over label tokens, computed example by example."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    total, tokens = 0.0, 0
    for row in rows:
        pair = encode(tokenizer, Example.model_validate(CertifiedRow.model_validate(row).row).messages, 128)
        assert pair is not None
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([pair[0]])).logits[0, :-1]
        total += float(torch.nn.functional.cross_entropy(logits, torch.tensor(pair[1][1:]), reduction="sum"))
        tokens += sum(label != IGNORED for label in pair[1][1:])
    return total / tokens


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, small_base: Path, certified: Rows) -> tuple[Path, Outcome]:
    folder = tmp_path_factory.mktemp("undisturbed")
    torch.set_num_threads(1)
    return folder, train(folder, small_base, OVERSHOOTING, certified(40))


def test_the_weights_of_the_lowest_validation_loss_are_kept(undisturbed: tuple[Path, Outcome], certified: Rows) -> None:
    folder, outcome = undisturbed
    losses = {row["step"]: row["eval_loss"] for row in outcome.curve if "eval_loss" in row}
    assert outcome.best_step == min(losses, key=lambda step: losses[step])
    assert outcome.eval_loss == min(losses.values()) < losses[outcome.steps] - 0.1
    assert loss_of(folder / "merged", certified(40)[30:36]) == pytest.approx(outcome.eval_loss, rel=1e-4)


def test_patience_ends_the_run(undisturbed: tuple[Path, Outcome]) -> None:
    _, outcome = undisturbed
    assert outcome.stopped_early
    assert outcome.best_step is not None
    assert 1 < outcome.best_step == outcome.steps - 3 < 13  # evaluated at each of 16 steps


def test_the_disk_holds_the_best_checkpoint_and_two_others(undisturbed: tuple[Path, Outcome]) -> None:
    folder, outcome = undisturbed
    left = {path.name for path in (folder / "work").glob("checkpoint-*")}
    assert f"checkpoint-{outcome.best_step}" in left
    assert len(left) <= 3


@pytest.mark.parametrize("place", ["at the best step", "within patience", "at the merge"])
def test_a_resumed_run_keeps_the_same_weights_and_stops_at_the_same_step(
    place: str, undisturbed: tuple[Path, Outcome], tmp_path: Path, small_base: Path, certified: Rows
) -> None:
    folder, outcome = undisturbed
    assert outcome.best_step is not None
    if place == "at the merge":
        train(tmp_path / "a", small_base, OVERSHOOTING, certified(40))
        shutil.rmtree(tmp_path / "a" / "merged")
    else:
        late = 2 if place == "within patience" else 1
        with pytest.raises(Killed):
            train(tmp_path / "a", small_base, OVERSHOOTING, certified(40), die_at=outcome.best_step + late)
    (tmp_path / "a").rename(tmp_path / "b")  # a mount may have moved
    resumed = train(tmp_path / "b", small_base, OVERSHOOTING, certified(40))
    told = [(o.best_step, o.stopped_early, o.steps, o.eval_loss, o.last_loss) for o in (resumed, outcome)]
    assert told[0] == told[1]
    weights = [AutoModelForCausalLM.from_pretrained(path / "merged").state_dict() for path in (tmp_path / "b", folder)]
    assert all(torch.equal(weights[0][name], tensor) for name, tensor in weights[1].items())


def test_a_run_without_validation_keeps_its_last_weights(tmp_path: Path, small_base: Path, certified: Rows) -> None:
    recipe = recipe_of(patience=1, sampled_answers=2)
    outcome = train(tmp_path, small_base, recipe, certified(8))
    assert (outcome.eval_loss, outcome.best_step, outcome.stopped_early, outcome.steps) == (None, None, False, 2)
    assert (tmp_path / "merged" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("losses", "patience", "saves", "stops", "why"),
    [
        ([3.0], 1, True, False, "the first is the best so far"),
        ([3.0, 2.0], 1, True, False, "better"),
        ([3.0, 3.0], 1, False, True, "equal is not better"),
        ([3.0, 3.1], 2, False, False, "one of two"),
        ([3.0, 3.1, 3.05], 2, False, True, "better than the last one, not than the best"),
        ([3.0, 3.1, 2.9], 2, True, False, "better in time"),
        ([3.0, 2.0, 2.5, 2.4, 2.3], None, False, False, "no patience was set"),
    ],
)
def test_patience_counts_evaluations_since_the_best(
    losses: list[float], patience: int | None, saves: bool, stops: bool, why: str, tmp_path: Path
) -> None:
    state, control = TrainerState(max_steps=100, global_step=len(losses)), TrainerControl()
    for step, loss in enumerate(losses, start=1):
        state.log_history += [{"step": step, "loss": 1.0}, {"step": step, "eval_loss": loss}]
    KeepBest(patience).on_evaluate(arguments(tmp_path), state, control)
    assert (control.should_save, control.should_training_stop) == (saves, stops), why


def arguments(folder: Path) -> TrainingArguments:
    return TrainingArguments(output_dir=str(folder), use_cpu=True, report_to="none")


def guarded(folder: Path, losses: dict[int, float], *, evaluated: dict[int, float] | None = None) -> None:
    """Log the losses of steps, each with the evaluation after it, as the trainer does."""
    state, guard = TrainerState(max_steps=1000, is_world_process_zero=True), LossGuard()
    for step, loss in losses.items():
        state.global_step = step
        rows = [{"step": step, "loss": loss}]
        rows += [{"step": step, "eval_loss": evaluated[step]}] if evaluated and step in evaluated else []
        for row in rows:
            state.log_history.append(row)
            guard.on_log(arguments(folder), state, TrainerControl())


def checkpoints(folder: Path, *steps: int) -> None:
    for step in steps:
        (folder / f"checkpoint-{step}").mkdir()


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_after_a_broken_loss_only_checkpoints_are_left_that_a_loss_has_proven(broken: float, tmp_path: Path) -> None:
    checkpoints(tmp_path, 10, 20, 30)
    with pytest.raises(TrainingError, match=r"at step 31.*checkpoint of step 20 is kept"):
        guarded(tmp_path, {1: 4.0, 10: 3.0, 20: 2.5, 30: 2.4, 31: broken})  # 30 is the loss before its update
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint-10", "checkpoint-20"}


def test_an_evaluation_proves_the_weights_of_its_own_step(tmp_path: Path) -> None:
    checkpoints(tmp_path, 20, 30)
    with pytest.raises(TrainingError, match="checkpoint of step 30 is kept"):
        guarded(tmp_path, {1: 4.0, 20: 2.5, 30: 2.4, 31: math.nan}, evaluated={30: 2.6})


def test_the_loss_is_looked_at_before_each_checkpoint(tmp_path: Path) -> None:
    for save, logged in ((True, False), (False, True), (False, False)):
        control = TrainerControl(should_save=save, should_log=logged)
        LossGuard().on_step_end(arguments(tmp_path), TrainerState(), control)
        assert control.should_log == (save or logged)


def test_a_loss_that_breaks_at_once_leaves_nothing(tmp_path: Path) -> None:
    checkpoints(tmp_path, 1)
    with pytest.raises(TrainingError, match="no checkpoint from before"):
        guarded(tmp_path, {1: math.nan})
    assert not list(tmp_path.iterdir())


def test_a_loss_three_times_the_first_for_five_logs_has_diverged(tmp_path: Path) -> None:
    checkpoints(tmp_path, 2, 4)
    rising = {1: 2.0, 2: 1.8, 3: 1.7, 4: 6.1, 5: 7.0, 6: 8.0, 7: 9.0}
    guarded(tmp_path, rising)
    guarded(tmp_path, rising | {8: 5.9, 9: 9.0, 10: 9.0, 11: 9.0, 12: 9.0})  # between them it was below
    with pytest.raises(TrainingError, match=r"diverged: above 6\.00.*step 2 is kept") as caught:
        guarded(tmp_path, rising | {8: 9.5})
    assert "learning_rate" in caught.value.fix


def test_a_small_first_loss_may_triple(tmp_path: Path) -> None:
    guarded(tmp_path, {1: 0.1} | dict.fromkeys(range(2, 20), 0.9))


def test_a_warm_up_longer_than_the_run_is_shortened_aloud(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recipe = recipe_of(warmup_steps=200)
    with caplog.at_level(logging.WARNING):
        assert arguments_of(recipe, 400, tmp_path, "cpu", packed=False, evaluated=True).warmup_steps == 50
    assert "warmup_steps=50 of=200 steps=100" in caplog.text
    caplog.clear()
    assert arguments_of(recipe, 1600, tmp_path, "cpu", packed=False, evaluated=True).warmup_steps == 200
    assert not caplog.records
