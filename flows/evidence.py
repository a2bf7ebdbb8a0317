"""What a round shows for its decision: both models' answers and scores, the report page, and the same in Prefect."""

import hashlib
from datetime import UTC, datetime

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.parameters import WeeklyRequest
from infra import step_ledger
from infra.settings import get_settings
from tasks.records import MEMORY_CANARIES, Comparison, DatasetVersion, ModelVersion, PromotionDecision
from tasks.registry import steps as registry
from tasks.scoring import steps as scoring
from tasks.scoring.gate import Evidence, GateRules
from tasks.scoring.judges import judge_name
from tasks.scoring.report_input import Contender, ReportInput, StepTiming
from tasks.scoring.suites import built_in_suites


def judge(model: ModelVersion, dataset: DatasetVersion, request: WeeklyRequest) -> Contender:
    """Return the model with its answers to the held-out items, their scores, and its answers to every suite."""
    held_out = scoring.answer_held_out(dataset, model.gguf, request.held_out_limit, request.answer_tokens)
    judge = judge_name(get_settings())
    scores = scoring.score(held_out, judge)
    registry.record_evaluation(scores)
    suites = tuple(scoring.answer_suite(suite, model.gguf, request.answer_tokens) for suite in built_in_suites())
    for answers in suites:
        registry.record_evaluation(scoring.score(answers, judge))
    return Contender(model=model, held_out=held_out, held_out_scores=scores, suite=suites[0], suites=suites)


def rules_of(request: WeeklyRequest) -> GateRules:
    """Return the gate's rules with what a person chose for this run."""
    return GateRules(
        margin=request.margin,
        min_secrets=min(1, get_settings().planted_secrets),
        max_seconds_p95=request.max_seconds_p95,
        max_size_gib=request.max_size_gib,
    )


def round_id(request: WeeklyRequest, rules: GateRules, *judged: str) -> str:
    """Name a round for all that was judged in it and for how it was judged."""
    judged_by = judge_name(get_settings())
    how = (rules.model_dump_json(), request.held_out_limit, request.answer_tokens, built_in_suites(), judged_by)
    digest = hashlib.sha256(repr((*judged, *how)).encode()).hexdigest()
    return f"{request.agent_type.lower()}-{digest[:10]}"


def weigh(
    before: Contender, after: Contender, dataset: DatasetVersion, request: WeeklyRequest, rules: GateRules
) -> tuple[Comparison, PromotionDecision, Evidence]:
    """Return the comparison on the held-out items, what the gates make of it, and what else they looked at."""
    judge = judge_name(get_settings())
    comparison = scoring.compare(before.held_out, after.held_out, judge)
    suites = tuple(scoring.compare(old, new, judge) for old, new in zip(before.suites, after.suites, strict=True))
    answers = (after.held_out, *after.suites)
    gguf, planted = after.model.gguf, dataset.sources.get(MEMORY_CANARIES)
    secrets = scoring.answer_secrets(dataset, gguf) if planted else None
    evidence = scoring.gather_evidence(dataset, gguf, answers, (comparison, *suites), secrets)
    return comparison, scoring.decide(comparison, after.held_out_scores, rules, evidence), evidence


def timed(report: ReportInput, *, seconds: float) -> ReportInput:
    """Return the report with what its steps took since the last one."""
    return report.model_copy(
        update={"finished_at": datetime.now(UTC), "flow_seconds": seconds, "steps": _timings(step_ledger.drain())}
    )


def publish(report: ReportInput) -> str:
    """Write the page under `reports/`, tell Prefect the same, and return the page's path."""
    page = scoring.write_report(report, str(get_settings().data / "reports" / report.run))
    if report.comparison is not None and report.decision is not None:
        create_table_artifact(_table(report.comparison), key="differences", description="Candidate minus baseline")
        create_markdown_artifact(_summary(report, report.decision, page), key="round")
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
