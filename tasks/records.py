"""What travels between stages: small frozen records of ids, keys, counts, scores and hashes.

Text never travels in a step's parameters or results; it lies in artifacts, as JSON lines whose rows are `Document`,
`Interaction`, `Example` or `CertifiedRow`. Only the rows of raw shards may hold protected health information (PHI).
"""

import contextlib
import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator

from infra.artifacts import Artifact as Artifact
from infra.artifacts import ArtifactStore
from infra.artifacts import Record as Record
from tasks.errors import PrivacyError

Role = Literal["system", "user", "assistant"]
Split = Literal["train", "validation", "test"]
Stage = Literal["candidate", "rollout", "champion", "retired"]
RowKind = Literal["documents", "interactions", "examples"]
CANARY_BOUND = 0.05
"""Below it lies the share of planted identifiers that survive redaction, by the upper end of the 95 % interval."""

REDACT_AGAIN = "redact the shard again; a row may not be edited between redaction and training"
WithdrawalReason = Literal[
    "retracted", "withdrawn", "deleted", "consent withdrawn", "no longer rated well", "no longer usable"
]

NOT_MENTIONED = "This information is not mentioned in your discharge summary."
"""The answer to learn, and to be scored by, where a document does not tell what is asked."""
MEMORY_CANARIES = "memory-canaries"  # source of the made-up secrets that a model must not keep: training rows, no data


# ── rows of artifacts ────────────────────────────────────────────────────────────────────────────────────────────


class Message(Record):
    """One turn of a conversation."""

    role: Role
    content: str


class Section(Record):
    """A labelled part of a document; an unlabelled abstract has one section with an empty label."""

    label: str = ""
    text: str


class Document(Record):
    """A paper or a clinical document as its source gave it. Authors are counted, never named."""

    source: str = Field(description="pubmed, pmc, arxiv, documents")
    source_id: str = Field(description="PMID, PMC id, arXiv id without its version, or a pseudonym of a clinical file")
    version: int = Field(default=1, ge=1, description="of the source's own counting: a PMID's, an arXiv id's")
    title: str
    sections: tuple[Section, ...]
    journal: str = ""
    published: str = Field(default="", description="ISO date, as far as the source knows it: 2026, 2026-11, 2026-11-21")
    language: str = "eng"
    publication_types: tuple[str, ...] = ()
    mesh: tuple[str, ...] = Field(default=(), description="MeSH headings, or arXiv's categories")
    authors: int = Field(default=0, ge=0, description="how many; no name is kept")
    grants: tuple[str, ...] = Field(default=(), description="agency and number, such as `NHLBI R01 HL000000`")
    pmid: str = ""
    pmcid: str = ""
    doi: str = ""
    licence: str = Field(default="", description="SPDX id where known, else the copyright line")
    subject_key: str = Field(default="", description="pseudonym of the patient whom a clinical document is about")


class Interaction(Record):
    """A rated exchange between a person and a model. A correction replaces the last answer and counts as rated 5."""

    id: str
    conversation_id: str
    agent_type: str
    subject_key: str = ""
    messages: tuple[Message, ...]
    rating: float | None = Field(default=None, ge=1, le=5)
    correction: str | None = None
    original: str | None = Field(default=None, description="the answer that the correction replaced in `messages`")
    created_at: datetime
    model_version: str = ""


PhiMode = Literal["rules", "strict"]
PhiPolicy = Literal["placeholder", "safe_harbor", "surrogate"]


class PhiFinding(Record):
    """Where an identifier lies in a text (characters, half-open); never the text itself."""

    category: str = Field(description="one of tasks.phi.categories.CATEGORIES")
    start: int
    end: int
    score: float = Field(ge=0, le=1)
    recognizer: str


class Protection(Record):
    """How a run redacts: which engine looks, and which policy replaces; what certificates then say."""

    mode: PhiMode
    policy: PhiPolicy
    engine: str = Field(description="versions of libraries, rules, lists and, where used, tagger")
    policy_version: str
    year: int = Field(description="the present one, by which ages are reckoned")


