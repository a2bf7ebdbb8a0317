"""What a finished run leaves in the store: weights, adapter, curve and model card, and the record that names them."""

import subprocess
from pathlib import Path
from typing import Any

import orjson

from infra.artifacts import ArtifactStore
from infra.settings import Settings
from tasks.records import Artifact, TrainingRun
from tasks.training import recipes
from tasks.training.model_card import JSON, Made, card_of, licence_of, save_card, without_measurements
from tasks.training.starting_points import name_base

REPOSITORY = Path(__file__).parents[2]


def keep_run(
    made: Made, work: Path, data_card: Artifact | None, store: ArtifactStore, settings: Settings
) -> TrainingRun:
    """Save `merged` and `adapter` of a run's work folder, each with what lasts of its card, and return its record.

    Raises:
        StorageError: the store refused; what was saved before stays, under names that nothing leads to.
    """
    card = card_of(made, _content(data_card, store), licence_of(made.base, store), settings)
    has_adapter = made.recipe.method != "full"
    if has_adapter:
        name_base(work / "adapter", made.base)
    save_card(card, work / "card")
    for name in ("merged", *(["adapter"] if has_adapter else [])):
        save_card(without_measurements(card), work / name)
    outcome = made.outcome
    longer = "longer than max_tokens" if made.recipe.objective == "sft" else "as a preference: longer than max_tokens"
    return TrainingRun(
        id=made.run_id,
        dataset_id=made.dataset.id,
        recipe=made.recipe.name,
        recipe_sha256=recipes.digest(made.recipe),
        base=made.base,
        weights=store.save_folder("weights", work / "merged"),
        adapter=store.save_folder("adapter", work / "adapter") if has_adapter else None,
        card=store.save_folder("model-card", work / "card"),
        objective=made.recipe.objective,
        continued_from=made.earlier.id if made.earlier else None,
        forgetting=made.forgetting,
        energy_kwh=made.energy.kwh,
        curve=store.save_rows("curve", outcome.curve),
        first_loss=outcome.first_loss,
        last_loss=outcome.last_loss,
        eval_loss=outcome.eval_loss,
        best_step=outcome.best_step,
        stopped_early=outcome.stopped_early,
        memory_retries=outcome.memory_retries,
        merge_difference=outcome.merge_difference,
        too_long=outcome.too_long + made.dataset.exclusions.get(longer, 0),
        steps=outcome.steps,
        seconds=outcome.seconds,
        tokens=outcome.tokens,
        peak_memory_gib=outcome.peak_memory_gib,
        git_sha=made.git_sha,
    )


def git_sha() -> str:
    """Return the commit that this code was checked out at, or `unknown` outside a repository."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()


def _content(data_card: Artifact | None, store: ArtifactStore) -> dict[str, Any]:
    if data_card is None:
        return {}
    content: dict[str, Any] = orjson.loads((store.path(data_card) / JSON).read_bytes())
    return content
