"""`rounds study`: the older guides' study in eight steps, one command that goes on where it was stopped."""

from typing import Annotated

import typer

from flows.explaining import explained
from flows.options import AsJson, Assignments, Literature, Mode, Policy, Refresh, Served
from flows.study_parameters import StudyRequest

PLAIN = StudyRequest()


@explained
def study(
    base: Annotated[
        str, typer.Option("--base", "--base-model", help="builtin:tiny, a Hugging Face id or a folder.")
    ] = PLAIN.base,
    suite: Annotated[str, typer.Option(help="A suite of benchmarks/suites, or a YAML file.")] = PLAIN.suite,
    literature: Literature = None,
    pubmed: Annotated[str, typer.Option(help="A search of PubMed, made once a study.")] = PLAIN.pubmed,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many papers of the search.")] = PLAIN.limit,
    qlora_recipe: Annotated[
        str | None, typer.Option(help="A file of flows/recipes, or a path. Default: the one for the base.")
    ] = PLAIN.qlora_recipe,
    full_recipe: Annotated[
        str | None, typer.Option(help="A file of flows/recipes, or a path. Default: the one for the base.")
    ] = PLAIN.full_recipe,
    assignments: Assignments = None,
    agent_type: Annotated[
        str, typer.Option("--agent-type", "-a", help="Whose papers and candidates these are.")
    ] = PLAIN.agent_type,
    min_examples: Annotated[int, typer.Option(min=1, help="Fewest training examples.")] = PLAIN.min_examples,
    answer_tokens: Annotated[int, typer.Option(min=8, help="Longest answer, in tokens.")] = PLAIN.answer_tokens,
    gguf_quantization: Served = PLAIN.gguf_quantization,
    out: Annotated[str, typer.Option(help="Folder of the files. Default: one under the data folder.")] = PLAIN.out,
    phi_mode: Mode = PLAIN.phi_mode,
    phi_policy: Policy = PLAIN.phi_policy,
    refresh: Refresh = False,
    as_json: AsJson = False,
) -> None:
    """Study a base: its answers, QLoRA and full fine-tuning on papers, scores side by side; nothing is promoted."""
    from flows.study_commands import run_study_command

    request = StudyRequest(
        agent_type=agent_type,
        base=base,
        suite=suite,
        literature=tuple(literature or ()),
        pubmed=pubmed,
        limit=limit,
        search_again=refresh,
        qlora_recipe=qlora_recipe,
        full_recipe=full_recipe,
        overrides=tuple(assignments or ()),
        gguf_quantization=gguf_quantization,
        min_examples=min_examples,
        answer_tokens=answer_tokens,
        out=out,
        phi_mode=phi_mode,
        phi_policy=phi_policy,
    )
    run_study_command(request, refresh=refresh, as_json=as_json)