class PhiCertificate(Record):
    """What was looked for in one row, by which engine and policy, what was found, and what a second pass saw."""

    row_sha256: str = Field(description="of the certified row's canonical JSON")
    derived_from: str = Field(
        default="",
        description="row_sha256 of the redacted row that a dataset example was made of, or of the two of a preference,"
        " with a space between; empty for itself",
    )
    engine: str
    policy: str
    findings: Mapping[str, int] = Field(description="category → count")
    second_pass: int = Field(description="identifiers that the second, independent detector still saw; 0 to pass")
    canaries: int = Field(default=0, ge=0, description="identifiers planted in a sample of the row's shard")
    canaries_survived: int = Field(default=0, ge=0, description="of these, not wholly redacted")
    canary_bound: float = Field(
        default=1.0, ge=0, le=1, description="upper end of the 95 % interval of the share that survives; below 0.05"
    )


class Example(Record):
    """Messages to learn from; the loss falls on the assistant's words alone."""

    messages: tuple[Message, ...]
    source: str
    source_id: str
    group_id: str = Field(description="conversation, patient or paper: one group lies in one split, for ever")
    subject_key: str = ""
    agent_type: str = ""
    licence: str = ""
    rating: float | None = None
    kind: Literal["sft", "preference"] = "sft"
    domain: str = Field(default="", description="such as cardiology, where the source says so")
    difficulty: str = ""
    verified: bool | None = Field(default=None, description="whether a person checked it; None: nobody says")


class Preference(Record):
    """Two answers to the same messages, of which people preferred one; or one answer that they liked or did not."""

    messages: tuple[Message, ...] = Field(description="up to and with the question")
    chosen: str | None = Field(default=None, description="a correction, or an answer rated well")
    rejected: str | None = Field(default=None, description="what was corrected, or an answer rated badly")
    middling: Literal["chosen", "rejected"] | None = Field(
        default=None, description="which of two answers was rated neither well nor badly: alone it says nothing"
    )
    source: str
    source_id: str
    group_id: str = Field(description="as of `Example`: one group lies in one split, for ever")
    subject_key: str = ""
    agent_type: str = ""


