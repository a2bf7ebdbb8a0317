"""The base model that a recipe names, ready to be trained on and to be judged against."""

from flows.parameters import Quantisation
from tasks.gguf import steps as gguf
from tasks.gguf.naming import ModelNames
from tasks.records import Base, GgufFile, ModelVersion, TrainingRun
from tasks.registry import steps as registry
from tasks.sample import steps as sample
from tasks.training import steps as training

TINY = "builtin:tiny"
CORPUS_SEED = 1  # the sample chats use other seeds: no note of theirs recurs in the corpus
CORPUS_TEXTS = 8_000


def prepare_base(name: str) -> Base:
    """Return the base model; the tiny one is pre-trained on this machine when its recipe was not run before."""
    corpus = sample.write_pretraining_corpus(CORPUS_SEED, CORPUS_TEXTS) if name == TINY else None
    return training.prepare_base(name, training.identify_base(name), corpus)


def baseline_of(agent_type: str, base: Base, served: Quantisation) -> ModelVersion:
    """Return what a candidate has to beat: the agent's champion, or the base model where there is none."""
    champion = registry.champion(agent_type)
    return champion if champion is not None else registered_base(agent_type, base, served)


def registered_base(agent_type: str, base: Base, served: Quantisation) -> ModelVersion:
    """Return the base as a registered version that can answer."""
    files = gguf.export_gguf(base, tuple(dict.fromkeys(("F16", served))), gguf_names(agent_type, base))
    return registry.register(model_version(agent_type, base, None, files, served))


def model_version(
    agent_type: str, base: Base, run: TrainingRun | None, files: tuple[GgufFile, ...], served: Quantisation
) -> ModelVersion:
    """Name a model for the content of its served file, so that the same weights are the same version."""
    file = next(file for file in files if file.quantisation == served)
    kind = agent_type.lower() if run else f"{agent_type.lower()}-base"
    return ModelVersion(
        id=f"{kind}-{file.artifact.sha256[:10]}",
        agent_type=agent_type,
        base=base.name,
        base_revision=base.revision,
        run_id=run.id if run else None,
        dataset_id=run.dataset_id if run else None,
        files=files,
        served=served,
    )


def gguf_names(agent_type: str, base: Base, run: TrainingRun | None = None) -> ModelNames:
    """Return what a GGUF file says of itself."""
    return ModelNames(
        name=f"Rounds {agent_type}" if run else base.name,
        licence="apache-2.0" if base.name == TINY else "other",  # of another base: its own, which its maker states
        base=base.name,
        base_revision=base.revision,
        run_id=run.id if run else "",
        dataset_id=run.dataset_id if run else "",
    )
