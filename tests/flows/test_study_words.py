"""`rounds study`: its options, its recipes, the lines that it prints, and what it says of few questions."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows import cli, study_commands
from flows.study_files import searched_before
from flows.study_parameters import StudyRequest
from flows.study_recipes import recipes_of
from flows.study_report import note_of
from flows.study_steps import STEPS, StudyStep
from infra import step_ledger
from tasks.errors import ConfigError, TrainingError
from tasks.records import Estimate


def test_every_option_reaches_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[StudyRequest, dict[str, bool]]] = []
    monkeypatch.setattr(study_commands, "run_study_command", lambda request, **more: asked.append((request, more)))
    line = (
        "study --base Some/Base --suite mine.yaml --literature a.xml --literature b/ --pubmed lupus --limit 9"
        " --qlora-recipe q.yaml --full-recipe f.yaml -a Lupus --min-examples 7 --answer-tokens 64 --out there"
        " --gguf-quantization Q8_0 --set seed=3 --refresh --json"
    )
    ended = CliRunner().invoke(cli.app, line.split())
    assert ended.exit_code == 0, ended.output
    request, more = asked[0]
    assert request == StudyRequest(
        agent_type="Lupus", base="Some/Base", suite="mine.yaml", literature=("a.xml", "b/"), pubmed="lupus", limit=9,
        search_again=True, qlora_recipe="q.yaml", full_recipe="f.yaml", gguf_quantization="Q8_0", min_examples=7,
        answer_tokens=64, out="there", overrides=("seed=3",),
    )  # fmt: skip
    assert more == {"refresh": True, "as_json": True}


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("builtin:tiny", ("qlora-tiny", "full-tiny")),
        ("Qwen/Qwen3-4B-Instruct-2507", ("qlora-qwen3-4b", "full-qwen3-4b")),
    ],
)
def test_the_recipes_are_those_for_the_base(base: str, expected: tuple[str, str]) -> None:
    assert tuple(recipe.name for recipe in recipes_of(StudyRequest(base=base))) == expected


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"base": "some/other"}, ConfigError, "--qlora-recipe FILE"),
        ({"qlora_recipe": "full-tiny"}, ConfigError, "name one of method qlora"),
        ({"full_recipe": "dpo-tiny"}, ConfigError, "objective sft"),
        ({"qlora_recipe": "qlora-tinny"}, TrainingError, "qlora-tiny"),
        ({"overrides": ("lora_r=4",)}, TrainingError, "lora_r"),
    ],
)
def test_a_recipe_that_cannot_be_used_is_refused(changes: dict[str, str], error: type[ConfigError], words: str) -> None:
    with pytest.raises(error) as refused:
        recipes_of(StudyRequest.model_validate(changes))
    assert words in refused.value.fix


def test_a_value_that_is_set_is_that_of_both_recipes() -> None:
    pair = recipes_of(StudyRequest(overrides=("too_long=truncate", "seed=3")))
    assert [(recipe.too_long, recipe.seed) for recipe in pair] == [("truncate", 3)] * 2


@pytest.mark.parametrize("number", range(1, len(STEPS) + 1))
def test_a_line_fits_eighty_columns_however_much_was_done(number: int) -> None:
    for did in ("", "short", "x" * 200):
        assert len(StudyStep(number).line("✓", did, "from the cache").plain) < 80


def test_a_step_is_from_the_cache_only_if_all_its_work_is() -> None:
    step = StudyStep(4)
    assert step.cost(3.2) == "nothing new"
    step.note(step_ledger.StepTime("register", 0.1, cached=False))  # not what a training step is about
    step.note(step_ledger.StepTime("finetune", 0.0, cached=True))
    assert step.cost(3.2) == "from the cache"
    step.note(step_ledger.StepTime("export_gguf", 3.0, cached=False))
    assert step.cost(3.2) == "3.2 s"


def test_few_questions_are_no_gate_and_many_are_told_so() -> None:
    assert "10 questions are a reading, never a gate" in note_of(10)
    assert "never a gate" not in note_of(500)


def test_a_search_is_known_again_by_its_words_and_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "papers.json"
    request = StudyRequest(pubmed="lupus", limit=5)
    assert not searched_before(file, request)
    file.write_text(json.dumps({"agent_type": "Autoimmune", "search": {"pubmed": "lupus", "limit": 5}}))
    assert searched_before(file, request)
    assert not searched_before(file, request.model_copy(update={"limit": 6}))
    assert not searched_before(file, request.model_copy(update={"agent_type": "Lupus"}))
    file.write_text("[1")
    assert not searched_before(file, request)


def test_a_difference_that_rounds_to_zero_has_no_minus() -> None:
    shown = study_commands._signed(Estimate(value=-0.0001, low=-0.012, high=0.0, n=3))
    assert shown == "+0.000 (−0.012 to +0.000)"
