"""A chat server over real HTTP that answers by a fixed rule, in OpenAI's form and Ollama's, and fails when told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

Told = tuple[int, dict[str, Any]]
Rule = Callable[[dict[str, Any]], Told | None]
MODEL = "fixed-rule"


def said(question: str) -> str:
    """Return what the server says to a question: its words backwards."""
    return " ".join(reversed(question.split()))


class ChatServer:
    """`rule` may answer a request's body in place of the fixed rule; every body and header is kept."""

    def __init__(self) -> None:
        self.rule: Rule = lambda body: None
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.busiest = self._busy = 0
        self._lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                listed = {
                    "/v1/models": {"data": [{"id": MODEL}]},
                    "/api/tags": {"models": [{"name": f"{MODEL}:latest"}]},
                }
                self.send(*((200, listed[self.path]) if self.path in listed else (404, {})))

            def do_POST(self) -> None:
                body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send(*owner.told(self.path, body, dict(self.headers)))

            def send(self, status: int, content: dict[str, Any]) -> None:
                raw = orjson.dumps(content)
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def told(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Told:
        with self._lock:
            self.bodies.append(body)
            self.headers.append(headers)
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
        try:
            return self.rule(body) or self.by_rule(path, body)
        finally:
            with self._lock:
                self._busy -= 1

    def by_rule(self, path: str, body: dict[str, Any]) -> Told:
        if body["model"] != MODEL:
            return 404, {"error": {"message": f"model '{body['model']}' not found"}}
        answer = {"role": "assistant", "content": said(body["messages"][-1]["content"])}
        if path == "/api/chat":
            return 200, {"message": answer, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 5}
        usage = {"prompt_tokens": 7, "completion_tokens": 5}
        return 200, {"choices": [{"message": answer, "finish_reason": "stop"}], "usage": usage}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """Serve for the length of a block."""
    server = ChatServer()
    try:
        yield server
    finally:
        server.close()
