"""A local server that speaks Entrez and arXiv, keeps watch over their rules, and misbehaves when it is told to."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.tasks.ingest.arxiv_replies import ArxivData
from tests.tasks.ingest.entrez_replies import EntrezData, fetch_error, search_error

HTML = "<!DOCTYPE html>\n<html><head><title>NCBI - WWW Error</title></head><body>Server Error</body></html>"
RATE_LIMITED = '{"error":"API rate limit exceeded","api-key":"192.0.2.1","count":"4","limit":"3"}\n'
# what every answer of that name looks like: HTTP status and body; the others are made in `_answer`
WHOLE_FAULTS = {
    "429": (429, RATE_LIMITED),
    "429 later": (429, RATE_LIMITED),
    "429 much later": (429, RATE_LIMITED),
    "limited": (200, RATE_LIMITED),
    "500": (500, HTML),
    "502": (502, HTML),
    "html": (200, HTML),
    "empty": (200, ""),
    "json": (200, "{}"),
}
RETRY_AFTER = {"429 later": "0", "429 much later": "3600"}
PASSING_FAULTS = ("429", "429 later", "limited", "500", "502", "html", "empty", "json", "error", "cut", "truncated")


@dataclass(repr=False)
class Literature:
    """The data, what goes wrong next (`faults`, one a request), and what was seen of the caller."""

    entrez: EntrezData = field(default_factory=EntrezData)
    arxiv: ArxivData = field(default_factory=ArxivData)
    faults: deque[str] = field(default_factory=deque)
    per_second: dict[str, float] = field(default_factory=lambda: {"entrez": 3, "entrez key": 10, "arxiv": 1 / 3})
    slow_seconds: float = 1.0
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._arrivals: dict[str, deque[float]] = {name: deque() for name in self.per_second}
        self._at_arxiv = 0

    def counts(self) -> dict[str, int]:
        """Return how often each program was asked."""
        names = [name for name, _ in self.requests]
        return {name: names.count(name) for name in names}

    def arrived(self, program: str, fields: dict[str, str]) -> None:
        """Hold one request against the rules."""
        service = "arxiv" if program == "query" else "entrez key" if "api_key" in fields else "entrez"
        with self._lock:
            self.requests.append((program, fields))
            self._watch_rate(service)
            if service != "arxiv" and not (fields.get("tool") and "@" in fields.get("email", "")):
                self.violations.append("a request without tool and e-mail")
            self._at_arxiv += service == "arxiv"
            if self._at_arxiv > 1:
                self.violations.append("two requests to arXiv at once")

    def answered(self, program: str) -> None:
        """Note that a reply is ready; the caller may ask again as soon as it has it."""
        with self._lock:
            self._at_arxiv -= program == "query"

    def _watch_rate(self, service: str) -> None:
        rate, now, arrivals = self.per_second[service], time.monotonic(), self._arrivals[service]
        span, most = (1.0, rate) if rate >= 1 else (1 / rate, 1)
        arrivals.append(now)
        while arrivals[0] <= now - span:
            arrivals.popleft()
        if len(arrivals) > most:
            self.violations.append(f"{service}: {len(arrivals)} requests within {span} s")


class Handler(BaseHTTPRequestHandler):
    literature: Literature

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _serve(self, query: str) -> None:
        program = urlsplit(self.path).path.rpartition("/")[2].removesuffix(".fcgi")
        fields = dict(parse_qsl(query))
        self.literature.arrived(program, fields)
        with contextlib.suppress(OSError):  # the caller may be gone
            self._answer(program, fields)

    def _answer(self, program: str, fields: dict[str, str]) -> None:
        fault = self.literature.faults.popleft() if self.literature.faults else ""
        status, body = WHOLE_FAULTS.get(fault) or self._body(program, fields)
        if fault == "error":
            said = "Search Backend failed: read request has failed"
            body = HTML if program == "query" else search_error(said) if program == "esearch" else fetch_error(said)
        elif fault == "no history" and "WebEnv" in fields:
            status, body = 400, fetch_error("Cannot retrieve history data. query_key: 1, WebEnv: MCID_0")
        elif fault == "fewer":  # the last article, id or entry is left out
            for start, end in (("<PubmedArticle>", "</PubmedArticle>"), ("<Id>", "</Id>")):
                if start in body:
                    body = body[: body.rindex(start)] + body[body.rindex(end) + len(end) :]
        elif fault == "others" and program == "efetch":
            body = self.literature.entrez.citation_set([c.pmid for c in self.literature.entrez.citations[:1]])
        elif fault == "slow":
            time.sleep(self.literature.slow_seconds)
        content = body.encode()
        if fault == "truncated":
            content = content[: len(content) * 2 // 3]
        self.literature.answered(program)
        self._send(status, content, fault)

    def _body(self, program: str, fields: dict[str, str]) -> tuple[int, str]:
        if program == "query":
            return self.literature.arxiv.answer(fields)
        return self.literature.entrez.answer(program, fields)

    def _send(self, status: int, content: bytes, fault: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        if fault in RETRY_AFTER:
            self.send_header("Retry-After", RETRY_AFTER[fault])
        self.end_headers()
        if fault == "drip":
            for byte in content:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(self.literature.slow_seconds / 20)
        self.wfile.write(content[: len(content) // 2] if fault == "cut" else content)


@contextlib.contextmanager
def serve(literature: Literature) -> Iterator[Literature]:
    """Serve on a free port; at the end, the rules must have been kept."""
    handler = type("Handler", (Handler,), {"literature": literature})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        literature.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield literature
        finally:
            server.shutdown()
            thread.join()
    assert not literature.violations, literature.violations
