"""How the models learned: loss and sampled answers over steps, and what was noted on the way."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.artifacts import ArtifactStore
from tasks.records import Recipe, TrainingRun
from tasks.scoring.charts import Line, line_plot
from tasks.scoring.report_input import ReportInput

METHODS = {"qlora": "QLoRA", "lora": "LoRA", "full": "full fine-tuning"}
PLOTS = {
    "Loss": (("training loss", "train", "loss"), ("validation loss", "eval", "eval_loss")),
    "Likeness of sampled validation answers": (("ROUGE-L", "train", "rouge_l"), ("BLEU", "eval", "bleu")),
}

View = dict[str, Any]


def learning_views(report: ReportInput, store: ArtifactStore) -> list[View]:
    """Return one entry for each training run: curves, notes, and the recipe if it is that run's.

    Raises:
        StorageError: a curve is missing or damaged.
    """
    runs = [("", report.training)] + [(other.name or other.model.id, other.training) for other in report.others]
    views = [_run(name, run, report.recipe, store) for name, run in runs if run is not None]
    if len(views) > 1 and not views[0]["name"]:
        views[0]["name"] = (report.candidate.name if report.candidate else "") or "candidate"
    return views


def _run(name: str, run: TrainingRun, recipe: Recipe | None, store: ArtifactStore) -> View:
    points = list(store.rows(run.curve))
    return {
        "name": name,
        "run": run,
        "plots": list(_plots(points, run)),
        "notes": list(_notes(run)),
        "recipe": recipe if recipe and recipe.name == run.recipe else None,
    }


def _plots(points: Sequence[Mapping[str, Any]], run: TrainingRun) -> Iterator[View]:
    for caption, lines in PLOTS.items():
        drawn = [Line(name, css, _points(points, key)) for name, css, key in lines]
        drawn = [line for line in drawn if line.points]
        if drawn:
            ends = "; ".join(f"{line.name} from {line.points[0][1]:.3f} to {line.points[-1][1]:.3f}" for line in drawn)
            mark = float(run.best_step) if run.best_step is not None else None
            kept = f"; the weights of step {run.best_step:,} were kept" if run.best_step is not None else ""
            plot = line_plot(drawn, f"{caption} over {run.steps:,} steps: {ends}{kept}.", mark)
            yield {"caption": caption, "best_step": run.best_step} | plot


def _points(points: Sequence[Mapping[str, Any]], key: str) -> list[tuple[float, float]]:
    found = [(float(point["step"]), float(point[key])) for point in points if point.get(key) is not None]
    return sorted((step, value) for step, value in found if math.isfinite(value))


def _notes(run: TrainingRun) -> Iterator[tuple[str, str]]:
    """Yield what a reader should know of the run, label and words; what did not happen is not told."""
    if run.objective != "sft":
        yield "Objective", run.objective.upper()
    if run.continued_from:
        yield "Went on from", run.continued_from
    if run.best_step is not None:
        yield "Weights kept", f"of step {run.best_step:,} of {run.steps:,}"
    if run.stopped_early:
        yield "Stopped early", f"at step {run.steps:,}: the validation loss did not fall any more"
    if {"before", "after"} <= run.forgetting.keys():
        yield "Earlier rounds' items", _forgetting(run.forgetting)
    if run.too_long:
        yield "Too long", f"{run.too_long:,} example{'s were' if run.too_long != 1 else ' was'} left out or cut"
    if run.memory_retries:
        times = "once" if run.memory_retries == 1 else f"{run.memory_retries} times"
        yield "Memory", f"the micro-batch was halved {times} to fit"
    if run.merge_difference is not None:
        yield "Merged against adapter", f"logits differ by at most {100 * run.merge_difference:.2g} %"
    yield "Peak memory", f"{run.peak_memory_gib:.1f} GiB"
    if run.energy_kwh is not None:
        yield "Energy", f"{run.energy_kwh:.3g} kWh, estimated"


def _forgetting(losses: Mapping[str, float]) -> str:
    before, after = losses["before"], losses["after"]
    items = f", {losses['items']:,.0f} items" if "items" in losses else ""
    change = f"{after - before:+.3f}".replace("-", "−")
    forgot = "; it forgot" if losses.get("low", 0.0) > losses.get("margin", 0.0) else ""
    return f"validation loss {before:.3f} before, {after:.3f} after ({change}{items}){forgot}"
