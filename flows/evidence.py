"""What a round shows for its decision: both models' answers and scores, the report page, and the same in Prefect."""

import hashlib
from datetime import UTC, datetime

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.parameters import WeeklyRequest
from infra import step_ledger
from infra.settings import get_settings
from tasks.records import Comparison, DatasetVersion, ModelVersion, PromotionDecision
from tasks.registry import steps as registry
from tasks.scoring import steps as scoring
from tasks.scoring.gate import GateRules
from tasks.scoring.report_input import Contender, ReportInput, StepTiming
from tasks.scoring.suites import built_in_suites


def judge(model: ModelVersion, dataset: DatasetVersion, request: WeeklyRequest) -> Contender:
    """Return the model with its answers to the held-out items, their scores, and its answers to the first suite."""
    held_out = scoring.answer_held_out(dataset, model.gguf, request.held_out_limit, request.answer_tokens)
    scores = scoring.score(held_out)
    registry.record_evaluation(scores)
    suite = scoring.answer_suite(built_in_suites()[0], model.gguf, request.answer_tokens)
    registry.record_evaluation(scoring.score(suite))
    return Contender(model=model, held_out=held_out, held_out_scores=scores, suite=suite)


def round_id(request: WeeklyRequest, rules: GateRules, *judged: str) -> str:
    """Name a round for all that was judged in it and for how it was judged."""
    how = (rules.model_dump_json(), request.held_out_limit, request.answer_tokens, built_in_suites())
    digest = hashlib.sha256(repr((*judged, *how)).encode()).hexdigest()
    return f"{request.agent_type.lower()}-{digest[:10]}"


def publish(report: ReportInput, *, seconds: float) -> str:
    """Write the page under `reports/`, tell Prefect the same, and return the page's path."""
    timed = report.model_copy(
        update={"finished_at": datetime.now(UTC), "flow_seconds": seconds, "steps": _timings(step_ledger.drain())}
    )
    page = scoring.write_report(timed, str(get_settings().data / "reports" / report.run))
    if timed.comparison is not None and timed.decision is not None:
        create_table_artifact(_table(timed.comparison), key="differences", description="Candidate minus baseline")
        create_markdown_artifact(_summary(timed, timed.decision, page), key="round")
    return page


def _timings(times: tuple[step_ledger.StepTime, ...]) -> tuple[StepTiming, ...]:
    return tuple(StepTiming(step=t.step, seconds=t.seconds, cached=t.cached) for t in times)


def _table(comparison: Comparison) -> list[dict[str, object]]:
    return [
        {"metric": name, "difference": e.value, "low": e.low, "high": e.high, "items": e.n}
        for name, e in comparison.differences.items()
    ]


def _summary(report: ReportInput, decision: PromotionDecision, page: str) -> str:
    gates = "\n".join(f"| {g.name} | {'yes' if g.passed else 'no'} | {g.seen} | {g.needed} |" for g in decision.gates)
    return f"{decision.reason}\n\n| gate | passed | seen | needed |\n|---|---|---|---|\n{gates}\n\nReport: `{page}`"
