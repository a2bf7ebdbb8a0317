from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from infra.artifacts import open_store
from tasks.errors import TrainingError
from tasks.records import Artifact, Base, DatasetVersion, Recipe
from tasks.training import memory, steps, tiny_base
from tests.tasks.training.conftest import SMALL
from tests.tasks.training.test_preference_tuning import preference

Rows = Callable[[int], list[dict[str, object]]]
# PEFT still asks transformers for the former name of activation checkpointing.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")


@pytest.fixture
def corpus(data_dir: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch) -> Artifact:
    monkeypatch.setenv("ROUNDS_THREADS", "1")
    monkeypatch.setattr(tiny_base, "TinyRecipe", lambda: replace(SMALL, steps=2))
    return open_store().save_rows("corpus", ({"text": text} for text in texts))


def dataset_of(rows: list[dict[str, object]]) -> DatasetVersion:
    split = open_store().save_rows("dataset", rows)
    return DatasetVersion(
        id="ds-test", agent_type="MedicalQA", splits={"train": split, "validation": split, "test": split},
        examples={}, tokens={}, sources={}, exclusions={}, shards=(), policy="test", redaction="test 1",
    )  # fmt: skip


def test_base_and_run_are_artifacts_and_nothing_is_left_in_the_work_folder(
    corpus: Artifact, data_dir: Path, certified: Rows, recipe: Callable[..., Recipe]
) -> None:
    base = steps.prepare_base.fn("builtin:tiny", "builtin", corpus)
    assert base.weights is not None
    assert base.revision == base.weights.sha256
    assert steps.prepare_base.fn("builtin:tiny", "builtin", corpus) == base

    run = steps.finetune.fn(dataset_of(certified(8)), recipe(method="lora"), base)
    store = open_store()
    assert AutoModelForCausalLM.from_pretrained(store.path(run.weights)).config.hidden_size == 64
    assert [row["step"] for row in store.rows(run.curve) if "loss" in row] == [1, 2]
    assert run.id.startswith("run-")
    assert run.tokens > 0
    assert 0 < run.peak_memory_gib < 64
    assert list((data_dir / "tensorboard" / run.id).iterdir())
    assert not list((data_dir / "work" / "training").iterdir())


def test_the_objective_chooses_the_trainer_and_its_rows(
    small_base: Path, data_dir: Path, certified: Rows, recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUNDS_THREADS", "1")
    base, dataset = Base(name=str(small_base), revision="1"), dataset_of(certified(8))
    with pytest.raises(TrainingError, match="no preferences for dpo"):
        steps.finetune.fn(dataset, recipe(objective="dpo"), base)
    pairs = open_store().save_rows("preferences", [preference(index) for index in range(20)])
    exclusions = {"longer than max_tokens": 5, "as a preference: longer than max_tokens": 3}
    preferences = {"train": pairs, "validation": pairs, "test": pairs}
    dataset = dataset.model_copy(update={"preferences": preferences, "exclusions": exclusions})
    run = steps.finetune.fn(dataset, recipe(objective="dpo", max_steps=1), base)
    assert (run.objective, run.too_long) == ("dpo", 3)
    assert run.first_loss == pytest.approx(0.6931, abs=1e-3)
    assert "eval_rewards/margins" in list(open_store().rows(run.curve))[-1]


def test_the_run_id_depends_on_dataset_values_and_base_only(
    data_dir: Path, certified: Rows, recipe: Callable[..., Recipe]
) -> None:
    dataset, base = dataset_of(certified(4)), Base(name="a/b", revision="1")
    same = steps.run_identity(dataset, recipe(), base)
    assert same == steps.run_identity(dataset, recipe(name="renamed"), base)
    others = [
        steps.run_identity(dataset, recipe(seed=18), base),
        steps.run_identity(dataset.model_copy(update={"id": "ds-other"}), recipe(), base),
        steps.run_identity(dataset, recipe(), Base(name="a/b", revision="2")),
    ]
    assert len({same, *others}) == 4


def test_the_built_in_base_without_a_corpus_is_refused(data_dir: Path) -> None:
    with pytest.raises(TrainingError, match="no corpus"):
        steps.prepare_base.fn("builtin:tiny", "builtin", None)


def test_a_folder_is_a_base_in_place(small_base: Path, data_dir: Path) -> None:
    revision = steps.identify_base.fn(str(small_base))
    base = steps.prepare_base.fn(str(small_base), revision, None)
    assert base == Base(name=str(small_base), revision=revision)
    assert base.source(open_store()) == (small_base, None)


def test_a_recipe_is_checked_against_base_and_machine_before_the_run(
    small_base: Path, data_dir: Path, recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = Base(name=str(small_base), revision="1")
    assert 0 < steps.check_recipe.fn(recipe(method="lora"), base) < 1
    with pytest.raises(TrainingError, match="lora_r is 64"):
        steps.check_recipe.fn(recipe(method="lora", lora_r=64), base)
    monkeypatch.setattr(memory, "this_machine", lambda _, **__: memory.Machine("cpu", 0.001, bf16=True, whole=True))
    with pytest.raises(TrainingError, match="this machine has"):
        steps.check_recipe.fn(recipe(method="lora"), base)


def test_memory_that_is_short_now_refuses_the_run_and_not_what_the_cache_would_answer(
    small_base: Path, data_dir: Path, certified: Rows, recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = Base(name=str(small_base), revision="1")
    free = memory.Machine("cpu", 0.001, bf16=True)
    monkeypatch.setattr(
        memory, "this_machine", lambda _, whole=False: replace(free, gib=64, whole=True) if whole else free
    )
    assert 0 < steps.check_recipe.fn(recipe(method="lora"), base) < 1
    with pytest.raises(TrainingError, match="GiB are free"):
        steps.finetune.fn(dataset_of(certified(4)), recipe(method="lora"), base)
    assert not (data_dir / "work" / "training").exists()
