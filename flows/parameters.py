"""What a person chooses for one run, and what the run answers: ids, counts and choices, because Prefect stores them."""

from datetime import date
from typing import Literal

from pydantic import Field

from tasks.records import PhiMode, PhiPolicy, Record
from tasks.scoring.approval import Approvals

Quantisation = Literal["F16", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0"]


class Protected(Record):
    """How rows are redacted, and what their certificates must say before they are learned from."""

    phi_mode: PhiMode | None = Field(default=None, description="rules or strict; None: ROUNDS_PHI_MODE")
    phi_policy: PhiPolicy | None = Field(
        default=None, description="placeholder, safe_harbor or surrogate; None: ROUNDS_PHI_POLICY"
    )


class CollectRequest(Protected):
    """Which rows to take in."""

    agent_type: str = Field(default="MedicalQA", description="whose chats to learn from")
    literature: tuple[str, ...] = Field(default=(), description="PubMed XML files, folders or globs")
    pubmed: str = Field(default="", description="a search of PubMed (Entrez); empty: none")
    arxiv: str = Field(default="", description="a search of arXiv; empty: none")
    arxiv_files: tuple[str, ...] = Field(default=(), description="saved replies of arXiv: Atom feeds, OAI records")
    full_texts: tuple[str, ...] = Field(default=(), description="JATS XML files of PMC, folders or globs")
    documents: tuple[str, ...] = Field(default=(), description="discharge documents: files, folders or URLs")
    examples: tuple[str, ...] = Field(default=(), description="question sets: JSON lines, PubMedQA, MedQuAD")
    since: date | None = Field(default=None, description="from this day on, instead of where the last run stopped")
    chats: bool = Field(default=True, description="whether to look at the rated chats of the database")
    low_rated: bool = Field(default=False, description="whether to keep low-rated answers, apart, for preferences")
    min_rating: float = Field(default=4.0, ge=1, le=5, description="lowest rating of a chat that is learned from")
    min_answer_tokens: int = Field(default=10, ge=1, description="shortest answer, in words")
    days_back: int | None = Field(default=None, ge=1, description="only chats of the last days; None: all new ones")
    limit: int | None = Field(default=None, ge=1, description="at most this many rows of each source")
    from_start: bool = Field(default=False, description="look at every chat again, also at those passed over before")


class TrainRequest(Protected):
    """What to train on the rows that were collected."""

    agent_type: str = Field(default="MedicalQA", description="whose rows to learn from")
    recipe: str = Field(default="qlora-tiny", description="a file of flows/recipes, or a path")
    base_model: str | None = Field(
        default=None, description="builtin:tiny, a Hugging Face id or a folder; None: the recipe's"
    )
    preset: Literal["conservative", "balanced", "aggressive", "dpo", "kto"] | None = Field(
        default=None, description="how strongly an adapter learns; None: the recipe's"
    )
    overrides: tuple[str, ...] = Field(default=(), description="recipe values such as `lora_r=8`; docs/recipes.md")
    gguf_quantization: Quantisation = Field(default="Q6_K", description="the quantisation that is scored and served")
    min_examples: int = Field(default=50, ge=1, description="fewest training examples")


class WeeklyRequest(CollectRequest, TrainRequest):
    """One round: what to take in, how to train, and how strictly to judge."""

    held_out_limit: int = Field(default=300, ge=1, description="most held-out items to score")
    answer_tokens: int = Field(default=96, ge=8, description="longest generated answer, in tokens")
    margin: float = Field(default=0.01, ge=0, le=1, description="ROUGE-L that the whole interval must exceed")
    max_seconds_p95: float | None = Field(default=None, gt=0, description="95 % of the answers within; None: no budget")
    max_size_gib: float | None = Field(default=None, gt=0, description="of the served file; None: no budget")
    approval: Approvals = Field(default="none", description="persons who must approve a promotion in Prefect")
    dry_run: bool = Field(default=False, description="judge and report, but promote nothing and conclude nothing")


class BenchmarkRequest(Record):
    """Which model to score on which suites."""

    model: str
    suites: tuple[str, ...] = Field(default=(), description="suite files; none: all of benchmarks/suites")
    answer_tokens: int = Field(default=96, ge=8, description="longest generated answer, in tokens")
