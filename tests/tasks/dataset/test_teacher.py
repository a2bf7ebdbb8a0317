"""A teacher behind real HTTP: good, lying, garbled, slow, busy and refusing; only redacted text ever reaches it."""

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pydantic import SecretStr

from infra.artifacts import open_store
from infra.settings import get_settings
from tasks.dataset import steps
from tasks.dataset.teacher import PASSAGE_CHARS, SILENT_IN_A_ROW, TRIES, Lessons, Teacher, passage_of, taught_examples
from tasks.errors import ConfigError, PrivacyError, SourceUnavailable
from tasks.records import CertifiedRow, Document, Example, PhiCertificate, RedactedShard, Section, row_sha256

PAPER = Document(
    source="pubmed",
    source_id="99000001",
    title="A trial of tea.",
    sections=(
        Section(text="Thirty of 40 sailors were warmer. Frostbite decreased with tea. Dr [REDACTED-NAME] agreed."),
    ),
)
TRUE = {"question": "What happened to frostbite?", "answer": "Frostbite decreased with tea."}
LIE = {"question": "What happened to frostbite?", "answer": "Frostbite decreased with tea in 77 sailors."}
Reply = tuple[int, bytes, dict[str, str]]


def said(*pairs: dict[str, Any]) -> Reply:
    return chat(orjson.dumps({"pairs": pairs}).decode())


def chat(content: object) -> Reply:
    return 200, orjson.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}), {}


