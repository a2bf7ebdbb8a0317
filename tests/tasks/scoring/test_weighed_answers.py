"""How probable a reference and the options are to a GGUF, against llama.cpp's own logits."""

import ctypes
from pathlib import Path

import llama_cpp
import numpy as np
import pytest

from tasks.records import Message
from tasks.scoring.answering import Decoding
from tasks.scoring.generation import GgufModel, open_model
from tasks.scoring.llama_file import _SILENT
from tasks.scoring.suites import Item
from tests.tasks.scoring.tiny_gguf import write_tiny_gguf


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    write_tiny_gguf(file)
    return file


def asked(question: str, reference: str = "Rest.", **fields: object) -> Item:
    prompt = (Message(role="user", content=question),)
    return Item.model_validate(
        {"id": "Q", "category": "", "difficulty": "", "question": question, "messages": prompt, "reference": reference}
        | fields
    )


def expected(path: Path, prompt: list[int], continuation: list[int]) -> float:
    """Return the log-probability by llama-cpp-python's high-level class, which keeps all logits."""
    llama_cpp.llama_log_set(_SILENT, ctypes.c_void_p(0))
    whole = llama_cpp.Llama(str(path), n_ctx=256, n_threads=1, logits_all=True, verbose=False)
    tokens = [*prompt, *continuation]
    whole.eval(tokens)
    logits = whole.scores[: len(tokens)].astype(np.float64)
    whole.close()
    logprobs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return float(sum(logprobs[at - 1, tokens[at]] for at in range(len(prompt), len(tokens))))


def tokens_of(model: GgufModel, text: str) -> list[int]:
    return model._file.tokens(text, parse_controls=False)


def test_a_reference_is_as_probable_as_llama_cpps_logits_say(path: Path) -> None:
    item = asked("What helps against a cold?", "Rest and warm tea.")
    with open_model(path, Decoding(max_tokens=4), 1) as model:
        reply, prompt, reference = model(item), model.prompt(item), tokens_of(model, item.reference)
    assert reply.reference_logprob == pytest.approx(expected(path, prompt, reference), abs=1e-3)
    assert reply.choice_logprobs == {}


def test_options_are_weighed_each_behind_the_same_prompt(path: Path) -> None:
    item = asked("Which one?", "B", choices={"A": "tea", "B": "rest"}, choice="B")
    with open_model(path, Decoding(max_tokens=4), 1) as model:
        reply, prompt = model(item), model.prompt(item)
        wanted = {option: expected(path, prompt, tokens_of(model, option)) for option in "AB"}
    assert reply.choice_logprobs == pytest.approx(wanted, abs=1e-3)
    assert reply.reference_logprob == pytest.approx(wanted["B"], abs=1e-3)


def test_weighing_changes_no_answer_that_comes_after_it(path: Path) -> None:
    items = [asked("Which one?", "B", choices={"A": "tea", "B": "rest"}, choice="B"), asked("What helps?")]
    with open_model(path, Decoding(max_tokens=8), 1) as model:
        together = [row.response for row in model.respond(items)]
        alone = [model(item).response for item in items]
    assert together == alone


def test_what_does_not_fit_has_no_probability(path: Path) -> None:
    with open_model(path, Decoding(max_tokens=2), 1) as model:
        assert model(asked("x", "y" * 2000)).reference_logprob is None
    with open_model(path, Decoding(max_tokens=2, at_once=2), 1) as model:
        assert model(asked("x")).reference_logprob is None
