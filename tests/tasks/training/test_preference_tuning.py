"""DPO and KTO beside their formulas, computed with plain transformers from the weights before and after."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer

from tasks.errors import PrivacyError, TrainingError
from tasks.records import CertifiedRow, Message, PhiCertificate, Preference, Recipe, row_sha256
from tasks.training import preference_tuning
from tasks.training.chat_format import encode
from tasks.training.checkpoints import last_complete_checkpoint
from tasks.training.outcomes import Outcome
from tasks.training.preference_tokens import encode_preferences
from tasks.training.preference_tuning import preference_tune
from tasks.training.trainable import make_ready
from tests.tasks.training.conftest import WORDS, recipe_of

# PEFT still asks transformers for the former name of activation checkpointing.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")

Row = dict[str, Any]


def preference(index: int, *, chosen: bool = True, rejected: bool = True) -> Row:
    """Return a certified preference: people like a full sentence better than a word."""
    first, second = WORDS[index % 8], WORDS[(index // 8 + 3 * index) % 8]
    content = Preference(
        messages=(
            Message(role="user", content=f"What lies beside the {first}?" + " Say it." * (index % 3)),
            Message(role="assistant", content=f"Which {first}?"),
            Message(role="user", content=f"The {index}th."),
        ),
        chosen=f"The {second} lies beside the {first}." if chosen else None,
        rejected=f"{second} {index}" if rejected else None,
        source="made-up", source_id=str(index), group_id=str(index),
    ).model_dump(mode="json")  # fmt: skip
    certificate = PhiCertificate(
        row_sha256=row_sha256(content),
        engine="test 1",
        policy="test 1",
        findings={},
        second_pass=0,
        canaries=320,
        canary_bound=0.02,
    )
    return CertifiedRow(row=content, certificate=certificate).model_dump(mode="json")


PAIRS = [preference(index) for index in range(24)]
SINGLES = [preference(index, chosen=index % 2 == 0, rejected=index % 2 == 1) for index in range(48)]


def tune(folder: Path, base: Path, recipe: Recipe, rows: list[Row], **changes: Any) -> Outcome:
    return preference_tune(
        recipe, base, None, rows, work=folder / "work", tensorboard=folder / "log", merged=folder / "merged",
        **({"redaction": "test 1", "validation": rows[:4]} | changes),
    )  # fmt: skip


def log_probability(model: torch.nn.Module, prompt: list[int], answer: list[int]) -> float:
    """Return the sum over the answer's tokens, from plain logits."""
    ids = torch.tensor([prompt + answer])
    with torch.no_grad():
        logits = model(input_ids=ids).logits[0, :-1].log_softmax(-1)
    told = logits.gather(-1, ids[0, 1:, None])[:, 0]
    return float(told[-len(answer) :].sum())


def margins(model: torch.nn.Module, rows: list[Row]) -> torch.Tensor:
    return torch.tensor([
        log_probability(model, row["prompt_ids"], row["chosen_ids"])
        - log_probability(model, row["prompt_ids"], row["rejected_ids"])
        for row in rows
    ])  # fmt: skip


@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_dpo_widens_the_margin_between_chosen_and_rejected_answers(
    method: str, tmp_path: Path, small_base: Path
) -> None:
    recipe = recipe_of(method=method, objective="dpo", learning_rate=5e-3, epochs=2, precision="fp32")
    outcome = tune(tmp_path, small_base, recipe, PAIRS)
    assert outcome.steps == 12
    assert outcome.first_loss == pytest.approx(torch.tensor(2.0).log().item(), abs=1e-3)
    assert outcome.last_loss < outcome.first_loss
    told = [row for row in outcome.curve if "rewards/margins" in row]
    assert told[-1]["rewards/margins"] > told[0]["rewards/margins"] == pytest.approx(0, abs=1e-3)
    assert told[-1]["rewards/accuracies"] > 0.7

    before, after = (AutoModelForCausalLM.from_pretrained(folder) for folder in (small_base, tmp_path / "merged"))
    rows = encode_preferences(AutoTokenizer.from_pretrained(small_base), PAIRS[:4], recipe, "test 1").rows
    rewards = recipe.preference_beta * (margins(after, rows) - margins(before, rows))
    assert (rewards > 0).all()
    if method != "qlora":  # whose 4-bit weights are not those that it is merged into
        loss = -torch.nn.functional.logsigmoid(rewards).mean().item()
        assert outcome.eval_loss == pytest.approx(loss, abs=1e-4)
        assert outcome.curve[-1]["eval_rewards/margins"] == pytest.approx(rewards.mean().item(), abs=1e-4)


