import re
from pathlib import Path

import pytest
import yaml

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training.overrides import ENVIRONMENT
from tasks.training.recipes import RECIPES, Setting, digest, load_recipe, presets, recipe_of, resolved

GOOD = "method: lora\nbase: builtin:tiny\nlearning_rate: 1.0e-3\nepochs: 1\nbatch_size: 8\nmax_tokens: 128\n"


@pytest.mark.parametrize("name", sorted(path.stem for path in RECIPES.glob("*.yaml")))
def test_every_recipe_that_comes_with_rounds_loads(name: str) -> None:
    assert load_recipe(name).name == name


BASES = (
    "tiny", "qwen3-0.6b", "qwen3-4b", "qwen3-8b", "llama-3.2-3b", "biomistral-7b", "medgemma-4b",
    "deepseek-r1-distill-qwen-1.5b", "deepseek-r1-distill-qwen-7b", "deepseek-r1-distill-llama-8b",
)  # fmt: skip


def test_every_base_has_its_three_siblings() -> None:
    for base in BASES:
        siblings = [load_recipe(f"{method}-{base}") for method in ("qlora", "lora", "full")]
        assert [recipe.method for recipe in siblings] == ["qlora", "lora", "full"]
        assert len({(recipe.base, recipe.max_tokens) for recipe in siblings}) == 1
        assert len(siblings[0].target_modules) == 7


@pytest.mark.parametrize(
    ("preset", "r", "alpha", "rate", "epochs", "batch", "warm_up"),
    [
        ("conservative", 8, 16, 1e-4, 2, 4, 100),
        ("balanced", 16, 32, 5e-4, 3, 8, 200),
        ("aggressive", 32, 64, 1e-3, 5, 16, 500),
    ],
)
def test_a_preset_says_how_strongly_every_adapter_learns(
    preset: str, r: int, alpha: int, rate: float, epochs: float, batch: int, warm_up: int
) -> None:
    for base in BASES:
        recipe = load_with(f"qlora-{base}", preset=preset)
        assert (recipe.lora_r, recipe.lora_alpha, recipe.learning_rate) == (r, alpha, rate)
        assert (recipe.epochs, recipe.batch_size, recipe.warmup_steps) == (epochs, batch, warm_up)
    assert preset in presets()


@pytest.mark.parametrize("objective", ["dpo", "kto"])
def test_a_preset_of_an_objective_makes_any_adapter_learn_preferences(objective: str) -> None:
    for base in BASES:
        recipe = load_with(f"qlora-{base}", preset=objective)
        assert (recipe.method, recipe.objective, recipe.epochs) == ("qlora", objective, 1)
        assert recipe.learning_rate < load_with(f"qlora-{base}", preset="conservative").learning_rate
        assert recipe.batch_size // recipe.gradient_accumulation > 1
        supervised = load_recipe(f"qlora-{base}")  # whose adapter it may have to go on with
        assert (recipe.lora_r, recipe.lora_alpha) == (supervised.lora_r, supervised.lora_alpha)
    with pytest.raises(TrainingError, match="for adapters"):
        load_with("full-tiny", preset=objective)


def load_with(name: str, **layers: object) -> Recipe:
    return recipe_of(name, resolved(name, **layers))  # type: ignore[arg-type]


# ── layers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def origin(settings: list[Setting], name: str) -> tuple[object, str]:
    return next((setting.value, setting.origin) for setting in settings if setting.name == name)


def test_each_layer_wins_over_the_one_before_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "presets").mkdir()
    for name, rate in (("low", 1e-4), ("high", 1e-3)):
        (tmp_path / "presets" / f"{name}.yaml").write_text(f"learning_rate: {rate}\nbatch_size: 8\nepochs: 4\n")
    content = "method: lora\nbase: builtin:tiny\nmax_tokens: 128\npreset: low\n"
    (tmp_path / "mine.yaml").write_text(content)
    (tmp_path / "own.yaml").write_text(content + "learning_rate: 2.0e-4\n")
    environment = {"QLORA_LR": "3e-4"}
    expected = (
        ({"name_or_path": "mine"}, 1e-4, "preset low"),
        ({"name_or_path": "own"}, 2e-4, "recipe own"),
        ({"environment": environment}, 3e-4, "QLORA_LR"),
        ({"preset": "high"}, 1e-3, "preset high, this run"),
        ({"overrides": ["learning_rate=5e-4"]}, 5e-4, "this run"),
    )
    layers: dict[str, object] = {"folder": tmp_path}
    for added, value, where in expected:
        layers |= added
        assert origin(resolved(**layers), "learning_rate") == (value, where)  # type: ignore[arg-type]
    assert origin(resolved("own", folder=tmp_path), "seed") == (17, "default")
    assert [setting.name for setting in resolved("own", folder=tmp_path)] == [
        n for n in Recipe.model_fields if n != "name"
    ]


