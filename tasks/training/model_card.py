"""What a trained model is, as a page in Hugging Face's form (YAML, then Markdown) and the same as JSON.

It lies in the model's folder and in its adapter's, so that whoever has the weights has it, too. It holds counts,
settings and names and no example: the data card of the dataset, which stays in the store, shows some. Not covered: how
well the model answers, which is found out after the card is written and stands in the round's report.
"""

import dataclasses
import importlib.metadata
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import yaml
from huggingface_hub import ModelCardData, hf_hub_download, metadata_load
from huggingface_hub.errors import HfHubHTTPError

from infra.artifacts import ArtifactStore
from infra.settings import Settings
from tasks.records import Base, DatasetVersion, Recipe, TrainingRun
from tasks.training import recipes
from tasks.training.base_models import BUILTIN
from tasks.training.energy import Energy
from tasks.training.outcomes import Outcome

README, JSON = "README.md", "card.json"
UNSTATED = "not stated"
LIBRARIES = ("torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate", "liger-kernel", "unsloth")
OF_DATA_CARD = ("examples", "tokens", "sources", "licences", "ratings", "left_out", "overlaps", "redactions")
LICENCE_KEYS = ("license", "license_name", "license_link")
MEASURED = ("seconds", "peak_memory_gib", "memory_retries")  # another on each machine and day
INTENDED = """\
Answers the questions that staff of the institution that trained it ask its agent {agent}. It was made by an unattended
round and is served there only after a paired comparison with the model before it; that round's report has the figures.

It is no medical device, gives no diagnosis, and its answers need the eye of somebody who could have written them. It
may state what is false, outdated or incomplete, and it knows nothing of the patient but what the question says. It has
learned from {languages} texts, and from the sources below alone: other specialties, languages and institutions were not
looked at. Identifiers were removed from what it learned from, with the certificate that the dataset names; that a model
gives nothing of its training texts away is not proved by this, so its weights are to be kept as those texts are."""

Card = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Made:
    """A finished run: of what it was made, and what came of it."""

    run_id: str
    dataset: DatasetVersion
    recipe: Recipe
    base: Base
    outcome: Outcome
    earlier: TrainingRun | None
    forgetting: Mapping[str, float]
    energy: Energy
    git_sha: str


def card_of(made: Made, data_card: Mapping[str, Any], licence: Mapping[str, str], settings: Settings) -> Card:
    """Return what there is to say of a run, ready for JSON; `licence` holds the base's own words, under its keys."""
    dataset, recipe, base, outcome = made.dataset, made.recipe, made.base, made.outcome
    trained = {field.name: getattr(outcome, field.name) for field in dataclasses.fields(outcome)}
    curve = trained.pop("curve")
    looks = [(row["eval_loss"], row["step"]) for row in curve if "eval_loss" in row]
    lowest, at_step = min(looks, default=(None, None))
    return {
        "run": made.run_id,
        "agent_type": dataset.agent_type,
        "objective": recipe.objective,
        "continued_from": made.earlier.id if made.earlier else None,
        "base": {"name": _base_name(base), "revision": base.revision, **licence},
        "dataset": {"id": dataset.id, "redaction": dataset.redaction, "language": _language(data_card)}
        | {name: data_card.get(name, {}) for name in OF_DATA_CARD},
        "recipe": {
            "name": recipe.name,
            "sha256": recipes.digest(recipe),
            "values": recipe.model_dump(mode="json") | {"base": _base_name(base)},
        },
        "training": trained,
        "curve": {"points": len(curve), "lowest_eval_loss": lowest, "at_step": at_step},
        "forgetting": dict(made.forgetting),
        "cost": _cost(outcome.seconds, made.energy, settings),
        "made_with": {"git_sha": made.git_sha, "python": platform.python_version(), **_versions()},
    }


def without_measurements(card: Card) -> Card:
    """Return a card without time, memory and cost: a killed and repeated run leaves the same weights folder."""
    training = {name: value for name, value in card["training"].items() if name not in MEASURED}
    return card | {"training": training, "cost": {}}


