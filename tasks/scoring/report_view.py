"""A run's records, turned into what the report page shows: sums, shares, drawings and a few chosen answers.

Nothing here is markup except the drawings; the template escapes every text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.artifacts import ArtifactStore
from tasks.scoring.report_answers import Side, examples, regressions, suite_answers, worse_safety
from tasks.scoring.report_input import Figures, ReportInput
from tasks.scoring.report_learning import METHODS, learning_views
from tasks.scoring.report_rows import privacy_view, rows_view
from tasks.scoring.report_scores import differences_view, scores_view, slices_view, title

LONG_QUESTION = 420  # characters; a longer prompt is folded

View = dict[str, Any]


def build_view(
    report: ReportInput, sides: Sequence[Side], gains: Mapping[str, float], figures: Figures, store: ArtifactStore
) -> View:
    """Return everything the template shows, section by section; a section that a run lacks is None or empty.

    Raises:
        StorageError: an artifact that the report names is missing or damaged.
    """
    primary = report.rules.primary
    return {
        "report": report,
        "figures": figures,
        "headline": _headline(report),
        "primary": title(primary),
        "primary_difference": report.comparison.differences.get(primary) if report.comparison else None,
        "rows": rows_view(report),
        "privacy": privacy_view(report),
        "learning": learning_views(report, store),
        "methods": METHODS,
        "scores": scores_view(report, sides),
        "differences": differences_view(report, sides),
        "slices": slices_view(report),
        "safety": worse_safety(report, sides),
        "regressions": regressions(sides, figures.worst, primary),
        # Where the suite itself was scored, all of its answers follow anyway.
        "examples": examples(sides, gains, primary) if any(side.suite.keys() != gains.keys() for side in sides) else [],
        "suite": suite_answers(sides),
        "judged_by": next((side.contender.held_out_scores.judged_by for side in sides), ""),
        "suite_name": next((side.contender.suite.suite for side in sides if side.contender.suite), ""),
        "model": _model(report, store),
        "time": _time(report),
        "has_lineage": any((report.dataset, report.training, report.candidate, report.baseline, report.git_sha)),
        "long_question": LONG_QUESTION,
    }


def _headline(report: ReportInput) -> View:
    decision = report.decision
    if decision is None:
        reason = report.summary or ("" if report.headline else "The run ended before a comparison.")
        return {"word": report.headline or "No decision", "css": "none", "reason": reason}
    word = "Promoted" if decision.promote else "Kept"
    reason = decision.reason.removeprefix(f"{word}: ")
    return {"word": word, "css": word.lower(), "reason": reason[:1].upper() + reason[1:]}


def _model(report: ReportInput, store: ArtifactStore) -> View | None:
    """Show the file that serves from now on: the candidate's if it was promoted, else the base's; a study has none."""
    promoted = report.decision is not None and report.decision.promote
    contender = report.candidate if promoted or report.baseline is None else report.baseline
    if contender is None or (report.headline and report.decision is None):
        return None
    return {
        "version": contender.model,
        "is_candidate": promoted,
        "path": str(store.path(contender.model.gguf.artifact)),
    }


def _time(report: ReportInput) -> View | None:
    if not report.steps:
        return None
    worked = sum(step.seconds for step in report.steps if not step.cached)
    longest = max([step.seconds for step in report.steps if not step.cached], default=0.0)
    flow = report.flow_seconds
    overhead = max(0.0, flow - worked) if flow is not None else None
    return {
        "steps": [(s, 0.0 if s.cached or not longest else 100 * s.seconds / longest) for s in report.steps],
        "worked": worked,
        "cached": sum(step.cached for step in report.steps),
        "overhead": overhead,
        "overhead_share": overhead / flow if overhead is not None and flow else None,
    }
