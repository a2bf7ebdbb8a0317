"""`rounds ingest SOURCE`: one source at a time, or a look at it that remembers nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer

from flows.explaining import explained
from flows.options import DEFAULT, Agent, AsJson, DryRun, MinRating, MinTokens, Paths, RowLimit, Since
from flows.parameters import CollectRequest

ingest = typer.Typer(no_args_is_help=True, help="Take in what is new of one source, or look at it with --dry-run.")


@ingest.command(name="pubmed", epilog="Example: rounds ingest pubmed 'lupus erythematosus[mh]' --since 2026-11-01")
@explained
def ingest_pubmed(
    query: Annotated[str, typer.Argument(help="What to search for, in PubMed's own syntax.")],
    agent_type: Agent = DEFAULT.agent_type,
    since: Since = None,
    limit: RowLimit = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take in citations that PubMed's search finds (Entrez), the new ones since the last run."""
    if not query.strip():
        raise typer.BadParameter("say what to search for", param_hint="QUERY")
    take_in({"pubmed": query}, agent_type, since, limit, dry_run=dry_run, as_json=as_json)


@ingest.command(name="pubmed-files", epilog="Example: rounds ingest pubmed-files baseline/ updatefiles/")
@explained
def ingest_pubmed_files(
    paths: Paths,
    agent_type: Agent = DEFAULT.agent_type,
    since: Since = None,
    limit: RowLimit = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take in PubMed's baseline and update files, or saved efetch replies, file by file in the order of their names."""
    take_in({"literature": paths}, agent_type, since, limit, dry_run=dry_run, as_json=as_json)


@ingest.command(name="pmc", epilog="Example: rounds ingest pmc oa_comm/ --dry-run")
@explained
def ingest_pmc(
    paths: Paths,
    agent_type: Agent = DEFAULT.agent_type,
    since: Since = None,
    limit: RowLimit = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take in full texts of the PMC open-access subset (JATS XML) whose licence allows it."""
    take_in({"full_texts": paths}, agent_type, since, limit, dry_run=dry_run, as_json=as_json)


@ingest.command(name="arxiv", epilog="Example: rounds ingest arxiv 'cat:q-bio.QM AND abs:sepsis' --limit 200")
@explained
def ingest_arxiv(
    query: Annotated[
        str, typer.Argument(help="What to search for, in arXiv's own syntax; cat: names a category.")
    ] = "",
    file: Annotated[list[str] | None, typer.Option(help="A saved reply (Atom, OAI) instead of a search.")] = None,
    agent_type: Agent = DEFAULT.agent_type,
    since: Since = None,
    limit: RowLimit = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take in papers that arXiv's search finds, the new and revised ones since the last run."""
    if bool(query.strip()) == bool(file):
        raise typer.BadParameter("say what to search for, or name saved replies with --file", param_hint="QUERY")
    take_in({"arxiv": query, "arxiv_files": file or ()}, agent_type, since, limit, dry_run=dry_run, as_json=as_json)


@ingest.command(name="interactions", epilog="Example: rounds ingest interactions --since 2026-11-01 --json")
@explained
def ingest_interactions(
    agent_type: Agent = DEFAULT.agent_type,
    since: Since = None,
    limit: RowLimit = None,
    min_rating: MinRating = DEFAULT.min_rating,
    min_answer_tokens: MinTokens = DEFAULT.min_answer_tokens,
    low_rated: Annotated[bool, typer.Option("--low-rated", help="Also keep low-rated answers, apart.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take in rated and corrected chats from PostgreSQL."""
    chosen = {"chats": True, "min_rating": min_rating, "min_answer_tokens": min_answer_tokens, "low_rated": low_rated}
    take_in(chosen, agent_type, since, limit, dry_run=dry_run, as_json=as_json)


@ingest.command(name="documents", epilog="Example: rounds ingest documents discharge/ --dry-run")
@explained
def ingest_documents(
    paths: Paths,
    agent_type: Agent = DEFAULT.agent_type,
    since: Since = None,
    limit: RowLimit = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take in discharge documents: text, PDF, Word, FHIR."""
    take_in({"documents": paths}, agent_type, since, limit, dry_run=dry_run, as_json=as_json)


@ingest.command(name="examples", epilog="Example: rounds ingest examples questions.jsonl --agent-type Clinical")
@explained
def ingest_examples(
    paths: Paths,
    agent_type: Agent = DEFAULT.agent_type,
    since: Since = None,
    limit: RowLimit = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take in question and answer sets; README names the forms."""
    take_in({"examples": paths}, agent_type, since, limit, dry_run=dry_run, as_json=as_json)


def take_in(
    chosen: Mapping[str, object],
    agent_type: str,
    since: datetime | None,
    limit: int | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run the collection of one source alone."""
    from flows.ingest_commands import run_ingest

    common: dict[str, object] = {"agent_type": agent_type, "since": since.date() if since else None, "limit": limit}
    request = CollectRequest.model_validate({"chats": False, **common, **chosen})
    run_ingest(request, dry_run=dry_run, as_json=as_json)