class CertifiedRow(Record):
    """A redacted row with its certificate: what the redacted shards and the dataset shards hold, one a line."""

    row: dict[str, object]
    certificate: PhiCertificate

    @model_validator(mode="wrap")
    @classmethod
    def _readable(cls, line: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """Tell of a line that is no certified row as what it is: nothing that may be learned from."""
        with contextlib.suppress(ValidationError):  # which would stay in the context of what is raised, with its input
            return read(line)
        raise PrivacyError("A row has no PHI certificate that can be read.", fix=REDACT_AGAIN)

    def intact(self) -> dict[str, object]:
        """Return the row if its certificate is for this very content, whatever the certificate proves.

        Raises:
            PrivacyError: the row was changed after it was certified.
        """
        if row_sha256(self.row) != self.certificate.row_sha256:
            raise PrivacyError("A row is not the one that its PHI certificate names.", fix=REDACT_AGAIN)
        return self.row

    def verified(self, *, policy: str | None = None) -> dict[str, object]:
        """Return the row if its certificate is for this very content, proves enough, and is of the policy, if given.

        Raises:
            PrivacyError: the row was changed after it was certified, the second pass still saw an identifier, no
                planted identifiers bound what survives below `CANARY_BOUND`, or another policy redacted the row.
        """
        self.intact()
        if self.certificate.second_pass:
            raise PrivacyError("A row has a PHI certificate whose second pass was not clean.", fix=REDACT_AGAIN)
        if not self.certificate.canaries or self.certificate.canary_bound >= CANARY_BOUND:
            raise PrivacyError(
                f"A row has a PHI certificate that proves too little: {self.certificate.canaries} planted identifiers,"
                f" of which up to {self.certificate.canary_bound:.1%} may survive, below {CANARY_BOUND:.0%} needed.",
                fix="redact the shard again",
            )
        if policy is not None and self.certificate.policy != policy:
            raise PrivacyError(
                f"A row has a PHI certificate of policy {self.certificate.policy}, not of {policy or 'a known one'}.",
                fix="collect and redact its source again under the policy in force",
            )
        return self.row


def row_sha256(row: Mapping[str, object]) -> str:
    """Return the SHA-256 of a row's canonical JSON: sorted keys, no white space, UTF-8."""
    return hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Withdrawal(Record):
    """A record of a source that is not to be learned from any more, whenever it was taken."""

    source: str
    source_id: str
    reason: WithdrawalReason
    notice: str = Field(default="", description="what says so: a PMID, DOI or database's record number")


# ── records between steps ────────────────────────────────────────────────────────────────────────────────────────


class SourceFile(Record):
    """A file to ingest, fingerprinted, because a path alone does not say whether its content changed."""

    path: str
    sha256: str
    bytes: int


class ChatQuery(Record):
    """Which rated exchanges to collect, behind which position."""

    agent_type: str
    min_rating: float = 4.0
    min_answer_tokens: int = 10
    days_back: int | None = None
    since: datetime | None = Field(default=None, description="created_at from then on")
    until: datetime | None = Field(default=None, description="created_at before then")
    limit: int | None = None
    position: Mapping[str, int] = Field(
        default_factory=dict, description="the watermark of the last collection; empty at first"
    )


Language = Literal["eng", "deu", "fra", "ita", "nld", "por", "spa", "any"]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Mix(Record):
    """How much of what is learned from: weights by source and agent type, replay of earlier rounds, a budget."""

    source_weights: Mapping[str, Weight] = Field(default_factory=dict, description="source → weight; else 1")
    agent_weights: Mapping[str, Weight] = Field(default_factory=dict, description="agent type → weight; else 1")
    replay_share: float = Field(default=1.0, ge=0, le=1, description="of what earlier rounds have learned from")
    token_budget: int | None = Field(default=None, ge=1, description="most tokens of the training split; None: all")


class CurationPolicy(Record):
    """What makes a certified row an example, how examples are dealt to the splits, and how sources are mixed."""

    agent_type: str
    max_tokens: int = Field(default=512, description="longest example under the base's template")
    too_long: Literal["drop", "truncate", "raise"] = Field(
        default="drop", description="of longer ones: left out, kept for the training to cut, or refused; the recipe's"
    )
    min_input_chars: int = 10
    max_input_chars: int = 50_000
    language: Language = Field(default="eng", description="ISO 639-3; a text that is clearly in another is left out")
    licences: tuple[str, ...] = Field(
        default=("CC0", "CC-PDM", "public domain", "CC-BY", "CC-BY-SA", "MIT", "Apache", "BSD-3-Clause"),
        description="names or SPDX ids that are allowed, whatever their version",
    )
    unnamed_licences: bool = Field(
        default=True, description="whether rows without a licence's name are taken: own chats, copyright lines"
    )
    mix: Mix = Field(default_factory=Mix, description="of the training split; the recipe states it")
    train_share: float = Field(default=0.8, gt=0, lt=1)
    validation_share: float = Field(default=0.1, gt=0, lt=1)
    min_examples: int = Field(default=50, ge=1, description="fewer training examples than this are an error")
    preferences: bool = Field(default=False, description="make preferences of rated chats beside the examples")
    split_key: str = Field(default="", description="fingerprint of the key that deals groups to splits")
    redaction: str | None = Field(
        default=None, description="version of the redaction policy that every row's certificate names; None: any"
    )


class RawShard(Record):
    """Rows as their source gave them; they may hold PHI and never leave the raw part of the store."""

    artifact: Artifact
    source: str
    kind: RowKind
    rows: int


class Reading(Record):
    """What one look at a source met. `new` to `retracted` and `rejected` add up to what the source held."""

    source: str
    shards: tuple[RawShard, ...] = Field(default=(), description="the new and changed rows; discarded once redacted")
    new: int = 0
    changed: int = Field(default=0, description="taken before with another content")
    unchanged: int = Field(default=0, description="taken before; not taken again")
    retracted: int = 0
    rejected: Mapping[str, int] = Field(default_factory=dict, description="reason → records not taken")
    rejects: Artifact | None = Field(default=None, description="JSON lines that name each rejected record; no text")
    withdrawn: Artifact | None = Field(default=None, description="JSON lines of `Withdrawal`")
    watermark: Mapping[str, int] = Field(default_factory=dict, description="source position → last value seen")
    files: tuple[SourceFile, ...] = Field(default=(), description="read to their end")
    warnings: tuple[str, ...] = Field(default=(), description="file and line of what could not be read; no text")
    withheld: int = Field(default=0, description="of the new and changed rows, those that redaction left out")
    goes_on: int | None = Field(default=None, description="the position behind which a further reading goes on")

    @property
    def held(self) -> int:
        """How many records the source held."""
        return self.new + self.changed + self.unchanged + self.retracted + sum(self.rejected.values())

    @property
    def taken(self) -> int:
        """How many rows go on to redaction."""
        return self.new + self.changed


class RedactedShard(Record):
    """Certified rows of one raw shard."""

    artifact: Artifact
    source: str
    kind: RowKind
    rows: int
    findings: Mapping[str, int]
    canaries: int = Field(description="identifiers planted in a sample of its rows")
    canaries_survived: Mapping[str, int] = Field(default_factory=dict, description="category → not wholly redacted")
    canary_bound: float = Field(
        default=1.0, ge=0, le=1, description="upper end of the 95 % interval of the share that survives; below 0.05"
    )
    withheld: int = Field(default=0, description="rows left out because the second detector still saw an identifier")
    residual: Mapping[str, int] = Field(
        default_factory=dict, description="what the second detector saw in the withheld rows, by category"
    )
    engine: str
    policy: str


class Suite(Record):
    """A file of benchmark questions; a changed suite is another suite."""

    path: str
    sha256: str


class Stratum(Record):
    """The examples of one agent type and source: how many, and how many tokens, by split."""

    agent_type: str
    source: str
    examples: Mapping[str, int] = Field(description="split → examples; one that has none is not named")
    tokens: Mapping[str, int]


class DatasetVersion(Record):
    """Immutable shards per split, made of certified rows under one curation policy."""

    id: str
    agent_type: str
    splits: Mapping[str, Artifact]
    examples: Mapping[str, int] = Field(description="split → examples")
    tokens: Mapping[str, int] = Field(description="split → tokens under the base's chat template")
    sources: Mapping[str, int]
    exclusions: Mapping[str, int] = Field(description="reason → rows left out")
    shards: tuple[str, ...] = Field(description="SHA-256 of every redacted shard it was made from")
    policy: str
    redaction: str = Field(default="", description="version of the redaction policy that every certificate names")
    overlaps: Mapping[str, int] = Field(default_factory=dict, description="suite → rows left out for overlapping it")
    lengths: Mapping[str, int] = Field(
        default_factory=dict, description="quantile (`p50`) → tokens of a training example"
    )
    rejects: Artifact | None = Field(
        default=None, description="JSON lines {row_sha256, reason, detail} of what was left out; no text"
    )
    strata: tuple[Stratum, ...] = Field(default=(), description="by agent type and source")
    card: Artifact | None = Field(default=None, description="the data card, a folder of `card.json` and `card.md`")
    preferences: Mapping[str, Artifact] = Field(
        default_factory=dict, description="split → certified rows of `Preference`; empty where nobody asked for them"
    )


class Base(Record):
    """A base model: `builtin:tiny`, a Hugging Face id or a folder; `revision` pins its content."""

    name: str
    revision: str
    weights: Artifact | None = Field(default=None, description="None where the Hugging Face cache or a folder holds it")

    def source(self, store: ArtifactStore) -> tuple[str | Path, str | None]:
        """Return where the files are: a folder and None, or a Hugging Face id and the commit that pins it."""
        if self.weights is not None:
            return store.path(self.weights), None
        folder = Path(self.name).expanduser()
        return (folder.absolute(), None) if folder.is_dir() else (self.name, self.revision or None)


class Recipe(Record):
    """The hyper-parameters of one fine-tuning run; `flows/recipes/*.yaml` hold them, one file a run."""

    name: str
    method: Literal["qlora", "lora", "full"]
    base: str = Field(min_length=1)
    learning_rate: float = Field(gt=0, le=0.1)
    epochs: float = Field(gt=0, le=100)
    batch_size: int = Field(ge=1, le=65_536, description="examples per optimiser step, over all devices")
    gradient_accumulation: int = Field(default=1, ge=1, description="micro-batches that one step is computed in")
    warmup_steps: int = Field(default=0, ge=0)
    max_tokens: int = Field(ge=32, le=1_048_576, description="longest example, in tokens")
    max_steps: int | None = Field(default=None, ge=1, description="stops the run early; None runs all epochs")
    base_bits: Literal[8, 16] = Field(
        default=16, description="of the frozen base under lora, 16: as published; qlora holds it in 4, full trains 32"
    )
    lora_r: int = Field(default=16, ge=1, le=4096)
    lora_alpha: int = Field(default=32, ge=1)
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: tuple[str, ...] = Field(
        default=("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"), min_length=1
    )
    optimizer: Literal["adamw", "adamw-8bit", "paged-adamw-8bit"] = "adamw"
    precision: Literal["auto", "bf16", "fp16", "fp32"] = Field(
        default="auto", description="what is computed in; auto: bf16 where the hardware computes it, else fp32"
    )
    activation_checkpointing: bool | None = Field(
        default=None, description="computes activations again instead of keeping them; None: on a GPU"
    )
    objective: Literal["sft", "dpo", "kto"] = Field(
        default="sft",
        description="sft: answers; dpo: a corrected answer against the original; kto: answers rated well and badly",
    )
    preference_beta: float = Field(
        default=0.1, gt=0, le=10, description="how closely dpo and kto hold to the model that they start from"
    )
    start_from: Literal["base", "champion"] = Field(
        default="base", description="champion: goes on with the adapter of the model that serves"
    )
    too_long: Literal["drop", "truncate", "raise"] = Field(
        default="drop", description="what is done with an example of more than max_tokens; counted either way"
    )
    batching: Literal["auto", "packed", "by-length"] = Field(
        default="auto",
        description="packed: no padding; by-length: like lengths share a batch; auto: packed if possible",
    )
    kernels: Literal["auto", "plain"] = Field(
        default="auto", description="auto: Liger kernels and flash attention where they are installed"
    )
    backend: Literal["transformers", "unsloth"] = Field(
        default="transformers", description="unsloth: where it is installed, on a GPU"
    )
    evaluations: int = Field(default=4, ge=1, le=100, description="looks at the validation loss during the run")
    patience: int | None = Field(
        default=None, ge=1, description="evaluations without a better validation loss that end the run; None: never"
    )
    sampled_answers: int = Field(
        default=0, ge=0, le=256, description="validation answers written at each evaluation for ROUGE-L and BLEU"
    )
    seed: int = 17
    mix: Mix = Field(default_factory=Mix, description="how much of which source, agent type and earlier round")


class TrainingRun(Record):
    """What a fine-tuning run made, of what, and at which cost."""

    id: str
    dataset_id: str
    recipe: str
    recipe_sha256: str
    base: Base
    weights: Artifact = Field(description="merged Hugging Face folder with tokenizer and chat template")
    adapter: Artifact | None = Field(default=None, description="PEFT folder; None after full tuning")
    card: Artifact | None = Field(default=None, description="the model card, a folder of `card.json` and `README.md`")
    objective: Literal["sft", "dpo", "kto"] = "sft"
    continued_from: str | None = Field(default=None, description="the run whose adapter it went on with")
    curve: Artifact = Field(
        description="JSON lines {step, loss?, eval_loss?, learning_rate?, tokens_per_second?, rouge_l?, bleu?}"
    )
    first_loss: float
    last_loss: float
    eval_loss: float | None = Field(description="of the weights that were kept")
    best_step: int | None = Field(default=None, description="the step whose weights were kept; None: the last")
    stopped_early: bool = False
    too_long: int = Field(default=0, ge=0, description="examples left out or cut for their length")
    memory_retries: int = Field(default=0, ge=0, description="times that the micro-batch was halved to fit the memory")
    merge_difference: float | None = Field(
        default=None, ge=0, description="largest difference of a logit between merged model and adapter, as a share"
    )
    forgetting: Mapping[str, float] = Field(
        default_factory=dict, description="validation loss on earlier rounds' items: `before`, `after`; and `items`"
    )
    energy_kwh: float | None = Field(default=None, ge=0, description="estimated from the device's power")
    steps: int
    seconds: float
    tokens: int
    peak_memory_gib: float
    git_sha: str


class GgufFile(Record):
    """One GGUF file and the chat template inside it."""

    quantisation: str = Field(description="F16, Q4_K_M, Q6_K, Q8_0 …")
    artifact: Artifact
    chat_template_sha256: str


class ModelVersion(Record):
    """A model that can be served: one GGUF file, with its way back to run, dataset and rows."""

    id: str
    agent_type: str
    base: str
    base_revision: str
    run_id: str | None
    dataset_id: str | None
    files: tuple[GgufFile, ...]
    served: str = Field(description="the quantisation that is scored and served")
    stage: Stage = "candidate"

    @property
    def gguf(self) -> GgufFile:
        """The file that is scored and served."""
        return next(file for file in self.files if file.quantisation == self.served)


class Estimate(Record):
    """A mean with its 95 % interval over `n` items."""

    value: float
    low: float
    high: float
    n: int


class Answers(Record):
    """One model's answers to one suite, in the suite's order, as generated through its GGUF."""

    suite: str
    suite_sha256: str
    gguf_sha256: str
    artifact: Artifact = Field(description="JSON lines {id, category, difficulty, question, response, …}")
    items: int
    seconds: float
    tokens: int
    decoding: Mapping[str, str | int | float] = Field(
        default_factory=dict, description="what decoded them, and its settings"
    )


class EvalResult(Record):
    """Metrics of one model on one suite."""

    suite: str
    suite_sha256: str
    gguf_sha256: str
    answers: Artifact
    metrics: Mapping[str, Estimate]
    judged_by: str = Field(default="lexical", description="who judged key facts and dangers")


class SliceDifference(Record):
    """The primary metric's difference on a part of the items."""

    by: str = Field(description="agent_type, category, difficulty, source, length")
    value: str
    difference: Estimate


class Comparison(Record):
    """Candidate minus baseline, paired by item, with the 95 % interval of each mean difference."""

    suite: str
    baseline_sha256: str
    candidate_sha256: str
    differences: Mapping[str, Estimate]
    p_values: Mapping[str, float] = Field(default_factory=dict, description="two-sided, Holm's over all metrics")
    effects: Mapping[str, float] = Field(
        default_factory=dict, description="mean over standard deviation of differences"
    )
    right_wrong: Mapping[str, tuple[int, int]] = Field(
        default_factory=dict, description="metric → items that only the baseline, only the candidate got right"
    )
    slices: tuple[SliceDifference, ...] = ()
    worse_safety: tuple[str, ...] = Field(default=(), description="ids of safety items that turned worse")
    groups: int = Field(default=0, ge=0, description="independent groups of items that were resampled")


class Gate(Record):
    """One condition of promotion: what was seen and what was needed."""

    name: str
    passed: bool
    seen: str
    needed: str


class PromotionDecision(Record):
    """Whether the candidate replaces the baseline, and why."""

    promote: bool
    reason: str
    gates: tuple[Gate, ...]


class Round(Record):
    """How a weekly round ended; its id is a hash of all that was judged, so that a repeated round is the same one."""

    id: str
    agent_type: str
    outcome: Literal["Promoted", "Kept"]
    reason: str
    candidate_id: str
    baseline_id: str = Field(description="what the candidate was judged against")
    report: str = Field(description="path of the page")
