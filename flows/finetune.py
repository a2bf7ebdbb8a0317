"""Fine-tune a candidate on everything that was collected for an agent, and register it without judging it."""

from prefect import flow

from flows.base_models import gguf_names, model_version, prepare_base
from flows.collect import plant_secrets
from flows.parameters import TrainRequest
from flows.recipe_choice import chosen_recipe
from infra.settings import get_settings
from tasks.dataset import steps as dataset
from tasks.gguf import steps as gguf
from tasks.ingest.interactions import LOW_RATED
from tasks.phi import steps as phi
from tasks.records import (
    MEMORY_CANARIES,
    Base,
    CurationPolicy,
    DatasetVersion,
    ModelVersion,
    Protection,
    Recipe,
    RedactedShard,
    Suite,
    TrainingRun,
)
from tasks.registry import steps as registry
from tasks.scoring.suites import built_in_suites
from tasks.training import steps as training

QUANTISATIONS = ("F16", "Q4_K_M", "Q6_K", "Q8_0")


@flow(name="finetune", flow_run_name="finetune {request.agent_type}")
def finetune(request: TrainRequest) -> ModelVersion:
    """Train on the recorded shards of one agent and register the candidate."""
    recipe = chosen_recipe(request)
    return train_candidate(request, recipe, prepare_base(recipe.base))[0]


def train_candidate(
    request: TrainRequest,
    recipe: Recipe,
    base: Base,
    apart_from: tuple[Suite, ...] | None = None,
    *,
    to_serve: bool = True,
) -> tuple[ModelVersion, TrainingRun, DatasetVersion]:
    """Return the registered candidate with the run and the dataset that made it.

    It learns nothing that stands in the questions of `apart_from`; None: of the suites that come with Rounds. One that
    is not `to_serve` may be poor: answers without an end and a rough quantisation are then no reason to refuse it.
    """
    training.check_recipe(recipe, base)
    protection = phi.protect(request.phi_mode, request.phi_policy)
    policy = CurationPolicy(
        agent_type=request.agent_type,
        redaction=protection.policy_version,
        max_tokens=recipe.max_tokens,
        too_long=recipe.too_long,
        min_examples=request.min_examples,
        split_key=get_settings().key_fingerprint(),
        mix=recipe.mix,
        preferences=recipe.objective != "sft",
    )
    plant_secrets(request.agent_type, protection)
    unlearned = {LOW_RATED} if get_settings().planted_secrets else {LOW_RATED, MEMORY_CANARIES}
    everything = shards_under(protection, request.agent_type)
    shards = tuple(shard for shard in everything if shard.source not in unlearned)
    chats = tuple(shard for shard in everything if shard.kind == "interactions")
    withdrawn = registry.withdrawn_rows(request.agent_type)
    signatures = tuple(dataset.sign_shard(shard) for shard in shards)
    names = tuple(shard.artifact.sha256 for shard in shards)
    earlier = registry.dataset_learned_before(request.agent_type, names, LOW_RATED)
    replayed = earlier.shards if earlier and recipe.mix.replay_share < 1 else ()
    suites = built_in_suites() if apart_from is None else apart_from
    examples = dataset.build_dataset(shards, policy, base, suites, withdrawn, signatures, replayed, chats)
    card = dataset.describe_dataset(examples, policy)
    described = examples.model_copy(update={"card": card})
    registry.record_dataset(described)

    goes_on = recipe.start_from == "champion"
    start = registry.run_to_continue(request.agent_type, examples.id) if goes_on else None
    held_out = earlier.splits["validation"] if earlier else None
    run = training.finetune(examples, recipe, base, card, start, held_out)
    registry.record_run(run)

    quantisations = tuple(dict.fromkeys((*QUANTISATIONS, request.gguf_quantization)))
    files = gguf.export_gguf(run.weights, quantisations, gguf_names(request.agent_type, base, run))
    candidate = model_version(request.agent_type, base, run, files, request.gguf_quantization)
    gguf.check_parity(run.weights, candidate.gguf, trained=to_serve)
    return registry.register(candidate), run, described


def shards_under(protection: Protection, agent_type: str) -> tuple[RedactedShard, ...]:
    """Return an agent's shards, each as this engine and policy redact it; what others redacted is redacted again."""
    for shard in registry.list_shards(agent_type):
        if (shard.engine, shard.policy) != (protection.engine, protection.policy_version):
            registry.replace_shard(agent_type, shard, phi.redact_again(shard, protection))
    return registry.list_shards(agent_type)
