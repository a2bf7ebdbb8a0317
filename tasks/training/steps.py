"""The training stage: a base model and a dataset version in, one fine-tuned model out."""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from infra.artifacts import open_store
from infra.settings import get_settings
from tasks.errors import TrainingError
from tasks.policies import progress, stage_digest, step
from tasks.records import Artifact, Base, DatasetVersion, Recipe, TrainingRun
from tasks.training import base_models, recipes, work_folders

log = logging.getLogger(__name__)


@step(cached=False)
def identify_base(name: str) -> str:
    """Return the revision that a base model's name stands for now: an id or a folder may have changed."""
    return base_models.identify(name)


@step()
def prepare_base(name: str, revision: str, corpus: Artifact | None) -> Base:
    """Make `builtin:tiny` out of the corpus, or check that another base can be trained on chats."""
    from tasks.training import base_loading, precision

    store = open_store()
    if name != base_models.BUILTIN:
        base = Base(name=name, revision=revision)
        base_loading.open_tokenizer(*base.source(store))
        return base
    if corpus is None:
        raise TrainingError(f"{name} has no corpus to learn from.", fix="pass the artifact of the pre-training corpus")
    from tasks.training import tiny_base

    precision.use_threads(get_settings().threads)
    with tempfile.TemporaryDirectory() as folder_:
        texts = (str(row["text"]) for row in store.rows(corpus))
        tiny_base.pretrain(texts, Path(folder_), on_progress=_steps_done())
        weights = store.save_folder("base", Path(folder_))
    return Base(name=name, revision=weights.sha256, weights=weights)


@step(cached=False)
def check_recipe(recipe: Recipe, base: Base) -> float:
    """Return the GiB that the run will need; a recipe that the base or this machine can never do is refused here.

    What is free just now does not decide: the run may be answered from the cache. `finetune` refuses for that.
    """
    from tasks.training import base_shape, fitting, memory, precision

    shape = base_shape.shape_of(*base.source(open_store()))
    base_shape.refuse_adapter_that_does_not_fit(recipe, shape)
    device = precision.best_device()
    needed = fitting.refuse_what_does_not_fit(recipe, shape, memory.this_machine(device, whole=True)).gib
    free = memory.this_machine(device).gib
    tell = log.info if needed <= free else log.warning
    tell("recipe checked needed_gib=%.2f free_now_gib=%.2f device=%s", needed, free, device)
    return round(needed, 3)


@step()
def finetune(
    dataset: DatasetVersion,
    recipe: Recipe,
    base: Base,
    data_card: Artifact | None = None,
    earlier: TrainingRun | None = None,
    earlier_items: Artifact | None = None,
) -> TrainingRun:
    """Fine-tune on the dataset's training split; a killed run goes on from its last checkpoint.

    `earlier` is a run whose weights it goes on from, in place of the base's; `earlier_items` is the validation split of
    an earlier dataset, on which forgetting is measured; the model card sums up `data_card`.
    """
    from tasks.training import (
        base_shape,
        energy,
        fitting,
        forgetting,
        launching,
        memory,
        model_card,
        precision,
        run_artifacts,
        starting_points,
    )
    from tasks.training.jobs import Job

    settings, store = get_settings(), open_store()
    if settings.training_strategy != "fsdp":  # which holds a part of the model on each device
        machine = memory.this_machine(precision.best_device())
        fitting.refuse_what_does_not_fit(recipe, base_shape.shape_of(*base.source(store)), machine)
    run_id = run_identity(dataset, recipe, base, earlier)
    source, revision = base.source(store)
    splits = dataset.splits if recipe.objective == "sft" else dataset.preferences
    if not splits:
        raise TrainingError(
            f"Dataset {dataset.id} has no preferences for {recipe.objective}.",
            fix="build it again with this recipe: rounds train, or rounds weekly",
        )
    job = Job(
        recipe=recipe,
        source=str(source),
        revision=revision,
        start=starting_points.start_folder(recipe, base, earlier, store),
        train=splits["train"],
        validation=splits["validation"],
        redaction=dataset.redaction,
        work=settings.data / "work" / "training" / run_id,
        tensorboard=settings.data / "tensorboard" / run_id,
    )
    work_folders.remove_abandoned(job.work.parent, keep=run_id)
    precision.use_threads(settings.threads)
    meter = energy.Meter(precision.best_device())
    outcome = launching.train(job, settings.training_processes, settings.training_strategy, _steps_done())
    used = meter.read()
    forgot = forgetting.measure_forgetting(
        recipe,
        (store.path(earlier.weights), None) if earlier else (source, revision),
        job.merged,
        store.rows(dataset.splits["validation"]),
        store.rows(earlier_items) if earlier_items else (),
        redaction=dataset.redaction,
    )
    made = model_card.Made(
        run_id, dataset, recipe, base, outcome, earlier, forgot, used, git_sha=run_artifacts.git_sha()
    )
    run = run_artifacts.keep_run(made, job.work, data_card, store, settings)
    shutil.rmtree(job.work)
    log.info("finetuned run=%s steps=%d loss=%.4f seconds=%.1f", run.id, run.steps, run.last_loss, run.seconds)
    return run


def run_identity(dataset: DatasetVersion, recipe: Recipe, base: Base, earlier: TrainingRun | None = None) -> str:
    """Return the id under which this dataset, recipe and start train, and find their checkpoints again."""
    code = stage_digest(Path(__file__).parent)  # a checkpoint of other code is not gone on with
    start = earlier.id if earlier else "base"
    content = "\n".join((dataset.id, recipes.digest(recipe), base.revision, start, code))
    return f"run-{hashlib.sha256(content.encode()).hexdigest()[:10]}"


def _steps_done() -> Callable[[int, int, float], None]:
    tell = progress("steps")
    return lambda done, total, _: tell(done, total)
