"""`rounds train` takes the older guides' words, and says what its recipe came to before anything is done."""

from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from flows import cli, commands, train_commands, weekly_commands
from flows.parameters import CollectRequest, TrainRequest, WeeklyRequest
from flows.recipe_choice import chosen_recipe, settings_of
from tasks.records import Mix
from tasks.training.overrides import ENVIRONMENT


@pytest.fixture(autouse=True)
def no_guide(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the variables of the machine that runs the tests out of them."""
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    yield


class Ran:
    """What the command asked for, in place of a run."""

    def __init__(self) -> None:
        self.request = TrainRequest()
        self.options: dict[str, object] = {}

    def __call__(self, request: TrainRequest, **options: object) -> None:
        self.request, self.options = request, options


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    ran = Ran()
    monkeypatch.setattr(train_commands, "run_train", ran)
    return ran


def train(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["train", *arguments])


def test_the_older_guides_line_is_understood_word_by_word(ran: Ran) -> None:
    line = (
        "--agent-type Clinical --base-model builtin:tiny --days-back 7 --min-examples 500 --epochs 2 --batch-size 4"
        " --lora-r 8 --use-qlora --export-jsonl --convert-to-gguf --gguf-quantization Q4_K_M"
    )
    assert train(*line.split()).exit_code == 0
    assert ran.request == TrainRequest(
        agent_type="Clinical",
        base_model="builtin:tiny",
        min_examples=500,
        overrides=("method=qlora", "epochs=2.0", "batch_size=4", "lora_r=8"),
        gguf_quantization="Q4_K_M",
    )
    assert (ran.options["days_back"], ran.options["export_jsonl"]) == (7, True)
    recipe = chosen_recipe(ran.request)
    assert (recipe.method, recipe.epochs, recipe.batch_size, recipe.lora_r) == ("qlora", 2, 4, 8)


def test_any_value_is_set_by_its_key(ran: Ran) -> None:
    assert (
        train("-r", "lora-qwen3-8b", "--preset", "aggressive", "--set", "base_bits=8", "--set", "seed=3").exit_code == 0
    )
    recipe = chosen_recipe(ran.request)
    assert (recipe.name, recipe.base_bits, recipe.seed, recipe.lora_r) == ("lora-qwen3-8b", 8, 3, 32)
    assert train("--preset", "gentle").exit_code == 2


def test_the_environment_stands_between_recipe_and_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QLORA_LR", "3e-4")
    monkeypatch.setenv("QLORA_EPOCHS", "4")
    origins = {name: (value, origin) for name, value, origin in settings_of(TrainRequest(overrides=("epochs=1",)))}
    assert origins["learning_rate"] == (3e-4, "QLORA_LR")
    assert origins["epochs"] == (1, "this run")
    assert origins["lora_r"] == (32, "recipe qlora-tiny")
    assert origins["seed"] == (17, "default")


def test_values_are_shown_with_where_they_came_from_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    train_commands.print_settings(settings_of(TrainRequest(recipe="qlora-qwen3-4b", overrides=("seed=5",))))
    out, err = capsys.readouterr()
    lines = [" ".join(line.split()) for line in err.splitlines()]
    assert out == ""
    assert "seed 5 this run" in lines
    assert "lora_r 16 preset balanced" in lines
    assert "method qlora recipe qlora-qwen3-4b" in lines


def test_a_round_and_the_demo_take_what_their_refusals_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[TrainRequest] = []
    monkeypatch.setattr(weekly_commands, "run_each_weekly", lambda requests, **_: asked.extend(requests))
    monkeypatch.setattr(commands, "run_demo", lambda request, **_: asked.append(request))
    choice = ["-r", "lora-tiny", "--preset", "conservative", "--set", "seed=3", "--set", "epochs=1"]
    for command in ("weekly", "demo"):
        assert CliRunner().invoke(cli.app, [command, *choice]).exit_code == 0
    assert [type(request) for request in asked] == [WeeklyRequest, TrainRequest]
    for request in asked:
        recipe = chosen_recipe(request)
        assert (recipe.name, recipe.lora_r, recipe.seed, recipe.epochs) == ("lora-tiny", 8, 3, 1)


def test_an_idle_value_is_not_shown_and_a_mix_as_it_is_set(capsys: pytest.CaptureFixture[str]) -> None:
    mix = "mix={replay_share: 0.5, source_weights: {pubmed: 2.0}}"
    recipe = chosen_recipe(TrainRequest(recipe="full-tiny", overrides=(mix,)))
    shown = train_commands.in_words(recipe.mix)
    assert chosen_recipe(TrainRequest(recipe="full-tiny", overrides=(f"mix={shown}",))) == recipe
    assert train_commands.in_words(Mix()) == ""
    train_commands.print_settings(settings_of(TrainRequest(recipe="full-tiny", overrides=(mix,))))
    lines = [" ".join(line.split()) for line in capsys.readouterr().err.splitlines()]
    assert "lora_r unused: method full" in lines
    assert any(line.startswith("mix {replay_share: 0.5,") for line in lines)


def test_a_bad_value_ends_the_command_with_its_fix() -> None:
    ended = train("--set", "lora_rank=8")
    assert ended.exit_code == 8
    assert "lora_rank" in ended.output
    assert "write lora_r" in ended.output


def test_a_request_of_the_collection_is_no_part_of_training() -> None:
    assert set(TrainRequest.model_fields) & set(CollectRequest.model_fields) == {"agent_type", "phi_mode", "phi_policy"}
