"""Let an optional teacher write questions and answers over a redacted passage, and keep what the passage supports.

The teacher is any server with OpenAI's `/chat/completions`. Only redacted text is sent to it. What it says is believed
only where two neighbouring sentences of the passage bear it out (`unsupported`, with its rule). Not covered: a claim
that is put together wrongly out of words of the same two sentences; whether a question is worth asking. A pair may hold
common words that the passage does not, so redact the pairs like any other example before training on them.
"""

import json
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
from pydantic import SecretStr

from tasks.dataset.paper_questions import example_of, pretraining_text
from tasks.dataset.support import unsupported
from tasks.errors import ConfigError, SourceUnavailable
from tasks.records import Document, Example

log = logging.getLogger(__name__)

PASSAGE_CHARS = 6_000  # of a document, cut at a line; about 1,500 tokens
TRIES = 4
LONGEST_WAIT_SECONDS = 60.0
SILENT_IN_A_ROW = 5  # passages without a reply, after which the server counts as gone
BUSY = frozenset({408, 409, 425, 429})  # and every 5xx: waiting can cure them
INSTRUCTIONS = (
    "You write questions and answers for medical training. Use only what the passage says, in its words; invent no"
    " name, number or finding. Copy placeholders such as [REDACTED-NAME] as they are or leave them out. Every question"
    " must be"
    " understood without the passage, every answer be one to three sentences. Reply with JSON alone:"
    ' {"pairs": [{"question": "...", "answer": "..."}]}'
)


@dataclass(frozen=True)
class Teacher:
    """Where the teacher is, and how it is asked. `url` ends before `/chat/completions`."""

    url: str
    model: str
    key: SecretStr | None = None
    pairs: int = 3
    timeout_seconds: float = 60.0
    temperature: float = 0.2


@dataclass
class Lessons:
    """What a teacher was asked and what became of its pairs: kept, or rejected under a reason."""

    asked: int = 0
    kept: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    silent: int = 0  # passages in a row without a reply


class _NoReply(Exception):
    """The teacher did not answer a passage; its text is the reason, one of a fixed few."""


def taught_examples(
    document: Document,
    teacher: Teacher,
    agent_type: str,
    *,
    client: httpx.Client,
    lessons: Lessons,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Example]:
    """Yield the pairs over a redacted document that its text supports; `lessons` counts the others by reason.

    Raises:
        ConfigError: the teacher refuses the address, the model or the key.
        SourceUnavailable: it did not answer several documents in a row.
    """
    passage = passage_of(document)
    if not passage:
        return
    lessons.asked += 1
    try:
        reply = _ask(passage, teacher, client, sleep)
        lessons.silent = 0
        pairs = pairs_of(reply)
    except _NoReply as fault:
        lessons.rejected[str(fault)] += 1
        lessons.silent += str(fault) == "no reply"
        if lessons.silent >= SILENT_IN_A_ROW:
            raise SourceUnavailable(
                f"The teacher did not answer {lessons.silent} documents in a row.",
                fix="check that its server runs and is not overloaded, or leave the teacher out",
            ) from None
        return
    seen: set[str] = set()
    for question, answer in pairs[: teacher.pairs]:
        reason = unsupported(question, answer, passage) or ("repeated question" if question in seen else "")
        if reason:
            lessons.rejected[reason] += 1
            continue
        seen.add(question)
        lessons.kept += 1
        yield example_of(document, question, answer, agent_type)


def passage_of(document: Document) -> str:
    """Return as much of a document's text, from its start, as a teacher is shown."""
    text = pretraining_text(document)
    return text if len(text) <= PASSAGE_CHARS else text[:PASSAGE_CHARS].rsplit("\n", 1)[0]


def pairs_of(reply: str) -> list[tuple[str, str]]:
    """Return the pairs of a reply, also out of a code fence or talk around the JSON.

    Raises:
        _NoReply: there is no JSON of that form in it.
    """
    for start in (at for at, character in enumerate(reply) if character in "[{"):
        try:
            value, _ = json.JSONDecoder().raw_decode(reply, start)
        except (json.JSONDecodeError, RecursionError):
            continue
        items = value.get("pairs") if isinstance(value, dict) else value
        if isinstance(items, list):
            return [
                (item["question"].strip(), item["answer"].strip())
                for item in items
                if isinstance(item, dict)
                and isinstance(item.get("question"), str)
                and isinstance(item.get("answer"), str)
            ]
    raise _NoReply("malformed reply")


def _ask(passage: str, teacher: Teacher, client: httpx.Client, sleep: Callable[[float], None]) -> str:
    body = {
        "model": teacher.model,
        "temperature": teacher.temperature,
        "messages": [
            {"role": "system", "content": INSTRUCTIONS},
            {"role": "user", "content": f"Write {teacher.pairs} pairs.\n\nPassage:\n{passage}"},
        ],
    }
    headers = {"Authorization": f"Bearer {teacher.key.get_secret_value()}"} if teacher.key else {}
    url = f"{teacher.url.rstrip('/')}/chat/completions"
    for attempt in range(TRIES):
        wait = min(2.0**attempt, LONGEST_WAIT_SECONDS) * (1 + random.random() / 4)
        try:
            reply = client.post(url, json=body, headers=headers, timeout=teacher.timeout_seconds)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ConfigError(
                "The teacher's address is no http address.", fix="give it as http://host:port/v1"
            ) from error
        except httpx.TransportError as error:
            log.info("teacher silent attempt=%d error=%s", attempt + 1, type(error).__name__)
        else:
            if reply.is_success:
                return _content(reply)
            if reply.status_code not in BUSY and reply.status_code < 500:
                raise _refused(reply.status_code)
            wait = max(wait, _retry_after(reply))
        if attempt < TRIES - 1:
            sleep(wait)
    raise _NoReply("no reply")


def _refused(status: int) -> ConfigError:
    return ConfigError(
        f"The teacher answered with HTTP {status}.",
        fix="check its address (it ends in /v1), the model's name and the key",
    )


def _retry_after(reply: httpx.Response) -> float:
    seconds = reply.headers.get("Retry-After", "")
    return min(float(seconds), LONGEST_WAIT_SECONDS) if seconds.isdecimal() else 0.0


def _content(reply: httpx.Response) -> str:
    try:
        content = reply.json()["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError):
        raise _NoReply("malformed reply") from None
    if not isinstance(content, str):
        raise _NoReply("malformed reply")
    return content
