"""One weekly round: take in what is new, redact it, train a candidate, judge the file that would be served, decide.

Every step is cached by content, so a killed round goes on where it stopped and a round with nothing new repeats
nothing. Rollout to serving hosts is not part of it yet: a promoted model is the champion of the registry.
"""

from prefect import flow

from flows.base_models import prepare_base
from flows.collect import collect_and_redact
from flows.evidence import publish, report_input
from flows.requests import Round, WeeklyRequest
from infra import step_ledger
from infra.settings import get_settings
from tasks.dataset import steps as dataset
from tasks.gguf import steps as gguf
from tasks.records import CurationPolicy, ModelVersion
from tasks.registry import steps as registry
from tasks.scoring import steps as scoring
from tasks.training import steps as training

QUANTISATIONS = ("F16", "Q4_K_M", "Q6_K", "Q8_0")


@flow(name="weekly-retrain", flow_run_name="weekly {request.agent_type}")
def weekly_retrain(request: WeeklyRequest) -> Round:
    """Run one round for one agent and return what became of it."""
    recipe = training.read_recipe(request.recipe, request.base)
    base = prepare_base(recipe.base)
    collect_and_redact(request)

    policy = CurationPolicy(
        agent_type=request.agent_type,
        max_tokens=recipe.max_tokens,
        min_examples=request.min_examples,
        split_key=get_settings().key_fingerprint(),
    )
    suites = scoring.find_suites()
    shards = registry.list_shards(request.agent_type)
    examples = dataset.build_dataset(shards, policy, base, suites)
    registry.record_dataset(examples)

    run = training.finetune(examples, recipe, base)
    files = gguf.export_gguf(run.weights, QUANTISATIONS)
    ...