class Server:
    """Answers one prepared reply a request, the last for ever, and keeps what it was sent."""

    def __init__(self) -> None:
        self.replies: list[Reply | Callable[[], Reply]] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/chat/completions"
                owner.bodies.append(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                owner.headers.append(dict(self.headers))
                reply = owner.replies.pop(0) if len(owner.replies) > 1 else owner.replies[0]
                status, content, headers = reply() if callable(reply) else reply
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def ask(
    server: Server, *replies: Reply | Callable[[], Reply], times: int = 1, **given: Any
) -> tuple[list[Example], Lessons, list[float]]:
    server.replies = list(replies)
    lessons, waits = Lessons(), list[float]()
    teacher = Teacher(**{"url": server.url, "model": "teacher", "timeout_seconds": 5.0, **given})
    with httpx.Client() as client:
        made = [
            example
            for _ in range(times)
            for example in taught_examples(
                PAPER, teacher, "MedicalQA", client=client, lessons=lessons, sleep=waits.append
            )
        ]
    return made, lessons, waits


def test_supported_pairs_become_examples_of_the_paper_and_cite_it(server: Server) -> None:
    (example,), lessons, _ = ask(server, said(TRUE))
    assert [m.content for m in example.messages] == [TRUE["question"], f"{TRUE['answer']} (PMID 99000001)"]
    assert (example.source, example.source_id, example.group_id) == ("pubmed", "99000001", "pubmed:99000001")
    assert (lessons.asked, lessons.kept, lessons.rejected) == (1, 1, {})


def test_a_lie_and_a_repetition_are_counted_and_left_out(server: Server) -> None:
    made, lessons, _ = ask(server, said(LIE, TRUE, TRUE))
    assert len(made) == 1
    assert lessons.rejected == {"number or name not in the passage": 1, "repeated question": 1}


def test_no_more_pairs_are_taken_than_were_asked_for(server: Server) -> None:
    more = [{**TRUE, "question": f"What happened to frostbite{mark}?"} for mark in ("", " then", " there")]
    assert len(ask(server, said(*more), pairs=2)[0]) == 2


@pytest.mark.parametrize(
    "content",
    [
        f"Here you are:\n```json\n{orjson.dumps({'pairs': [TRUE]}).decode()}\n```\nGood luck!",
        orjson.dumps([TRUE]).decode(),
        f"[note] {orjson.dumps({'pairs': [TRUE, {'question': 7}, 'x']}).decode()}",
    ],
)
def test_json_is_found_in_fences_and_talk(server: Server, content: str) -> None:
    assert len(ask(server, chat(content))[0]) == 1


@pytest.mark.parametrize(
    "reply",
    [
        chat("I cannot do that."),
        chat('{"pairs": [{"question": "Wh'),
        chat('{"pairs": 3}'),
        chat("[" * 50_000),
        chat(None),
        (200, b"<html>busy</html>", {}),
        (200, b'{"choices": []}', {}),
    ],
)
def test_a_garbled_reply_is_counted_and_not_asked_for_again(server: Server, reply: Reply) -> None:
    made, lessons, waits = ask(server, reply)
    assert (made, lessons.rejected, waits) == ([], {"malformed reply": 1}, [])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_teacher_is_asked_again_after_growing_waits(server: Server, status: int) -> None:
    made, lessons, waits = ask(server, (status, b"", {}), (status, b"", {"Retry-After": "9"}), said(TRUE))
    assert len(made) == 1
    assert not lessons.rejected
    assert waits[0] < 2 < 9 <= waits[1]


def test_an_absurd_retry_after_is_cut(server: Server) -> None:
    assert max(ask(server, (429, b"", {"Retry-After": "86400"}), said(TRUE))[2]) <= 60


def test_a_slow_teacher_is_asked_again(server: Server) -> None:
    def slow() -> Reply:
        time.sleep(0.5)
        return said(LIE)

    made, _, waits = ask(server, slow, said(TRUE), timeout_seconds=0.1)
    assert len(made) == len(waits) == 1


def test_silence_is_counted_and_after_several_documents_an_error(server: Server) -> None:
    busy: Reply = (503, b"", {})
    made, lessons, waits = ask(server, busy)
    assert (made, lessons.rejected, len(waits)) == ([], {"no reply": 1}, TRIES - 1)
    with pytest.raises(SourceUnavailable, match=f"{SILENT_IN_A_ROW} documents in a row"):
        ask(server, busy, times=SILENT_IN_A_ROW)


def test_a_reply_between_silences_starts_the_count_anew(server: Server) -> None:
    replies = [*[(503, b"", {})] * TRIES * (SILENT_IN_A_ROW - 1), said(TRUE), (503, b"", {})]
    _, lessons, _ = ask(server, *replies, times=2 * SILENT_IN_A_ROW - 1)
    assert lessons.kept == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_an_error_that_names_neither_key_nor_text(server: Server, status: int) -> None:
    with pytest.raises(ConfigError, match=f"HTTP {status}") as caught:
        ask(server, (status, b"the key sk-fictional is wrong", {}), key=SecretStr("sk-fictional"))
    assert "fictional" not in str(caught.value)


def test_an_address_that_is_none_is_an_error(server: Server) -> None:
    with pytest.raises(ConfigError, match="address"):
        ask(server, said(TRUE), url="ftp://localhost/v1")


def test_the_teacher_is_sent_the_document_and_the_key_and_nothing_else(server: Server) -> None:
    ask(server, said(TRUE), key=SecretStr("sk-fictional"))
    ask(server, said(TRUE))
    sent = server.bodies[0]["messages"][-1]["content"]
    assert sent == f"Write 3 pairs.\n\nPassage:\n{passage_of(PAPER)}"
    assert server.headers[0]["Authorization"] == "Bearer sk-fictional"
    assert "Authorization" not in server.headers[1]


def test_a_long_document_is_shown_from_its_start_and_an_empty_one_not_at_all(server: Server) -> None:
    sections = tuple(Section(text=f"Part {n}. " + "word " * 100) for n in range(30))
    passage = passage_of(PAPER.model_copy(update={"sections": sections}))
    assert len(passage) <= PASSAGE_CHARS
    assert passage.startswith("A trial of tea.")
    empty = PAPER.model_copy(update={"sections": (), "title": ""})
    with httpx.Client() as client:
        teacher = Teacher(url=server.url, model="m")
        assert not list(taught_examples(empty, teacher, "M", client=client, lessons=Lessons()))
    assert server.bodies == []


# ── the step ─────────────────────────────────────────────────────────────────────────────────────────────────────


def shard_of(*documents: Document) -> RedactedShard:
    lines = []
    for document in documents:
        row = document.model_dump(mode="json")
        certificate = PhiCertificate(
            row_sha256=row_sha256(row),
            engine="e",
            policy="p",
            findings={},
            second_pass=0,
            canaries=320,
            canary_bound=0.02,
        )
        lines.append(CertifiedRow(row=row, certificate=certificate))
    artifact = open_store().save_rows("redacted", lines)
    return RedactedShard(
        artifact=artifact, source="pubmed", kind="documents", rows=len(lines), findings={}, canaries=0, engine="e",
        policy="p",
    )  # fmt: skip


def test_what_the_teacher_of_the_settings_wrote_is_raw_until_it_is_redacted(
    server: Server, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUNDS_TEACHER_URL", server.url)
    monkeypatch.setenv("ROUNDS_TEACHER_KEY", "k-1")
    get_settings.cache_clear()
    server.replies = [said(TRUE)]
    raw = steps.teach.fn("Clinical", shard_of(PAPER))
    assert raw is not None
    assert raw.artifact.key.startswith("raw-")
    (row,) = open_store().rows(raw.artifact)
    assert (row["agent_type"], row["source_id"]) == ("Clinical", PAPER.source_id)
    assert server.headers[0]["Authorization"] == "Bearer k-1"
    server.replies = [said(LIE)]
    assert steps.teach.fn("Clinical", shard_of(PAPER)) is None


def test_a_row_that_was_changed_after_redaction_never_reaches_the_teacher(
    server: Server, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUNDS_TEACHER_URL", server.url)
    get_settings.cache_clear()
    shard = shard_of(PAPER)
    lines = list(open_store().rows(shard.artifact))
    lines[0]["row"]["title"] = "Ann Brask"
    changed = shard.model_copy(update={"artifact": open_store().save_rows("redacted", lines)})
    with pytest.raises(PrivacyError, match="not the one"):
        steps.teach.fn("Clinical", changed)
    assert server.bodies == []