def save_card(card: Card, folder: Path) -> None:
    """Write `card.json` and `README.md` into a folder, in the place of a README that a library wrote."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_bytes(orjson.dumps(card, option=orjson.OPT_INDENT_2))
    (folder / README).write_text(as_readme(card), encoding="utf-8")


def licence_of(base: Base, store: ArtifactStore) -> dict[str, str]:
    """Return what a base's own model card says of its licence, under Hugging Face's keys; `not stated` if nothing."""
    if base.name == BUILTIN:
        return {"license": "apache-2.0"}
    source, revision = base.source(store)
    try:
        readme = source / README if isinstance(source, Path) else hf_hub_download(source, README, revision=revision)
        stated = metadata_load(Path(readme)) or {}
    except (OSError, ValueError, HfHubHTTPError, yaml.YAMLError):  # no README, no network, or no YAML in it
        stated = {}
    found = {key: str(stated[key]) for key in LICENCE_KEYS if stated.get(key)}
    return found or {"license": UNSTATED}


def as_readme(card: Card) -> str:
    """Return a card as Hugging Face's README.md: metadata in YAML, then a page of Markdown."""
    data, made, cost = card["dataset"], card["made_with"], card["cost"]
    origin = "starts from its base"
    if card["continued_from"]:
        origin = f"goes on from {card['continued_from']}, and so learned from that run's dataset, too"
    elif card["recipe"]["values"]["start_from"] == "champion":
        origin += ", for want of a champion that learned from nothing withdrawn or redacted anew since"
    blocks = [
        f"---\n{_metadata(card)}\n---",
        f"# Rounds {card['agent_type']}, {card['run']}",
        f"{card['base']['name']} at {card['base']['revision'][:12]}, trained by {card['recipe']['values']['method']}"
        f" ({card['objective']}) on {data['id']}; it {origin}.",
        "## Intended use and limits",
        INTENDED.format(agent=card["agent_type"], languages=data["language"]),
        "## What it learned from",
        f"Dataset {data['id']}, redaction policy {data['redaction'] or UNSTATED}.",
        _table(("what", "count"), ((f"{kind}: {name}", count) for kind in OF_DATA_CARD for name, count in
                                   _flat(data[kind]))),
        "## How it was trained",
        f"Recipe {card['recipe']['name']}, SHA-256 of its values {card['recipe']['sha256']}.",
        _table(("key", "value"), card["recipe"]["values"].items()),
        "## Losses",
        _table(("figure", "value"), (*card["training"].items(), *card["curve"].items())),
        "On validation items of earlier rounds, in nats a token:" if card["forgetting"] else
        "No earlier round held items out, so forgetting could not be measured.",
        *([_table(("figure", "value"), card["forgetting"].items())] if card["forgetting"] else []),
        *(["## Cost", _table(("figure", "value"), cost.items())] if cost else []),
        "## Made with",
        _table(("what", "version"), made.items()),
        "## Licences",
        f"Base: {card['base'].get('license_name', card['base']['license'])}. Rows learned from: "
        + (", ".join(f"{name} ({count:,})" for name, count in data["licences"].items()) or UNSTATED)
        + ". What both allow is what may be done with these weights.",
    ]  # fmt: skip
    return "\n\n".join(blocks) + "\n"


def _metadata(card: Card) -> str:
    """Return the YAML. Nothing measured is in it: llama.cpp copies parts of it into GGUF files, which are compared."""
    base = card["base"]
    licence = {key: base[key] for key in LICENCE_KEYS if key in base}
    if licence.get("license") == UNSTATED:
        licence = {"license": "other", "license_name": "not-stated"}
    data = ModelCardData(
        **licence,
        base_model=base["name"],
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["medical", "rounds", card["recipe"]["values"]["method"]],
        rounds={
            "run_id": card["run"],
            "dataset_id": card["dataset"]["id"],
            "recipe_sha256": card["recipe"]["sha256"],
            "base_revision": base["revision"],
        },
    )
    return str(data.to_yaml()).strip()


def _cost(seconds: float, energy: Energy, settings: Settings) -> dict[str, Any]:
    """Return time, energy and, where a price is set, money: by the device's hour, else by the kilowatt hour."""
    price, how = None, "no price is set"
    if settings.price_per_device_hour is not None:
        price, how = settings.price_per_device_hour * seconds / 3600, f"at {settings.price_per_device_hour:g} an hour"
    elif settings.price_per_kwh is not None and energy.kwh is not None:
        price, how = settings.price_per_kwh * energy.kwh, f"at {settings.price_per_kwh:g} a kWh"
    return {
        "seconds": round(seconds, 1),
        "energy_kwh": energy.kwh,
        "energy": energy.how,
        "price": price,
        "currency": settings.currency,
        "price_estimate": how,
    }


def _versions() -> dict[str, str]:
    installed = {}
    for name in LIBRARIES:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return installed


def _base_name(base: Base) -> str:
    """Return a base's name as it may travel: of a folder its last part, not where it lies on this machine."""
    folder = Path(base.name).expanduser()
    return folder.name if folder.is_dir() else base.name


def _language(data_card: Mapping[str, Any]) -> str:
    return str(data_card.get("policy", {}).get("language", UNSTATED))


def _flat(counts: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield name and count; counts by split are added up."""
    for name, count in counts.items():
        yield name, sum(count.values()) if isinstance(count, Mapping) else count


def _table(head: Sequence[str], rows: Iterable[tuple[str, Any]]) -> str:
    lines = [tuple(head), tuple("---" for _ in head), *((name, _cell(value)) for name, value in rows)]
    return "\n".join(f"| {name} | {value} |" for name, value in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return " ".join(str("" if value is None else value).split()).replace("|", "\\|")