@pytest.mark.parametrize("method", ["full"])
def test_kto_raises_liked_answers_and_lowers_the_others(method: str, tmp_path: Path, small_base: Path) -> None:
    recipe = recipe_of(method=method, objective="kto", learning_rate=5e-3, epochs=2, precision="fp32")
    outcome = tune(tmp_path, small_base, recipe, SINGLES)
    assert outcome.first_loss == pytest.approx(0.5, abs=1e-3)
    assert outcome.last_loss < outcome.first_loss
    before, after = (AutoModelForCausalLM.from_pretrained(folder) for folder in (small_base, tmp_path / "merged"))
    rows = encode_preferences(AutoTokenizer.from_pretrained(small_base), SINGLES, recipe, "test 1").rows
    moved: dict[bool, list[float]] = {True: [], False: []}
    for row in rows:
        told = [log_probability(model, row["prompt_ids"], row["completion_ids"]) for model in (after, before)]
        moved[row["label"]].append(told[0] - told[1])
    assert sum(moved[True]) / len(moved[True]) > sum(moved[False]) / len(moved[False]) + 1


@pytest.mark.parametrize("objective", ["dpo", "kto"])
def test_token_ids_are_those_of_supervised_training_up_to_the_end_token(objective: str, small_base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_base)
    content = Preference.model_validate(PAIRS[0]["row"])
    turns = [message.model_dump() for message in content.messages]
    rows = encode_preferences(tokenizer, PAIRS[:1], recipe_of(objective=objective), "test 1").rows
    parts = [(rows[0], "chosen_ids"), (rows[0], "rejected_ids")]
    if objective == "kto":
        parts = [(row, "completion_ids") for row in rows]
    for (row, part), answer in zip(parts, (content.chosen, content.rejected), strict=True):
        chat = (*content.messages, Message(role="assistant", content=str(answer)))
        supervised, labels = encode(tokenizer, chat, 500) or ([], [])
        begin, end = len(row["prompt_ids"]), len(row["prompt_ids"]) + len(row[part])
        assert row["prompt_ids"] + row[part] == supervised[:end]
        assert row[part] == labels[begin:end]
        assert set(labels[end:]) <= {-100}
        assert tokenizer.decode(row[part]) == f"{answer}<|im_end|>"
        assert row["prompt_ids"] == tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)


def test_a_token_that_joins_prompt_and_answer_belongs_to_both_answers(small_base: Path) -> None:
    """Of a template that ends in a space, a byte-level tokenizer may join the space with the answer's first word."""
    tokenizer = AutoTokenizer.from_pretrained(small_base)
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant: {% endif %}"
    )
    (row,) = encode_preferences(tokenizer, PAIRS[:1], recipe_of(objective="dpo"), "test 1").rows
    content = Preference.model_validate(PAIRS[0]["row"])
    for part, answer in (("chosen_ids", content.chosen), ("rejected_ids", content.rejected)):
        chat = (*content.messages, Message(role="assistant", content=str(answer)))
        assert row["prompt_ids"] + row[part] == (encode(tokenizer, chat, 500) or ([], []))[0]