@pytest.mark.parametrize(
    ("method", "variables", "changed"),
    [
        ("qlora", {"QLORA_EPOCHS": "7", "FULL_EPOCHS": "9"}, {"epochs": 7}),
        ("lora", {"QLORA_BATCH_SIZE": "16", "QLORA_LR": "2e-4"}, {"batch_size": 16, "learning_rate": 2e-4}),
        ("full", {"QLORA_EPOCHS": "7", "FULL_EPOCHS": "9", "FULL_LR": "3e-5"}, {"epochs": 9, "learning_rate": 3e-5}),
        ("full", {"FULL_BATCH_SIZE": "4"}, {"batch_size": 4}),
        ("qlora", {"MODEL_NAME": "me/mine", "MAX_SEQ_LENGTH": "300"}, {"base": "me/mine", "max_tokens": 300}),
        ("qlora", {"MODEL_NAME": ""}, {}),
    ],
)
def test_the_guides_variables_change_the_recipes_of_their_method(
    method: str, variables: dict[str, str], changed: dict[str, object]
) -> None:
    plain, given = load_recipe(f"{method}-tiny"), load_with(f"{method}-tiny", environment=variables)
    assert given == plain.model_copy(update=changed)
    assert set(variables) <= set(ENVIRONMENT)


@pytest.mark.parametrize(
    ("layers", "what", "fix", "why"),
    [
        ({"overrides": ["lora_rank=8"]}, "unknown key lora_rank", "write lora_r", "another library's word"),
        ({"overrides": ["name=x"]}, "unknown key name", "known keys", "the name is the file's"),
        ({"overrides": ["lora_r"]}, "sets nothing", "key=value", "no value"),
        ({"overrides": ["lora_r=8", "lora_r=9"]}, "to 8 and to 9", "one of them", "which of them?"),
        ({"overrides": ["base=a/b"], "base": "c/d"}, "to a/b and to c/d", "one of them", "two ways to say it"),
        ({"overrides": ["lora_r=[8"]}, "lora_r is not YAML", "quote", "broken YAML"),
        ({"overrides": ["lora_r=many"]}, "'many' (this run), allowed: a whole number", "correct", "no number"),
        ({"overrides": ["learning_rate=1"]}, "at most 0.1", "correct", "1e-0 for 1e-4"),
        ({"environment": {"QLORA_EPOCHS": "-1"}}, "'-1' (QLORA_EPOCHS), allowed: a number above 0", "correct", "where"),
        ({"preset": "gentle"}, "no preset gentle", "conservative", "all are named"),
        (
            {"overrides": ["mix={replay_shre: 0.5}"]},
            "mix (this run) has an unknown key replay_shre",
            "replay_share",
            "slip",
        ),
        (
            {"overrides": ["mix={replay_share: 2}"]},
            "mix.replay_share is 2 (this run), allowed: a number at least 0 and at most 1",
            "correct",
            "a share",
        ),
        (
            {"overrides": ["mix={source_weights: {pubmed: -1}}"]},
            "mix.source_weights.pubmed is -1 (this run), allowed: a number at least 0",
            "correct",
            "a bad weight",
        ),
        ({"overrides": ["mix={source_weights: {pubmed: .inf}}"]}, "pubmed is inf", "correct", "an endless weight"),
        ({"overrides": ["mix={source_weights: 3}"]}, "allowed: names, each with a number", "correct", "whose weight?"),
        ({"overrides": ["mix={token_budget: 0}"]}, "a whole number at least 1, or null", "correct", "learns nothing"),
        ({"overrides": ["mix=half"]}, "replay_share, token_budget", "correct", "no mapping"),
        ({"overrides": ["objective=ppo"]}, "'ppo' (this run), allowed: sft, dpo, kto", "correct", "another objective"),
        ({"overrides": ["objective=dpo", "preference_beta=0"]}, "a number above 0 and at most 10", "correct", "range"),
        ({"overrides": ["start_from=best"]}, "allowed: base, champion", "correct", "choices"),
        ({"overrides": ["too_long=cut"]}, "allowed: drop, truncate, raise", "correct", "choices"),
        ({"overrides": ["batching=dense"]}, "allowed: auto, packed, by-length", "correct", "choices"),
        ({"overrides": ["kernels=liger"]}, "allowed: auto, plain", "correct", "choices"),
        ({"overrides": ["backend=jax"]}, "allowed: transformers, unsloth", "correct", "choices"),
        ({"overrides": ["evaluations=0"]}, "a whole number at least 1 and at most 100", "correct", "range"),
        (
            {"overrides": ["patience=none"]},
            "'none' (this run), allowed: a whole number at least 1, or null",
            "correct",
            "YAML's word is null",
        ),
        ({"overrides": ["sampled_answers=-1"]}, "a whole number at least 0 and at most 256", "correct", "range"),
        ({"overrides": ["activation_checkpointing=maybe"]}, "true or false, or null", "correct", "choices"),
        (
            {"overrides": ["base_bits=8"]},
            "base_bits (this run) changes nothing under method qlora",
            "method=lora",
            "idle",
        ),
        (
            {"overrides": ["method=full", "learning_rate=1e-5", "lora_r=8"]},
            "lora_r (this run) changes nothing under method full",
            "leave lora_r out",
            "idle",
        ),
        ({"overrides": ["preference_beta=0.2"]}, "changes nothing under objective sft", "objective=dpo or kto", "idle"),
        ({"overrides": ["method=full"]}, "written for method qlora, not for full", "learning_rate=", "ruins the base"),
    ],
)
def test_a_bad_choice_is_refused_with_its_fix(layers: dict[str, object], what: str, fix: str, why: str) -> None:
    with pytest.raises(TrainingError) as caught:
        load_with("qlora-qwen3-4b", **layers)
    assert what in caught.value.what, why
    assert fix in caught.value.fix, why


