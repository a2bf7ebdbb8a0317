"""A run's records, turned into what the report page shows: sums, shares, drawings and a few chosen answers.

Nothing here is markup except the drawings; the template escapes every text.
"""

from typing import Any

from infra.artifacts import ArtifactStore
from tasks.records import Answers
from tasks.scoring.answering import AnswerRow, read_answers
from tasks.scoring.charts import Line, line_plot
from tasks.scoring.report_answers import differences_view, examples, pairs, rouge_gains, scores_view, speed_view
from tasks.scoring.report_input import Contender, ReportInput
from tasks.scoring.report_rows import privacy_view, rows_view

LONG_QUESTION = 420  # characters; a longer prompt is folded

View = dict[str, Any]


def build_view(report: ReportInput, store: ArtifactStore) -> View:
    """Return everything the template shows, section by section; a section that a run lacks is None.

    Raises:
        StorageError: an artifact that the report names is missing or damaged.
    """
    held_out = _both(report, store, "held_out")
    gains = rouge_gains(*held_out) if all(held_out) else []
    return {
        "report": report,
        "headline": _headline(report),
        "rows": rows_view(report),
        "privacy": privacy_view(report),
        "learning": _learning(report, store),
        "scores": scores_view(report),
        "differences": differences_view(report, gains),
        "speed": speed_view(report, held_out),
        "examples": examples(*held_out, gains) if gains else [],
        "suite": pairs(*_both(report, store, "suite")),
        "model": _model(report, store),
        "time": _time(report),
        "has_lineage": any((report.dataset, report.training, report.candidate, report.baseline, report.git_sha)),
        "long_question": LONG_QUESTION,
    }


def _headline(report: ReportInput) -> View:
    decision = report.decision
    if decision is None:
        return {"word": "No decision", "css": "none", "reason": report.summary or "The run ended before a comparison."}
    word = "Promoted" if decision.promote else "Kept"
    reason = decision.reason.removeprefix(f"{word}: ")
    return {"word": word, "css": word.lower(), "reason": reason[:1].upper() + reason[1:]}


def _learning(report: ReportInput, store: ArtifactStore) -> View | None:
    run = report.training
    if run is None:
        return None
    points = list(store.rows(run.curve))
    lines = [
        Line(name, css, [(float(p["step"]), float(p[key])) for p in points if p.get(key) is not None])
        for name, css, key in (("training loss", "train", "loss"), ("validation loss", "eval", "eval_loss"))
    ]
    drawn = [line for line in lines if line.points]
    label = f"Loss over {run.steps} steps, from {run.first_loss:.2f} to {run.last_loss:.2f}."
    return {"run": run, "plot": line_plot(drawn, label) if drawn else None}


def _model(report: ReportInput, store: ArtifactStore) -> View | None:
    """Show the file that is served from now on: the candidate's if it was promoted, else the base's."""
    promoted = report.decision is not None and report.decision.promote
    contender = report.candidate if promoted or report.baseline is None else report.baseline
    if contender is None:
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


def _both(report: ReportInput, store: ArtifactStore, which: str) -> tuple[list[AnswerRow], list[AnswerRow]]:
    def rows(contender: Contender | None) -> list[AnswerRow]:
        answers: Answers | None = getattr(contender, which) if contender else None
        return list(read_answers(store, answers)) if answers else []

    return rows(report.baseline), rows(report.candidate)