def test_kto_learns_from_each_answer_once_and_dpo_from_pairs_alone(small_base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_base)
    rows = [PAIRS[0], PAIRS[0], preference(1, rejected=False), preference(2, chosen=False)]
    of = {name: encode_preferences(tokenizer, rows, recipe_of(objective=name), "test 1") for name in ("dpo", "kto")}
    assert len(of["dpo"].rows) == 2
    assert [row["label"] for row in of["kto"].rows] == [True, False, True, False]


@pytest.mark.parametrize(("middling", "labels"), [(None, [True, False]), ("chosen", [False]), ("rejected", [True])])
def test_kto_learns_nothing_from_an_answer_rated_neither_well_nor_badly(
    middling: str | None, labels: list[bool], small_base: Path
) -> None:
    content = PAIRS[0]["row"] | {"middling": middling}
    certificate = PAIRS[0]["certificate"] | {"row_sha256": row_sha256(content)}
    rows = [{"row": content, "certificate": certificate}]
    of = [
        encode_preferences(AutoTokenizer.from_pretrained(small_base), rows, recipe_of(objective=name), "test 1").rows
        for name in ("kto", "dpo")
    ]
    assert [row["label"] for row in of[0]] == labels
    assert len(of[1]) == 1


def test_going_on_compares_with_the_earlier_adapter_as_it_was_and_keeps_the_new_one_alone(
    tmp_path: Path, small_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_of(method="qlora", objective="dpo", learning_rate=5e-3, max_steps=2)
    tune(tmp_path / "first", small_base, recipe, PAIRS)
    adapter = tmp_path / "first" / "work" / "adapter"
    for name, tensor in (weights := load_file(adapter / "adapter_model.safetensors")).items():
        weights[name] = tensor * 1.0001  # none that 16 bits hold
    save_file(weights, adapter / "adapter_model.safetensors")
    seen: dict[str, torch.Tensor] = {}

    def then_look(trainer: Trainer, recipe: Recipe, start: Path | None) -> None:
        make_ready(trainer, recipe, start)
        seen.update({name: part.detach().clone() for name, part in trainer.model.named_parameters() if ".ref." in name})

    monkeypatch.setattr(preference_tuning, "make_ready", then_look)
    tune(tmp_path / "second", small_base, recipe, PAIRS, start=adapter)
    assert len(seen) == len(weights)
    for name, tensor in weights.items():
        assert torch.equal(seen[name.replace(".weight", ".ref.weight")], tensor), name
    assert not (tmp_path / "second" / "work" / "adapter" / "ref").exists()


def test_what_is_too_long_is_counted_and_dropped_cut_or_refused(small_base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_base)

    def encoded(**values: object) -> Any:
        return encode_preferences(tokenizer, PAIRS[:3], recipe_of(objective="dpo", **values), "test 1")

    longest = max(encoded().lengths)
    dropped = encoded(max_tokens=longest - 1)
    assert dropped.too_long == 3 - len(dropped.rows) > 0
    cut = encoded(max_tokens=longest - 1, too_long="truncate")
    assert (len(cut.rows), cut.too_long) == (3, dropped.too_long)
    assert max(cut.lengths) < longest
    assert [row["chosen_ids"] for row in cut.rows] == [row["chosen_ids"] for row in encoded().rows]
    with pytest.raises(TrainingError, match="are longer than"):
        encoded(max_tokens=longest - 1, too_long="raise")


KILLED = """
import os, signal, sys
from pathlib import Path
import orjson, torch
from tasks.records import Recipe
from tasks.training.preference_tuning import preference_tune
torch.set_num_threads(1)
for job in orjson.loads(Path(sys.argv[1]).read_bytes()):
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        continue
    def die(step, total, loss):
        if step == 5:
            os.kill(os.getpid(), signal.SIGKILL)
    folder = Path(job["folder"])
    preference_tune(Recipe(**job["recipe"]), job["base"], None, job["rows"], job["rows"][:4], redaction="test 1",
                    work=folder / "work", tensorboard=folder / "log", merged=folder / "merged", on_progress=die)
"""
RESUMED: dict[str, tuple[dict[str, object], list[Row]]] = {
    "dpo": ({"method": "full", "objective": "dpo"}, PAIRS),
    "kto": ({"method": "lora", "objective": "kto", "batch_size": 8, "gradient_accumulation": 2}, SINGLES),
}


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, small_base: Path) -> Path:
    """Return the folder of runs killed with SIGKILL at their fifth step of six, one an objective."""
    folder = tmp_path_factory.mktemp("killed")
    jobs = [
        {
            "folder": str(folder / name), "base": str(small_base), "rows": rows,
            "recipe": recipe_of(**values).model_dump(mode="json"),
        }
        for name, (values, rows) in RESUMED.items()
    ]  # fmt: skip
    (folder / "jobs.json").write_bytes(orjson.dumps(jobs))
    subprocess.run([sys.executable, "-c", KILLED, str(folder / "jobs.json")], capture_output=True, check=True)
    return folder


