"""A study in eight steps: a base learns papers by QLoRA and in full, and answers the same questions before and after.

Every step is cached by content and leaves a file, so a killed study goes on where it stopped. It promotes nothing: both
models are registered as candidates and the champion stays, because so few questions can be read and decide nothing.
"""

import hashlib
import time
from pathlib import Path
from typing import NamedTuple

from prefect import flow

from flows import study_files
from flows.base_models import prepare_base, registered_base
from flows.collect import ONE_BY_ONE, collect_and_redact
from flows.finetune import shards_under, train_candidate
from flows.parameters import CollectRequest, TrainRequest
from flows.study_files import study_folder, write_answers, write_training
from flows.study_parameters import Study, StudyRequest
from flows.study_recipes import recipes_of
from flows.study_report import Learned, note_of, write_page
from flows.study_steps import StudyStep, study_step
from infra import step_ledger
from infra.database import exclusive
from infra.settings import get_settings
from tasks.errors import DataError
from tasks.gguf import steps as gguf
from tasks.ingest.files import PAPERS, expanded
from tasks.phi import steps as phi
from tasks.records import MEMORY_CANARIES, Answers, Base, ModelVersion, Recipe, RedactedShard, Suite
from tasks.registry import steps as registry
from tasks.scoring import steps as scoring
from tasks.scoring.judges import judge_name
from tasks.scoring.metrics import PRIMARY, TITLES
from tasks.scoring.suites import built_in_suites, find_suite, load_suite
from tasks.training import steps as training


class Plan(NamedTuple):
    """What a request means, found out before anything is done."""

    request: StudyRequest
    suite: Suite
    qlora: Recipe
    full: Recipe
    folder: Path


@flow(name="research-run", flow_run_name="research {request.agent_type}", task_runner=ONE_BY_ONE)
def research_run(request: StudyRequest) -> Study:
    """Run a study and return what it found; a second one of the same agent is refused meanwhile."""
    with exclusive(f"{request.agent_type}'s rows"):
        return run_study(planned(request), started=time.monotonic())


def run_study(plan: Plan, *, started: float) -> Study:
    """Take the eight steps in their order; each leaves its file before the next begins."""
    step_ledger.drain()
    folder = plan.folder
    with study_step(1) as step:
        base, first = load_base(plan, step)
    with study_step(2) as step:
        first_answers = answer(plan, first, folder / study_files.BASELINE, step)
    with study_step(3) as step:
        shards = collect_papers(plan, step)
    with study_step(4) as step:
        qlora = learn(plan, plan.qlora, base, folder / study_files.QLORA, step)
    with study_step(5) as step:
        qlora_answers = answer(plan, qlora.model, folder / study_files.QLORA_ANSWERS, step)
    with study_step(6) as step:
        full = learn(plan, plan.full, base, folder / study_files.FULL, step)
    with study_step(7) as step:
        full_answers = answer(plan, full.model, folder / study_files.FULL_ANSWERS, step)
    with study_step(8) as step:
        models = {"base": first, "qlora": qlora.model, "full": full.model}
        answers = {"base": first_answers, "qlora": qlora_answers, "full": full_answers}
        study = score(plan, models, answers, step)
        write_page(study, models, answers, {"qlora": qlora, "full": full}, shards, started=started)
    return study


def planned(request: StudyRequest) -> Plan:
    """Find suite, recipes, base and papers, so that a mistyped name is told of before anything is done.

    Raises:
        RoundsError: one of them does not exist, or there is nothing to learn from.
    """
    suite = find_suite(request.suite)
    load_suite(suite)
    qlora, full = recipes_of(request)
    training.identify_base(request.base)
    files = [file for path in request.literature for file in expanded(path, PAPERS)]
    learned_before = registry.list_shards(request.agent_type)
    if not files and not request.pubmed and (request.literature or not learned_before):
        raise no_papers(request)
    return Plan(request, suite, qlora, full, study_folder(request))


def load_base(plan: Plan, step: StudyStep) -> tuple[Base, ModelVersion]:
    """Return the base and the file that answers for it, once both recipes and that file are known to fit it."""
    request = plan.request
    base = prepare_base(request.base)
    for recipe in (plan.qlora, plan.full):
        training.check_recipe(recipe, base)
    model = registered_base(request.agent_type, base, request.gguf_quantization)
    parity = gguf.check_parity(base, model.gguf, trained=False)  # a base need not end its answers
    study_files.write_base(plan.folder / study_files.BASE, base, model, parity)
    step.did = f"{Path(base.name).name}, {model.served}, {model.gguf.artifact.bytes / 2**20:,.1f} MiB"
    return base, model


