import json
from pathlib import Path

import httpx
import pytest
import torch
from pydantic import SecretStr
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

from infra.settings import Settings
from tasks.errors import ConfigError, EvaluationError, SourceUnavailable
from tasks.scoring.judges import LEXICAL, asked, judge_called, judge_name, modelled
from tasks.scoring.nli_judge import entailment
from tasks.scoring.suites import Statement

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "rest", "helps", "food", "harms", ".", "not"]
FACT = Statement(statement="Rest helps.", terms=(("rest",), ("helps",)))
SETTINGS = Settings(judge_url="http://judge.test/v1/", judge_model="m", judge_key=SecretStr("k" * 20))


def answering(reply: httpx.Response) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(lambda request: reply))


def said(content: object) -> httpx.Response:
    return httpx.Response(200, json={"choices": [{"message": {"content": content}}]})


@pytest.mark.parametrize(
    ("reply", "expected"), [("yes", True), ("Yes.", True), ("**No**", False), ("No, it denies", False)]
)
def test_a_language_model_is_asked_for_a_verdict(reply: str, expected: bool) -> None:
    assert asked(SETTINGS, answering(said(reply)))(FACT, "Rest.") == expected


def test_claim_and_answer_are_sent_with_the_key_and_greedily() -> None:
    seen: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return said("yes")

    asked(SETTINGS, httpx.Client(transport=httpx.MockTransport(reply)))(FACT, "It does.")
    body = json.loads(seen[0].content)
    assert str(seen[0].url) == "http://judge.test/v1/chat/completions"
    assert seen[0].headers["Authorization"] == "Bearer " + "k" * 20
    assert (body["model"], body["temperature"]) == ("m", 0)
    assert "Rest helps." in body["messages"][1]["content"]
    assert "It does." in body["messages"][1]["content"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (said("perhaps"), EvaluationError),
        (said(None), EvaluationError),
        (httpx.Response(200, text="<html>"), EvaluationError),
        (httpx.Response(401), ConfigError),
        (httpx.Response(429), SourceUnavailable),
        (httpx.Response(503), SourceUnavailable),
    ],
)
def test_a_judge_without_a_verdict_is_no_judge_and_quotes_nothing(reply: httpx.Response, error: type) -> None:
    with pytest.raises(error) as raised:
        asked(SETTINGS, answering(reply))(FACT, "SECRET answer")
    assert "SECRET" not in str(raised.value)


def test_a_pair_is_asked_about_once() -> None:
    questions: list[str] = []
    judge = modelled("m", lambda statement, text: bool(questions.append(text)) or True)
    assert [judge.states(FACT, "a"), judge.states(FACT, "a"), judge.endorses(FACT, "a")] == [True] * 3
    assert questions == ["a"]


def test_the_settings_name_the_judge_and_the_lexical_one_needs_none(tmp_path: Path) -> None:
    assert judge_name(Settings()) == "lexical"
    assert judge_name(SETTINGS) == "llm m at http://judge.test/v1/"
    (tmp_path / "nli").mkdir(exist_ok=True)
    (tmp_path / "nli" / "config.json").write_text("{}")
    before = judge_name(Settings(judge_folder=tmp_path / "nli"))
    assert before.startswith("nli nli ")
    (tmp_path / "nli" / "config.json").write_text("{} ")
    assert judge_name(Settings(judge_folder=tmp_path / "nli")) != before
    assert judge_called("lexical", SETTINGS) is LEXICAL
    assert judge_called(judge_name(SETTINGS), SETTINGS).name == judge_name(SETTINGS)
    with pytest.raises(ConfigError, match="not the one"):
        judge_called("llm other at http://x", SETTINGS)
    assert not LEXICAL.endorses(FACT, "Rest helps is an error.")


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nli")
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=32, id2label={0: "contradiction", 1: "ENTAILMENT"}, initializer_range=1.0,
    )  # fmt: skip
    torch.manual_seed(2)
    BertForSequenceClassification(config).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def test_entailment_is_the_highest_of_the_answer_and_its_sentences(nli: Path) -> None:
    tokenizer = BertTokenizerFast.from_pretrained(nli)
    model = BertForSequenceClassification.from_pretrained(nli).eval()

    def probability(premise: str) -> float:
        with torch.inference_mode():
            batch = tokenizer(premise, FACT.statement, truncation="only_first", max_length=32, return_tensors="pt")
            return float(model(**batch).logits.softmax(-1)[0, 1])

    judge = entailment(nli)
    answers = ["food harms.", "rest not.", "rest helps. food harms.", "not not. food. rest helps harms.", "rest " * 60]
    expected = [max(map(probability, [text, *text.replace(". ", ".|").split("|")])) >= 0.5 for text in answers]
    assert [judge(FACT, text) for text in answers] == expected
    assert len(set(expected)) == 2


def test_a_folder_that_is_no_such_model_is_refused(tmp_path: Path, nli: Path) -> None:
    with pytest.raises(ConfigError, match="holds no model"):
        entailment(tmp_path)
    model = BertForSequenceClassification.from_pretrained(nli)
    model.config.id2label = {0: "bad", 1: "good"}
    model.save_pretrained(tmp_path)
    BertTokenizerFast.from_pretrained(nli).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="no label"):
        entailment(tmp_path)
