"""What a person chooses for a study, and what the study answers: ids, scores, choices, because Prefect stores them."""

from collections.abc import Mapping

from pydantic import Field

from flows.parameters import Protected, Quantisation
from tasks.records import Comparison, EvalResult, Record


class StudyRequest(Protected):
    """Which base to study on which questions, what to learn from, and by which two recipes."""

    agent_type: str = Field(default="Autoimmune", description="whose papers these are, and whose candidates")
    base: str = Field(default="builtin:tiny", description="builtin:tiny, a Hugging Face id or a folder")
    suite: str = Field(default="autoimmune", description="a suite of benchmarks/suites, or the path of one")
    literature: tuple[str, ...] = Field(default=(), description="PubMed XML files, folders or globs")
    pubmed: str = Field(default="", description="a search of PubMed (Entrez); empty: none")
    limit: int | None = Field(default=None, ge=1, description="at most this many papers of the search")
    search_again: bool = Field(default=False, description="search PubMed also where this study has searched before")
    qlora_recipe: str | None = Field(default=None, description="a file of flows/recipes, or a path; None: the base's")
    full_recipe: str | None = Field(default=None, description="a file of flows/recipes, or a path; None: the base's")
    overrides: tuple[str, ...] = Field(default=(), description="values of both recipes such as `too_long=truncate`")
    gguf_quantization: Quantisation = Field(default="Q6_K", description="the quantisation that answers")
    min_examples: int = Field(default=50, ge=1, description="fewest training examples")
    answer_tokens: int = Field(default=256, ge=8, description="longest generated answer, in tokens")
    out: str = Field(default="", description="folder of the study's files; empty: one under the data folder")


class Study(Record):
    """What a study found; models are named `base`, `qlora` and `full`."""

    id: str
    agent_type: str
    suite: str
    items: int = Field(description="questions that each model answered")
    models: Mapping[str, str] = Field(description="model → its id in the registry")
    seconds: Mapping[str, float] = Field(description="model → seconds of all its answers")
    scores: Mapping[str, EvalResult]
    comparisons: Mapping[str, Comparison] = Field(description="such as `qlora_minus_base`, paired by question")
    note: str = Field(description="what so many questions can show")
    folder: str
    files: tuple[str, ...] = Field(description="names within the folder, in the order of the steps")
