"""One weekly round: take in what is new, redact it, train a candidate, judge the file that would be served, decide.

Every step is cached by content, so a killed round goes on where it stopped and a round with nothing new repeats
nothing. Rollout to serving hosts is not part of it yet: a promoted model is the champion of the registry.
"""

import time
from datetime import UTC, datetime

from prefect import flow

from flows.base_models import baseline_of, prepare_base
from flows.collect import ONE_BY_ONE, collect_and_redact
from flows.evidence import judge, publish, round_id
from flows.finetune import train_candidate
from flows.parameters import WeeklyRequest
from flows.recipe_choice import chosen_recipe
from infra.database import exclusive
from tasks.records import Round
from tasks.registry import steps as registry
from tasks.scoring import steps as scoring
from tasks.scoring.gate import GateRules
from tasks.scoring.report_input import ReportInput
from tasks.training import steps as training


@flow(name="weekly-retrain", flow_run_name="weekly {request.agent_type}", task_runner=ONE_BY_ONE)
def weekly_retrain(request: WeeklyRequest) -> Round:
    """Run one round for one agent and return how it ended; a second one of the agent is refused meanwhile."""
    with exclusive(f"{request.agent_type}'s rows"):
        return run_round(request, started=time.monotonic())


def run_round(request: WeeklyRequest, *, started: float) -> Round:
    """Collect, train, judge, decide; return early where the outcome is known already."""
    recipe = chosen_recipe(request)
    training.identify_base(recipe.base)  # a base that is mistyped is told of before anything is taken in

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
    rules = GateRules(margin=request.margin)
    this_round = round_id(request, rules, candidate.id, baseline.id, dataset.id, run.id)
    concluded = registry.find_round(this_round)
    if concluded is not None:
        return concluded

    before, after = judge(baseline, dataset, request), judge(candidate, dataset, request)
    comparison = scoring.compare(before.held_out, after.held_out)
    decision = scoring.decide(comparison, after.held_out_scores, rules)

    evidence = ReportInput(
        run=this_round,
        agent_type=request.agent_type,
        finished_at=datetime.now(UTC),
        readings=readings,
        redacted=new_shards,
        dataset=dataset,
        recipe=recipe,
        training=run,
        baseline=before,
        candidate=after,
        comparison=comparison,
        rules=rules,
        decision=decision,
        git_sha=run.git_sha,
    )
    ended = Round(
        id=this_round,
        agent_type=request.agent_type,
        outcome="Promoted" if decision.promote else "Kept",
        reason=decision.reason,
        candidate_id=candidate.id,
        baseline_id=baseline.id,
        report=publish(evidence, seconds=time.monotonic() - started),
    )
    registry.conclude(ended, decision)
    return ended