@pytest.mark.parametrize("name", RESUMED)
def test_a_killed_run_ends_with_the_weights_of_an_undisturbed_one(
    name: str, killed: Path, tmp_path: Path, small_base: Path
) -> None:
    values, rows = RESUMED[name]
    checkpoint = last_complete_checkpoint(killed / name / "work")
    assert checkpoint is not None
    assert checkpoint.name == "checkpoint-4"
    resumed, undisturbed = (tune(folder, small_base, recipe_of(**values), rows) for folder in (killed / name, tmp_path))
    assert resumed.steps == undisturbed.steps == 6
    assert resumed.last_loss == undisturbed.last_loss
    ours, theirs = (load_file(folder / "merged/model.safetensors") for folder in (killed / name, tmp_path))
    assert all(torch.equal(ours[part], tensor) for part, tensor in theirs.items())


@pytest.mark.parametrize(
    ("objective", "rows", "told"),
    [
        ("dpo", PAIRS[:19], "19 pairs of a preferred and a rejected answer to learn from, 20 are needed"),
        ("dpo", SINGLES, "0 pairs"),
        ("kto", SINGLES[::2], "24 answers rated well and 0 rated badly to learn from, 20 of each are needed"),
    ],
)
def test_too_few_preferences_are_an_error_with_numbers_and_a_way_out(
    objective: str, rows: list[Row], told: str, tmp_path: Path, small_base: Path
) -> None:
    with pytest.raises(TrainingError, match=told) as caught:
        tune(tmp_path, small_base, recipe_of(objective=objective), rows)
    assert "--low-rated" in caught.value.fix


def test_without_held_out_preferences_nothing_is_evaluated(tmp_path: Path, small_base: Path) -> None:
    outcome = tune(tmp_path, small_base, recipe_of(objective="dpo", max_steps=1), PAIRS, validation=[])
    assert outcome.eval_loss is None
    assert not any("eval_loss" in row for row in outcome.curve)


def test_kto_in_parts_of_one_answer_is_refused(tmp_path: Path, small_base: Path) -> None:
    with pytest.raises(TrainingError, match="4 answers in 4 parts of one"):
        tune(tmp_path, small_base, recipe_of(objective="kto", gradient_accumulation=4), SINGLES)


@pytest.mark.parametrize(
    "fault",
    [
        lambda row: row["row"].update(rejected="changed afterwards"),
        lambda row: row["certificate"].update(second_pass=1),
        lambda row: row["certificate"].update(policy="test 0"),
    ],
)
def test_a_preference_whose_certificate_does_not_hold_is_refused(
    fault: Callable[[Row], None], tmp_path: Path, small_base: Path
) -> None:
    rows = [*PAIRS[:-1], orjson.loads(orjson.dumps(PAIRS[-1]))]
    fault(rows[-1])
    with pytest.raises(PrivacyError):
        tune(tmp_path, small_base, recipe_of(objective="dpo"), rows)
    assert not (tmp_path / "merged").exists()
