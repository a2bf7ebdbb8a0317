"""Answers over real HTTP: good, busy, dying, refusing and garbled servers, one at a time and several at once."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from infra.artifacts import open_store
from infra.settings import get_settings
from tasks.errors import EvaluationError
from tasks.scoring.answering import AnswerRow, Decoding, Reply, answer_all, read_log
from tasks.scoring.contenders import answer_contender, contender
from tasks.scoring.endpoints import TRIES, Endpoint, open_endpoint
from tests.tasks.scoring.chat_server import MODEL, ChatServer, Told, chat_server, said
from tests.tasks.scoring.test_generation import item, nobody, questions

SECRET = "sk-fictional-key"


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as serving:
        yield serving


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect how long the client would wait, and wait for nothing."""
    waited: list[float] = []
    monkeypatch.setattr("tasks.scoring.endpoints.sleep", waited.append)
    return waited


def endpoint(server: ChatServer, **given: Any) -> Endpoint:
    return Endpoint(**{"kind": "openai", "url": f"{server.host}/v1", "model": MODEL, **given})


def one_reply(server: ChatServer, **given: Any) -> Reply:
    with open_endpoint(endpoint(server, **given), Decoding(max_tokens=9, seed=3)) as ask:
        return ask(item("a", "one two three"))


def in_turn(server: ChatServer, *replies: Told | None) -> None:
    """Let the server give these replies, then the last for ever; None is its rule."""
    left = list(replies)
    server.rule = lambda body: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize(
    ("kind", "path"), [("openai", "/v1"), ("openai", "/v1/"), ("ollama", "")], ids=["openai", "slash", "ollama"]
)
def test_an_answer_comes_with_its_counts_and_reason(server: ChatServer, kind: str, path: str) -> None:
    reply = one_reply(server, kind=kind, url=server.host + path)
    assert (reply.response, reply.finish_reason) == ("three two one", "stop")
    assert (reply.prompt_tokens, reply.completion_tokens) == (7, 5)
    body = server.bodies[0]
    settings = body["options"] if kind == "ollama" else body
    assert (settings["temperature"], settings["seed"]) == (0, 3)
    assert settings["num_predict" if kind == "ollama" else "max_tokens"] == 9


def test_a_busy_server_is_asked_again_after_growing_waits(server: ChatServer, waits: list[float]) -> None:
    in_turn(server, (503, {}), (429, {}), (500, {}), None)
    assert one_reply(server).response == "three two one"
    assert 1 <= waits[0] < 2 <= waits[1] < 4 <= waits[2]


@pytest.mark.parametrize("reply", [(503, {}), (200, {"choices": []}), (200, {"choices": [{"message": None}]})])
def test_a_server_without_answers_is_an_error_that_says_what_was_seen_last(server: ChatServer, reply: Told) -> None:
    in_turn(server, reply)
    with pytest.raises(EvaluationError, match=f"no answer in {TRIES} tries; the last time: (HTTP 503|no chat)"):
        one_reply(server)
    assert len(server.bodies) == TRIES


def test_a_server_that_is_not_there_is_an_error(server: ChatServer) -> None:
    with pytest.raises(EvaluationError, match="ConnectError"):
        one_reply(server, url="http://127.0.0.1:9/v1")


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_a_wrong_model_is_named_with_those_that_are_there(server: ChatServer, kind: str) -> None:
    url = server.host + ("/v1" if kind == "openai" else "")
    with pytest.raises(EvaluationError, match="has no model qwen") as caught:
        one_reply(server, kind=kind, url=url, model="qwen")
    assert MODEL in caught.value.fix
    assert len(server.bodies) == 1