def test_a_preset_for_adapters_is_not_laid_over_full_tuning() -> None:
    with pytest.raises(TrainingError, match="for adapters"):
        load_with("full-tiny", preset="aggressive")


def test_a_method_can_be_changed_together_with_its_rate() -> None:
    assert load_with("qlora-qwen3-4b", overrides=["method=lora", "base_bits=8"]).base_bits == 8
    assert load_with("full-tiny", overrides=["method=qlora", "learning_rate=1e-4"]).method == "qlora"


@pytest.mark.parametrize(("batch", "parts"), [("2", 2), ("6", 2), ("7", 1), ("12", 4)])
def test_a_batch_of_the_runs_own_is_accumulated_in_parts_that_divide_it(batch: str, parts: int) -> None:
    settings = resolved("qlora-qwen3-4b", overrides=[f"batch_size={batch}"])
    assert origin(settings, "gradient_accumulation")[0] == parts
    with pytest.raises(TrainingError, match="equal parts"):
        resolved("qlora-qwen3-4b", overrides=["batch_size=7", "gradient_accumulation=4"])


def test_a_list_is_written_as_in_yaml() -> None:
    assert load_with("lora-tiny", overrides=["target_modules=[q_proj, v_proj]"]).target_modules == ("q_proj", "v_proj")