def answer(plan: Plan, model: ModelVersion, file: Path, step: StudyStep) -> Answers:
    """Return the model's answers to the suite."""
    answers = scoring.answer_suite(plan.suite, model.gguf, plan.request.answer_tokens)
    write_answers(file, answers)
    step.did = f"{answers.items} answers, {answers.seconds / answers.items:.2f} s each"
    return answers


def collect_papers(plan: Plan, step: StudyStep) -> tuple[RedactedShard, ...]:
    """Return all that the agent has to learn from, once what is new is in.

    A search is made once a study: papers of the days between would make another data set, and train all again.

    Raises:
        DataError: nothing that can be learned from.
    """
    request, file = plan.request, plan.folder / study_files.PAPERS
    common = {"agent_type": request.agent_type, "chats": False}
    common |= {"phi_mode": request.phi_mode, "phi_policy": request.phi_policy}
    if request.literature:
        collect_and_redact(CollectRequest.model_validate(common | {"literature": request.literature}))
    known = study_files.searched_before(file, request) and registry.list_shards(request.agent_type)
    if request.pubmed and (request.search_again or not known):
        search = {"pubmed": request.pubmed, "limit": request.limit}
        collect_and_redact(CollectRequest.model_validate(common | search))
    everything = shards_under(phi.protect(request.phi_mode, request.phi_policy), request.agent_type)
    shards = tuple(shard for shard in everything if shard.source != MEMORY_CANARIES)
    if not any(shard.rows for shard in shards):
        raise no_papers(request)
    sources = study_files.write_papers(file, request, shards)
    step.did = ", ".join(f"{rows:,} from {source}" for source, rows in sources.items())
    return shards


def learn(plan: Plan, recipe: Recipe, base: Base, file: Path, step: StudyStep) -> Learned:
    """Return the candidate that a recipe makes of the papers, less what stands in the study's questions."""
    request = plan.request
    chosen = TrainRequest(
        agent_type=request.agent_type,
        gguf_quantization=request.gguf_quantization,
        min_examples=request.min_examples,
        phi_mode=request.phi_mode,
        phi_policy=request.phi_policy,
    )
    apart_from = tuple(dict.fromkeys((*built_in_suites(), plan.suite)))
    learned = Learned(*train_candidate(chosen, recipe, base, apart_from, to_serve=False), recipe)
    parity = gguf.check_parity(learned.run.weights, learned.model.gguf, trained=False)
    write_training(file, learned.model, recipe, learned.run, learned.dataset, parity)
    losses = f"loss {learned.run.first_loss:.2f} → {learned.run.last_loss:.2f}"
    step.did = f"{learned.dataset.examples['train']:,} examples, {losses}"
    return learned


def score(plan: Plan, models: dict[str, ModelVersion], answers: dict[str, Answers], step: StudyStep) -> Study:
    """Return every model's scores and the paired differences between each two."""
    judge = judge_name(get_settings())
    scores = {name: scoring.score(answered, judge) for name, answered in answers.items()}
    for result in scores.values():
        registry.record_evaluation(result)
    pairs = (("base", "qlora"), ("base", "full"), ("qlora", "full"))
    study = Study(
        id=study_id(plan, models),
        agent_type=plan.request.agent_type,
        suite=answers["base"].suite,
        items=answers["base"].items,
        models={name: model.id for name, model in models.items()},
        seconds={name: answered.seconds for name, answered in answers.items()},
        scores=scores,
        comparisons={f"{new}_minus_{old}": scoring.compare(answers[old], answers[new], judge) for old, new in pairs},
        note=note_of(answers["base"].items),
        folder=str(plan.folder),
        files=study_files.FILES,
    )
    study_files.write_scores(plan.folder / study_files.SCORES, study)
    before, qlora, full = (scores[name].metrics[PRIMARY].value for name in ("base", "qlora", "full"))
    step.did = f"{TITLES[PRIMARY]} {before:.2f} → {qlora:.2f} QLoRA, {full:.2f} full"
    return study


def study_id(plan: Plan, models: dict[str, ModelVersion]) -> str:
    """Name a study for the models, the questions and the length of the answers, so that a repeated one is the same."""
    parts = (*(model.id for model in models.values()), plan.suite.sha256, plan.request.answer_tokens)
    return f"study-{hashlib.sha256(repr(parts).encode()).hexdigest()[:10]}"


def no_papers(request: StudyRequest) -> DataError:
    """Say that there is nothing to learn from, and where papers come from."""
    looked = ", ".join((*request.literature, *([f"PubMed: {request.pubmed}"] if request.pubmed else ())))
    return DataError(
        f"The study has no papers to learn from (looked at: {looked or 'nothing, none was named'}).",
        fix="--literature FILES, saved from PubMed as XML, or --pubmed 'autoimmune diseases[mesh]' --limit 500",
    )
