"""The options that several commands share. Their defaults are those of flows/parameters.py, which is their one home."""

from datetime import datetime
from typing import Annotated, Literal

import typer

from flows.parameters import Quantisation, WeeklyRequest
from tasks.records import PhiMode, PhiPolicy
from tasks.scoring.approval import Approvals

DEFAULT = WeeklyRequest()

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Agent = Annotated[str, typer.Option("--agent-type", "-a", help="Whose chats to learn from.")]
Agents = Annotated[
    list[str] | None,
    typer.Option("--agent-type", "-a", help=f"A round for this agent; repeatable. Default: {DEFAULT.agent_type}."),
]
Literature = Annotated[list[str] | None, typer.Option(help="PubMed XML file, folder or glob; may be repeated.")]
Examples = Annotated[list[str] | None, typer.Option(help="Question set (JSON lines, PubMedQA, MedQuAD); repeatable.")]
PubMed = Annotated[str, typer.Option(help="A search of PubMed; only what is new since the last run.")]
Arxiv = Annotated[str, typer.Option(help="A search of arXiv; only what is new since the last run.")]
FullTexts = Annotated[list[str] | None, typer.Option(help="PMC full texts (JATS), like --literature.")]
Documents = Annotated[list[str] | None, typer.Option(help="Folder or address of discharge documents; repeatable.")]
MinRating = Annotated[float, typer.Option(min=1, max=5, help="Lowest rating to learn from.")]
MinTokens = Annotated[int, typer.Option("--min-answer-tokens", min=1, help="Shortest answer, in words.")]
DaysBack = Annotated[int | None, typer.Option(min=1, help="Only chats of the last days. Default: all new ones.")]
FromStart = Annotated[bool, typer.Option("--from-start", help="Look again at chats that were passed over before.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most this many new rows of each source.")]
RecipeName = Annotated[str, typer.Option("--recipe", "-r", help="A file of flows/recipes, or a path.")]
BaseModel = Annotated[str | None, typer.Option("--base-model", help="builtin:tiny, a Hugging Face id or a folder.")]
MinExamples = Annotated[int, typer.Option(min=1, help="Fewest training examples.")]
Preset = Annotated[
    Literal["conservative", "balanced", "aggressive", "dpo", "kto"] | None,
    typer.Option(help="How strongly an adapter learns. Default: the recipe's."),
]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any value of the recipe; repeatable.")
]
Epochs = Annotated[float | None, typer.Option(help="Times that each example is learned from: --set epochs=…")]
BatchSize = Annotated[int | None, typer.Option(help="Examples a step: --set batch_size=…")]
LoraR = Annotated[int | None, typer.Option("--lora-r", help="Rank of the adapter: --set lora_r=…")]
UseQlora = Annotated[
    bool | None, typer.Option("--use-qlora/--no-qlora", help="The base in 4 bits, or in 16: --set method=…")
]
TakeInFirst = Annotated[
    int | None, typer.Option("--days-back", min=1, help="First take in the last days' rated chats.")
]
ExportJsonl = Annotated[
    bool, typer.Option("--export-jsonl", help="Also write the training split as OpenAI chat JSONL.")
]
ConvertToGguf = Annotated[bool, typer.Option("--convert-to-gguf", help="Always done; older guides ask for it.")]
Served = Annotated[Quantisation, typer.Option(help="The quantisation that is scored and served.")]
Mode = Annotated[
    PhiMode | None,
    typer.Option("--phi-mode", help="What finds identifiers; strict adds a tagger. Default: ROUNDS_PHI_MODE."),
]
DetectorMode = Annotated[
    PhiMode | None,
    typer.Option("--mode", help="What finds identifiers; strict adds a tagger. Default: ROUNDS_PHI_MODE."),
]
Policy = Annotated[
    PhiPolicy | None,
    typer.Option("--phi-policy", help="What stands in their place. Default: ROUNDS_PHI_POLICY."),
]
Refresh = Annotated[bool, typer.Option("--refresh", help="Repeat every step, whatever the cache holds.")]
Paths = Annotated[list[str], typer.Argument(help="Files, folders or patterns.")]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day on, instead of where the last run stopped.")
]
RowLimit = Annotated[int | None, typer.Option(min=1, help="At most this many new or changed records.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count, show three redacted examples, remember nothing.")]

JudgeOnly = Annotated[bool, typer.Option("--dry-run", help="Judge and report; promote nothing, conclude nothing.")]
Approval = Annotated[Approvals, typer.Option(help="Persons who must approve a promotion, in Prefect.")]
MaxSeconds = Annotated[float | None, typer.Option("--max-seconds-p95", help="95 % of the answers within this time.")]
MaxSize = Annotated[float | None, typer.Option("--max-size-gib", help="Largest file to serve.")]