def test_every_file_is_a_mapping_of_known_keys() -> None:
    for file in RECIPES.rglob("*.yaml"):
        assert set(yaml.safe_load(file.read_text(encoding="utf-8"))) <= {*Recipe.model_fields, "preset"}, file


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "what", "fix", "why"),
    [
        (GOOD + "lora_r: 0\n", "lora_r is 0 (recipe mine), allowed: a whole number at least 1", "correct", "the range"),
        (GOOD + "optimizer: sgd\n", "adamw, adamw-8bit, paged-adamw-8bit", "correct", "the choices"),
        (GOOD + "target_modules: []\n", "a list of one name or more", "correct", "an adapter on nothing"),
        (GOOD + "preset: balenced\n", "no preset balenced", "take balanced", "a slip names its neighbour"),
        (GOOD.replace("lora", "full") + "preset: balanced\n", "for adapters", "qlora or lora", "ruins a full base"),
        (GOOD + "learning_rte: 1\n", "learning_rte", "learning_rate", "a slip names its neighbour"),
        (GOOD + "lora_rank: 8\n", "lora_rank", "lora_r", "another library's word"),
        (GOOD + "zzz: 8\n", "zzz", "known keys", "nothing is near"),
        (
            GOOD + "mix:\n  replay_shre: 0.5\n",
            "mix (recipe mine) has an unknown key replay_shre",
            "replay_share",
            "slip",
        ),
        (
            GOOD + "mix:\n  agent_weights: {Clinical: much}\n",
            "mix.agent_weights.Clinical is 'much' (recipe mine)",
            "correct",
            "no number",
        ),
        (
            GOOD.replace("lora", "full") + "lora_alpha: 8\n",
            "lora_alpha (recipe mine) changes nothing under method full",
            "method=lora or qlora",
            "idle",
        ),
        (GOOD.replace("lora", "qlora") + "base_bits: 8\n", "base_bits (recipe mine)", "method=lora", "idle"),
        (GOOD + "preference_beta: 0.3\n", "preference_beta (recipe mine)", "objective=dpo or kto", "idle"),
        (GOOD + "name: x\n", "name", "known keys", "the name is the file's"),
        (GOOD.replace("lora", "dora"), "method", "correct", "unknown method"),
        (GOOD.replace("1.0e-3", "-1"), "learning_rate", "correct", "negative rate"),
        ("method: lora\n", "base", "correct", "missing values are named"),
        (GOOD + "gradient_accumulation: 3\n", "accumulated", "multiple", "8 is no multiple of 3"),
        ("just words", "no keys", "key: value", "not a mapping"),
        ("a: [", "not YAML", "key: value", "broken YAML"),
    ],
)
def test_a_bad_recipe_is_refused_with_its_fix(tmp_path: Path, content: str, what: str, fix: str, why: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(TrainingError) as caught:
        load_recipe(str(file))
    assert what in caught.value.what, why
    assert fix in caught.value.fix, why


@pytest.mark.parametrize(
    ("name", "fix", "why"),
    [
        ("qlora-tyny", "take qlora-tiny or lora-tiny; or give the path", "a slip"),
        ("zzz", "full-tiny, kto-tiny, lora-biomistral-7b", "nothing is near: all are named"),
        ("recipes/zzz", "full-tiny, kto-tiny, lora-biomistral-7b", "a folder that is not there has no names"),
        ("{here}/mine.yml", "take {here}/mine.yaml, or take by its name one of: ", "a slip in a path: the file beside"),
        ("{here}/qlora-tyny.yaml", "correct the path, or take by its name qlora-tiny", "meant by its name"),
        ("{here}/none/qlora-tiny.yaml", "correct the path, or take by its name qlora-tiny", "a folder not there"),
        ("{here}/zzz.yaml", "correct the path, or take by its name one of: dpo-tiny, full-bio", "nothing is near"),
    ],
)
def test_a_file_that_is_not_there_is_told_with_what_may_be_meant(tmp_path: Path, name: str, fix: str, why: str) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    (tmp_path / "deployment.yaml").write_text("services: none\n")
    with pytest.raises(TrainingError) as caught:
        load_recipe(name.format(here=tmp_path))
    assert caught.value.fix.startswith(("take", "correct"))
    assert fix.format(here=tmp_path) in caught.value.fix, why
    assert "deployment" not in caught.value.fix


def test_what_a_method_does_not_use_changes_no_digest(tmp_path: Path) -> None:
    full = load_recipe("full-tiny")
    changed = load_with(
        "lora-tiny", overrides=["method=full", f"learning_rate={full.learning_rate}", "gradient_accumulation=1"]
    )
    assert digest(changed) == digest(full.model_copy(update={"gradient_accumulation": 1}))
    (tmp_path / "eight.yaml").write_text(GOOD + "base_bits: 8\nobjective: dpo\npreference_beta: 0.3\n")
    (tmp_path / "plain.yaml").write_text(GOOD)
    settings = resolved("eight", folder=tmp_path, overrides=["method=qlora", "objective=sft"])
    assert origin(settings, "base_bits") == (16, "unused: method qlora")
    assert origin(settings, "preference_beta") == (0.1, "unused: objective sft")
    plain = resolved("plain", folder=tmp_path, overrides=["method=qlora"])
    assert digest(recipe_of("a", settings)) == digest(recipe_of("a", plain))


def test_every_key_is_in_the_table_of_the_manual_with_its_default() -> None:
    manual = (RECIPES.parents[1] / "docs" / "recipes.md").read_text(encoding="utf-8")
    table = manual.partition("## Keys")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split(" | ")] for line in table.splitlines() if line.startswith("| `")]
    told = {
        key: default
        for keys, defaults, _ in (row for row in rows if len(row) == 3)
        for key, default in zip(re.findall(r"`(\w+)`", keys), defaults.split(", "), strict=False)
    }
    fields = {name: field for name, field in Recipe.model_fields.items() if name != "name"}
    assert set(told) == set(fields)
    for name, field in fields.items():
        if field.is_required():
            assert told[name] == "needed"
        elif isinstance(field.default, str | int | float):
            assert (
                told[name].strip("`") == f"{field.default:g}"
                if isinstance(field.default, float)
                else str(field.default)
            )


def test_a_path_loads_like_a_name_and_only_values_change_the_digest(tmp_path: Path) -> None:
    for name, content in (("a", GOOD), ("b", GOOD), ("c", GOOD.replace("epochs: 1", "epochs: 2"))):
        (tmp_path / f"{name}.yaml").write_text(content, encoding="utf-8")
    a, b, c = (digest(load_recipe(str(tmp_path / f"{name}.yaml"))) for name in "abc")
    assert a == b
    assert a != c
    assert load_recipe("a", folder=tmp_path).name == "a"
