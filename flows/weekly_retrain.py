"""One weekly round: take in what is new, redact it, train a candidate, judge the file that would be served, decide.

Every step is cached by content, so a killed round goes on where it stopped and a round with nothing new repeats
nothing. Rollout to serving hosts is not part of it yet: a promoted model is the champion of the registry.
"""

import time
from datetime import UTC, datetime

from prefect import flow

from flows.approval import approved, refuse_without_server
from flows.base_models import baseline_of, prepare_base
from flows.collect import ONE_BY_ONE, collect_and_redact
from flows.console import err
from flows.evidence import judge, publish, round_id, rules_of, timed, weigh
from flows.finetune import train_candidate
from flows.parameters import WeeklyRequest
from flows.recipe_choice import chosen_recipe
from infra.database import exclusive
from tasks.records import MEMORY_CANARIES, Round
from tasks.registry import steps as registry
from tasks.scoring import steps as scoring
from tasks.scoring.approval import NEEDED, voted, without_effect
from tasks.scoring.gate import GateRules
from tasks.scoring.report_input import ReportInput
from tasks.training import steps as training

UNANSWERED = "Kept: nobody approved in time; the same command asks again and repeats nothing else."


@flow(name="weekly-retrain", flow_run_name="weekly {request.agent_type}", task_runner=ONE_BY_ONE)
def weekly_retrain(request: WeeklyRequest) -> Round:
    """Run one round for one agent and return how it ended; a second one of the agent is refused meanwhile."""
    with exclusive(f"{request.agent_type}'s rows"):
        return run_round(request, started=time.monotonic())


def run_round(request: WeeklyRequest, *, started: float) -> Round:
    """Collect, train, judge, decide; return early where the outcome is known already."""
    refuse_without_server("none" if request.dry_run else request.approval)
    recipe = chosen_recipe(request)
    training.identify_base(recipe.base)  # a base that is mistyped is told of before anything is taken in
    rules = rules_of(request)
    plan = planned(request, rules)

    collect_and_redact(request)
    new_shards = registry.shards_since_last_round(request.agent_type)
    readings = registry.readings_since_last_round(request.agent_type)

    base = prepare_base(recipe.base)
    candidate, run, dataset = train_candidate(request, recipe, base)

    earlier = registry.round_that_promoted(candidate.id)
    if earlier is not None:
        return earlier.model_copy(
            update={"outcome": "Kept", "reason": f"Kept: nothing new since {candidate.id} became the champion."}
        )
    baseline = baseline_of(request.agent_type, base, request.gguf_quantization)
    this_round = round_id(request, rules, candidate.id, baseline.id, dataset.id, run.id)
    concluded = registry.find_round(this_round)
    if concluded is not None:
        return concluded

    before, after = judge(baseline, dataset, request), judge(candidate, dataset, request)
    comparison, decision, weighed = weigh(before, after, dataset, request, rules)

    evidence = ReportInput(
        run=this_round,
        agent_type=request.agent_type,
        finished_at=datetime.now(UTC),
        readings=readings,
        redacted=tuple(shard for shard in new_shards if shard.source != MEMORY_CANARIES),
        dataset=dataset,
        recipe=recipe,
        training=run,
        baseline=before,
        candidate=after,
        comparison=comparison,
        rules=rules,
        decision=without_effect(decision) if request.dry_run else decision,
        evidence=weighed,
        plan=plan,
        git_sha=run.git_sha,
    )
    return ended(timed(evidence, seconds=time.monotonic() - started), request)


def planned(request: WeeklyRequest, rules: GateRules) -> str:
    """Say, before anything else is done, how many items it takes to see a gain."""
    last = registry.last_round(request.agent_type)
    plan = scoring.plan_items(last.report if last else None, rules, request.held_out_limit)
    err.print(plan.sentence)
    return plan.sentence


def ended(evidence: ReportInput, request: WeeklyRequest) -> Round:
    """Publish what was judged, ask the persons whose word is needed, and conclude the round."""
    assert evidence.baseline and evidence.candidate and evidence.decision
    decision, answered = evidence.decision, True
    if decision.promote and request.approval != "none":
        pending = voted(decision, (), NEEDED[request.approval])  # the page must not say that it was promoted
        page = publish(evidence.model_copy(update={"decision": pending}))
        said = approved(decision, request.approval, page)
        decision, answered = said or pending, said is not None
    if answered:
        page = publish(evidence.model_copy(update={"decision": decision}))
    result = Round(
        id=evidence.run,
        agent_type=request.agent_type,
        outcome="Promoted" if decision.promote else "Kept",
        reason=decision.reason if answered else UNANSWERED,
        candidate_id=evidence.candidate.model.id,
        baseline_id=evidence.baseline.model.id,
        report=page,
    )
    if answered and not request.dry_run:
        registry.conclude(result, decision)
    return result