@pytest.mark.parametrize(("status", "what"), [(401, "refuses the key"), (422, "refuses the request")])
def test_a_refusal_shows_neither_key_nor_the_servers_words(
    server: ChatServer, status: int, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    in_turn(server, (status, {"error": f"{SECRET} said one two three"}))
    with pytest.raises(EvaluationError, match=what) as caught:
        one_reply(server, key=SecretStr(SECRET))
    assert server.headers[0]["Authorization"] == f"Bearer {SECRET}"
    for shown in (str(caught.value), caplog.text, repr(endpoint(server, key=SecretStr(SECRET)))):
        assert SECRET not in shown
        assert "two three" not in shown


def test_a_key_goes_to_its_own_host_alone() -> None:
    keys = {"api.example.org": SecretStr("a"), "127.0.0.1:8001": SecretStr("b")}
    given = {
        "openai:https://api.example.org/v1#m": "a",
        "openai:http://127.0.0.1:8001/v1#m": "b",
        "openai:http://127.0.0.1:8002/v1#m": None,
        "openai:https://api.example.org.attacker.example/v1#m": None,
        "openai:https://api.example.org@attacker.example/v1#m": None,
        "openai:https://api.example.org:80@attacker.example/v1#m": None,
        "ollama:m": None,
    }
    for text, wanted in given.items():
        found = contender(text, keys).endpoint
        assert found is not None
        assert (found.key.get_secret_value() if found.key else None) == wanted, text


def test_newer_models_get_their_limit_under_its_newer_name(server: ChatServer) -> None:
    def newer(body: dict[str, Any]) -> Told | None:
        words = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        return (400, {"error": {"message": words}}) if "max_tokens" in body else None

    server.rule = newer
    with open_endpoint(endpoint(server), Decoding(max_tokens=9)) as ask:
        assert {ask(item("a", "b c")).response, ask(item("b", "b c")).response} == {"c b"}
    assert [body.get("max_completion_tokens") for body in server.bodies] == [None, 9, 9]


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        ((400, {"error": {"type": "exceed_context_size_error", "n_prompt_tokens": 5000}}), ("", 5000, "too_long")),
        ((400, {"error": {"code": "context_length_exceeded", "message": "too many"}}), ("", 0, "too_long")),
        ((200, {"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]}), ("", 0, "filtered")),
        ((200, {"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}), ("", 0, "stop")),
        ((200, {"choices": [{"message": {"content": "a a a"}, "finish_reason": "length"}]}), ("a a a", 0, "length")),
    ],
)
def test_no_answer_an_endless_one_and_a_withheld_one_are_stored_as_such(
    server: ChatServer, reply: Told, wanted: tuple[str, int, str]
) -> None:
    in_turn(server, reply)
    given = one_reply(server)
    assert (given.response, given.prompt_tokens, given.finish_reason) == wanted


def test_several_workers_ask_at_once_and_the_result_is_in_order(server: ChatServer, tmp_path: Path) -> None:
    together = threading.Barrier(4, timeout=20)

    def wait_for_the_others(body: dict[str, Any]) -> None:
        together.wait()

    server.rule = wait_for_the_others
    log, suite = tmp_path / "answers.jsonl", questions(12)
    with open_endpoint(endpoint(server), Decoding()) as ask:
        rows = answer_all(suite, ask, log, nobody, workers=4)
    assert [(row.id, row.response) for row in rows] == [(one.id, said(one.question)) for one in suite.items]
    assert server.busiest == 4
    assert sorted(row.id for row in read_log(log)) == [one.id for one in suite.items]


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_server_that_dies_in_the_middle_loses_no_answer_and_no_item_is_asked_twice(
    server: ChatServer, data_dir: Path, at_once: int
) -> None:
    suite, one = questions(10), contender(f"openai:{server.host}/v1#{MODEL}", {})
    answered, one_at_a_time = list[str](), threading.Lock()

    def dies_after_four(body: dict[str, Any]) -> Told | None:
        with one_at_a_time:
            if len(answered) >= 4:
                return 503, {}
            answered.append(body["messages"][-1]["content"])
        return None

    def run() -> list[AnswerRow]:
        settings, decoding = get_settings(), Decoding(at_once=at_once)
        return answer_contender(
            suite, one, decoding, store=open_store(), settings=settings, on_progress=lambda done, _: seen.append(done)
        )[1]

    seen: list[int] = []
    server.rule = dies_after_four
    with pytest.raises(EvaluationError, match="what was answered is kept"):
        run()
    (log,) = (data_dir / "work" / "answers").iterdir()
    assert sorted(row.question for row in read_log(log)) == sorted(answered)
    assert len(answered) == 4
    server.bodies.clear()
    server.rule = lambda body: None
    rows = run()
    assert not {body["messages"][-1]["content"] for body in server.bodies} & set(answered)
    assert len(server.bodies) == 6
    assert [(row.id, row.response) for row in rows] == [(one.id, said(one.question)) for one in suite.items]
    assert seen == [1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10]
    assert not log.exists()


def test_a_log_of_other_questions_is_refused(tmp_path: Path) -> None:
    def echo(one: Any) -> Reply:
        return Reply(response="x", prompt_tokens=1, completion_tokens=1, reference_tokens=1, finish_reason="stop")

    log, suite = tmp_path / "answers.jsonl", questions(3)
    answer_all(suite, echo, log, nobody)
    changed = suite.items[0].model_copy(update={"question": "What else?"})
    with pytest.raises(EvaluationError, match="holds 1 answers to questions"):
        answer_all(suite.model_copy(update={"items": (changed, *suite.items[1:])}), echo, log, nobody)
