"""What `rounds train` does behind `flows/cli.py`."""

import math

import yaml
from rich.markup import escape
from rich.table import Table

from flows.console import err, out, print_json
from flows.export_commands import write_dataset
from flows.parameters import CollectRequest, TrainRequest
from flows.recipe_choice import settings_of
from flows.running import running
from infra.settings import get_settings
from tasks.records import Mix
from tasks.training.recipes import Setting


def run_train(
    request: TrainRequest, *, days_back: int | None, export_jsonl: bool, refresh: bool, as_json: bool
) -> None:
    """Train a candidate and print its name; the recipe's values are shown before anything is done."""
    from flows.collect import collect
    from flows.finetune import finetune

    print_settings(settings_of(request))
    with running([], refresh=refresh):
        if days_back is not None:
            collect(
                CollectRequest(
                    agent_type=request.agent_type,
                    days_back=days_back,
                    phi_mode=request.phi_mode,
                    phi_policy=request.phi_policy,
                )
            )
        model = finetune(request)
    if export_jsonl and model.dataset_id:
        file = get_settings().data / f"{model.dataset_id}-train.jsonl"
        written, _ = write_dataset(model.dataset_id, file, "openai", "train")
        err.print(f"{written} examples as chat JSONL in {escape(str(file))}.", soft_wrap=True)
    if as_json:
        print_json(model)
    else:
        out.print(f"Candidate [bold]{model.id}[/bold] is registered; `rounds weekly` judges and promotes.")


def print_settings(settings: list[Setting]) -> None:
    """Print on standard error what a recipe came to, value by value, with where each came from."""
    table = Table("recipe", "value", "from", box=None, padding=(0, 1))
    for name, value, origin in settings:
        shown = "" if origin.startswith("unused") else in_words(value)
        dim = "[dim]" if origin.startswith(("default", "unused")) else ""
        table.add_row(dim + name, dim + escape(shown), dim + escape(origin))
    err.print(table)


def in_words(value: object) -> str:
    """Return a value of a recipe as a person reads it; of a mix, as `--set` takes it, what differs from the default."""
    if isinstance(value, Mix):
        changed = value.model_dump(mode="json", exclude_defaults=True)
        return yaml.safe_dump(changed, default_flow_style=True, width=math.inf).strip() if changed else ""
    return ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
