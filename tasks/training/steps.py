"""The training stage: a base model and a dataset version in, one fine-tuned model out."""

import hashlib
import logging
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from infra.artifacts import open_store
from infra.settings import get_settings
from tasks.errors import TrainingError
from tasks.policies import progress, stage_digest, step
from tasks.records import Artifact, Base, DatasetVersion, Recipe, TrainingRun
from tasks.training import base_models, recipes

log = logging.getLogger(__name__)

REPOSITORY = Path(__file__).parents[2]


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
    """Return the GiB that the run will need; a recipe that the base or this machine cannot do is refused here."""
    from tasks.training import base_shape, memory, precision

    shape = base_shape.shape_of(*base.source(open_store()))
    base_shape.refuse_adapter_that_does_not_fit(recipe, shape)
    machine = memory.this_machine(precision.best_device())
    needed = memory.refuse_what_does_not_fit(recipe, shape, machine)
    log.info("recipe fits needed_gib=%.2f free_gib=%.2f device=%s", needed.gib, machine.gib, machine.device)
    return round(needed.gib, 3)


@step()
def finetune(dataset: DatasetVersion, recipe: Recipe, base: Base) -> TrainingRun:
    """Fine-tune the base on the dataset's training split; a killed run goes on from its last checkpoint."""
    from tasks.training import fine_tuning, precision

    settings, store = get_settings(), open_store()
    run_id = run_identity(dataset, recipe, base)
    work = settings.data / "work" / "training" / run_id
    precision.use_threads(settings.threads)
    outcome = fine_tuning.fine_tune(
        recipe,
        *base.source(store),
        store.rows(dataset.splits["train"]),
        store.rows(dataset.splits["validation"]),
        redaction=dataset.redaction,
        work=work,
        tensorboard=settings.data / "tensorboard" / run_id,
        merged=work / "merged",
        on_progress=_steps_done(),
    )
    run = TrainingRun(
        id=run_id,
        dataset_id=dataset.id,
        recipe=recipe.name,
        recipe_sha256=recipes.digest(recipe),
        base=base,
        weights=store.save_folder("weights", work / "merged"),
        curve=store.save_rows("curve", outcome.curve),
        first_loss=outcome.first_loss,
        last_loss=outcome.last_loss,
        eval_loss=outcome.eval_loss,
        steps=outcome.steps,
        seconds=outcome.seconds,
        tokens=outcome.tokens,
        peak_memory_gib=outcome.peak_memory_gib,
        git_sha=_git_sha(),
    )
    shutil.rmtree(work)
    log.info("finetuned run=%s steps=%d loss=%.4f seconds=%.1f", run.id, run.steps, run.last_loss, run.seconds)
    return run


def run_identity(dataset: DatasetVersion, recipe: Recipe, base: Base) -> str:
    """Return the id under which this dataset, recipe and base train, and find their checkpoints again."""
    code = stage_digest(Path(__file__).parent)  # a checkpoint of other code is not gone on with
    content = "\n".join((dataset.id, recipes.digest(recipe), base.revision, code))
    return f"run-{hashlib.sha256(content.encode()).hexdigest()[:10]}"


def _steps_done() -> Callable[[int, int, float], None]:
    tell = progress("steps")
    return lambda done, total, _: tell(done, total)


def _git_sha() -> str:
    """Return the commit that this code was checked out at, or `unknown` outside a repository."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()
