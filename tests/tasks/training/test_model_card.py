"""The model card: what a machine reads in it, what a person reads in it, and what must not be in it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, metadata_load

from infra.artifacts import open_store
from infra.settings import Settings
from tasks.records import Base, DatasetVersion, Recipe
from tasks.training import recipes
from tasks.training.energy import Energy, Meter
from tasks.training.model_card import Made, as_readme, card_of, licence_of, save_card
from tasks.training.outcomes import Outcome

MakeRecipe = Callable[..., Recipe]
PHRASE = "heliotrope stethoscope"
DATA_CARD = {
    "examples": {"train": 80, "validation": 10},
    "tokens": {"train": 4_000, "validation": 500},
    "sources": {"interactions": {"train": 70, "validation": 10}, "pubmed": {"train": 10}},
    "licences": {"not stated": 80, "CC-BY-4.0": 10},
    "redactions": {"NAME": 7},
    "policy": {"language": "eng"},
    "shown": [{"messages": [{"role": "user", "content": PHRASE}]}],
}
OUTCOME = Outcome(
    best_step=None,
    stopped_early=False,
    too_long=0,
    memory_retries=0,
    merge_difference=None,
    curve=[
        {"step": 1, "loss": 3.0},
        {"step": 4, "eval_loss": 1.5},
        {"step": 8, "eval_loss": 1.25},
        {"step": 12, "eval_loss": 1.75},
    ],
    first_loss=3.0, last_loss=0.5, eval_loss=1.75, steps=12, seconds=7200, tokens=9_000, peak_memory_gib=2.5,
)  # fmt: skip
MeansOf = Callable[..., Made]


@pytest.fixture
def made(recipe: MakeRecipe) -> MeansOf:
    def make(**changes: object) -> Made:
        dataset = DatasetVersion(
            id="ds-test", agent_type="MedicalQA", splits={}, examples={}, tokens={}, sources={}, exclusions={},
            shards=(), policy="p", redaction="placeholder 4",
        )  # fmt: skip
        values: dict[str, object] = {
            "run_id": "run-1", "dataset": dataset, "recipe": recipe(method="qlora"), "outcome": OUTCOME,
            "base": Base(name="maker/model", revision="c0ffee0123456789"), "earlier": None, "forgetting": {},
            "energy": Energy(0.5, "counted by 1 × card"), "git_sha": "abc",
        }  # fmt: skip
        return Made(**(values | changes))  # type: ignore[arg-type]

    return make


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


def test_hugging_face_reads_the_metadata(made: MeansOf, tmp_path: Path) -> None:
    licence = {"license": "other", "license_name": "maker-terms", "license_link": "https://example.org/terms"}
    save_card(card_of(made(), DATA_CARD, licence, settings()), tmp_path)
    data = ModelCard.load(tmp_path / "README.md").data
    assert data.base_model == "maker/model"
    assert (data.license, data.license_name, data.license_link) == tuple(licence.values())
    assert data.library_name == "transformers"
    assert data.to_dict()["rounds"] == {
        "run_id": "run-1",
        "dataset_id": "ds-test",
        "recipe_sha256": recipes.digest(made().recipe),
        "base_revision": "c0ffee0123456789",
    }


def test_the_metadata_hold_nothing_that_differs_when_the_same_run_is_repeated(made: MeansOf, tmp_path: Path) -> None:
    slow = Outcome(**{**vars(OUTCOME), "seconds": 9_999.0, "peak_memory_gib": 4.0})
    found = []
    for name, outcome, energy in (("a", OUTCOME, Energy(0.5, "")), ("b", slow, Energy(0.9, ""))):
        save_card(
            card_of(made(outcome=outcome, energy=energy), DATA_CARD, {"license": "mit"}, settings()), tmp_path / name
        )
        found.append(metadata_load(tmp_path / name / "README.md"))
    assert found[0] == found[1]


def test_a_card_says_what_the_model_is_made_of_and_shows_no_example(made: MeansOf) -> None:
    card = card_of(made(), DATA_CARD, {"license": "mit"}, settings())
    page = as_readme(card)
    assert PHRASE not in page + json.dumps(card)
    assert card["curve"] == {"points": 4, "lowest_eval_loss": 1.25, "at_step": 8}
    assert card["recipe"]["values"]["learning_rate"] == made().recipe.learning_rate
    assert {"torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate", "git_sha"} <= card["made_with"].keys()
    for words in (
        "| sources: interactions | 80 |",
        "| redactions: NAME | 7 |",
        "redaction policy placeholder 4",
        "no medical device",
        "not stated (80), CC-BY-4.0 (10)",
        "Base: mit",
        "starts from its base",
        "No earlier round held items out",
    ):
        assert words in page, words


@pytest.mark.parametrize(
    ("prices", "kwh", "price"),
    [
        ({}, 0.5, None),
        ({"price_per_kwh": 0.4}, 0.5, 0.2),
        ({"price_per_device_hour": 3.0}, None, 6.0),
        ({"price_per_device_hour": 3.0, "price_per_kwh": 0.4}, 0.5, 6.0),
        ({"price_per_kwh": 0.4}, None, None),
    ],
)
def test_cost_is_estimated_by_the_price_that_is_set(
    prices: dict[str, float], kwh: float | None, price: float | None, made: MeansOf
) -> None:
    card = card_of(made(energy=Energy(kwh, "")), DATA_CARD, {"license": "mit"}, settings(**prices))
    assert card["cost"]["price"] == (None if price is None else pytest.approx(price))


def test_a_run_that_could_not_go_on_from_the_champion_says_so(made: MeansOf, recipe: MakeRecipe) -> None:
    asked = made(recipe=recipe(start_from="champion"))
    assert "for want of a champion" in as_readme(card_of(asked, {}, {"license": "mit"}, settings()))


@pytest.mark.parametrize(
    ("readme", "licence"),
    [
        ("---\nlicense: llama3.2\nlanguage: en\n---\n# A model\n", {"license": "llama3.2"}),
        ("# A model without metadata\n", {"license": "not stated"}),
        ("---\nlicense: [\n---\n", {"license": "not stated"}),
        (None, {"license": "not stated"}),
    ],
)
def test_the_licence_of_a_base_is_what_its_own_card_says(
    readme: str | None, licence: dict[str, str], tmp_path: Path, data_dir: Path
) -> None:
    base = Base(name=str(tmp_path / "model"), revision="1")
    (tmp_path / "model").mkdir()
    if readme is not None:
        (tmp_path / "model" / "README.md").write_text(readme)
    assert licence_of(base, open_store()) == licence


def test_the_place_of_a_base_on_this_machine_is_not_in_the_card(
    made: MeansOf, recipe: MakeRecipe, tmp_path: Path
) -> None:
    (tmp_path / "our-base").mkdir()
    place = str(tmp_path / "our-base")
    asked = made(base=Base(name=place, revision="1"), recipe=recipe(base=place))
    card = card_of(asked, {}, {"license": "mit"}, settings())
    assert card["base"]["name"] == "our-base"
    assert str(tmp_path) not in as_readme(card)


def test_energy_without_a_gpu_is_watts_times_cores_times_hours() -> None:
    meter = Meter("cpu")
    first, later = meter.read(), meter.read()
    assert first.kwh is not None
    assert later.kwh is not None
    assert 0 < first.kwh < later.kwh < 1e-3
    assert "1 CPU cores of 10 W" in first.how
