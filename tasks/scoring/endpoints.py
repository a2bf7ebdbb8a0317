"""Answers from a server: any with OpenAI's `/chat/completions` (llama-server, vLLM, a hosted one), and Ollama.

A request is tried again after growing waits where waiting can cure it; what a server refuses for good is an error that
says what to change. `Ask` of an endpoint may be called from several threads. The server renders the chat template and
counts the tokens: what a user typed may be a control token to it. A key goes to its own host alone and into no message.
"""

import logging
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import sleep
from typing import Any, Literal, cast

import httpx
from pydantic import Field, SecretStr

from tasks.errors import EvaluationError
from tasks.records import Record
from tasks.scoring.answering import Ask, Decoding, FinishReason, Reply
from tasks.scoring.suites import Item

logger = logging.getLogger(__name__)

TRIES = 5
LONGEST_WAIT_SECONDS = 60.0
BUSY = frozenset({408, 409, 425, 429})  # and every 5xx: waiting can cure them
# What llama-server, OpenAI and vLLM say of a prompt that does not fit; the first two in a code, the last in words.
TOO_LONG = ("exceed_context_size", "context_length_exceeded", "maximum context length")
SHOWN_MODELS = 8
REASONS: Mapping[str, FinishReason] = {"length": "length", "content_filter": "filtered"}


class Endpoint(Record):
    """A model behind a server. `url` ends where `/chat/completions` or Ollama's `/api/chat` begins."""

    kind: Literal["openai", "ollama"]
    url: str
    model: str
    key: SecretStr | None = Field(default=None, exclude=True, description="never part of a digest or a file")
    timeout_seconds: float = 300.0


class _Fault(Exception):
    """A reply that waiting may cure; its text is one of a fixed few, `wait` what the server asks for, in seconds."""

    def __init__(self, what: str, wait: float = 0.0) -> None:
        super().__init__(what)
        self.wait = wait


@contextmanager
def open_endpoint(endpoint: Endpoint, decoding: Decoding) -> Iterator[Ask]:
    """Give a function that puts one item to the endpoint, over connections that are kept open.

    The function raises EvaluationError: no answer in `TRIES` tries, or the server refuses address, model, key or
    settings.
    """
    headers = {"Authorization": f"Bearer {endpoint.key.get_secret_value()}"} if endpoint.key else {}
    with httpx.Client(headers=headers, timeout=endpoint.timeout_seconds) as client:
        yield _Chat(endpoint, decoding, client).ask


class _Chat:
    def __init__(self, endpoint: Endpoint, decoding: Decoding, client: httpx.Client) -> None:
        self._endpoint, self._decoding, self._client = endpoint, decoding, client
        self._base = endpoint.url.rstrip("/")
        self._limit_name = "max_tokens"
        self._where = f"{endpoint.kind}:{self._base}"

    def ask(self, item: Item) -> Reply:
        """Return the endpoint's answer to an item."""
        for attempt in range(TRIES):
            try:
                return self._once(item)
            except _Fault as fault:
                last = str(fault)
                logger.info("endpoint without an answer attempt=%d because=%s", attempt + 1, last)
                wait = min(2.0**attempt, LONGEST_WAIT_SECONDS) * (1 + random.random() / 4)  # not all at once
                if attempt < TRIES - 1:
                    sleep(max(wait, fault.wait))
        raise EvaluationError(
            f"{self._where} gave no answer in {TRIES} tries; the last time: {last}.",
            fix="see that the server runs and is not overloaded, then repeat the command: what was answered is kept",
        )

    def _once(self, item: Item) -> Reply:
        ollama = self._endpoint.kind == "ollama"
        path, body = ("/api/chat", self._ollama_body(item)) if ollama else ("/chat/completions", self._body(item))
        try:
            reply = self._client.post(self._base + path, json=body)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise EvaluationError(
                f"{self._where} is no http address.", fix="give openai:http://host:port/v1#model or ollama:model"
            ) from None
        except httpx.TransportError as error:
            raise _Fault(type(error).__name__) from None
        if reply.status_code in BUSY or reply.status_code >= 500:
            raise _Fault(f"HTTP {reply.status_code}", _retry_after(reply))
        if not reply.is_success:
            return self._refusal(item, reply)
        return _ollama_reply(reply) if ollama else _openai_reply(reply)

    def _body(self, item: Item) -> dict[str, Any]:
        decoding = self._decoding
        penalty = {} if decoding.repeat_penalty == 1 else {"repeat_penalty": decoding.repeat_penalty}  # not OpenAI's
        return {
            "model": self._endpoint.model,
            "messages": [message.model_dump() for message in item.messages],
            self._limit_name: decoding.max_tokens,
            "temperature": decoding.temperature,
            "seed": decoding.seed,
            **penalty,
        }

    def _ollama_body(self, item: Item) -> dict[str, Any]:
        decoding = self._decoding
        options = {
            "num_predict": decoding.max_tokens,
            "temperature": decoding.temperature,
            "repeat_penalty": decoding.repeat_penalty,
            "seed": decoding.seed,
            "num_ctx": decoding.max_context,
        }
        messages = [message.model_dump() for message in item.messages]
        return {"model": self._endpoint.model, "messages": messages, "stream": False, "options": options}

    def _refusal(self, item: Item, reply: httpx.Response) -> Reply:
        status, words = reply.status_code, reply.text[:2000]  # which may quote prompt or key: read, never shown
        if any(sign in words for sign in TOO_LONG):
            return _reply("", _asked_tokens(reply), 0, "too_long")
        if status == 400 and "max_completion_tokens" in words and self._limit_name == "max_tokens":
            self._limit_name = "max_completion_tokens"  # OpenAI's newer models take no other
            return self._once(item)
        raise self._refused(status, words)

    def _refused(self, status: int, words: str) -> EvaluationError:
        if status in {401, 403}:
            host = httpx.URL(self._base).host
            given = "the key it was given" if self._endpoint.key else "requests without a key"
            return EvaluationError(
                f"{self._where} refuses {given} (HTTP {status}).",
                fix=f"""set ROUNDS_ENDPOINT_KEYS='{{"{host}": "..."}}'""",
            )
        known = self._models() if status == 404 or "model" in words.lower() else None
        if known is not None and self._endpoint.model not in known:
            there = ", ".join(known[:SHOWN_MODELS]) or "none"
            return EvaluationError(
                f"{self._where} has no model {self._endpoint.model}.", fix=f"take one of what it has: {there}"
            )
        expected = "the server's own, as http://127.0.0.1:11434" if self._endpoint.kind == "ollama" else "up to /v1"
        return EvaluationError(
            f"{self._where} refuses the request (HTTP {status}).",
            fix=f"check the address ({expected}), the model's name, and that it takes these decoding settings",
        )

    def _models(self) -> list[str] | None:
        """Return the names of the server's models; None if it does not tell."""
        ollama = self._endpoint.kind == "ollama"
        try:
            reply = self._client.get(self._base + ("/api/tags" if ollama else "/models"))
            listed = reply.json()["models" if ollama else "data"] if reply.is_success else None
            if listed is None:
                return None
            names = [str(entry["name" if ollama else "id"]) for entry in listed]
        except (httpx.TransportError, ValueError, LookupError, TypeError):
            return None
        return names + [name.removesuffix(":latest") for name in names if ollama and name.endswith(":latest")]


def _openai_reply(reply: httpx.Response) -> Reply:
    try:
        content = reply.json()
        choice, usage = content["choices"][0], content.get("usage") or {}
        text, reason = choice["message"].get("content") or "", choice.get("finish_reason") or "stop"
        counts = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
        return _reply(text, *counts, REASONS.get(reason, "stop"))
    except (ValueError, LookupError, TypeError, AttributeError):
        raise _Fault("no chat completion in the reply") from None


def _ollama_reply(reply: httpx.Response) -> Reply:
    try:
        content = reply.json()
        text, reason = content["message"].get("content") or "", content.get("done_reason", "stop")
        return _reply(
            text, content.get("prompt_eval_count", 0), content.get("eval_count", 0), REASONS.get(reason, "stop")
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        raise _Fault("no chat completion in the reply") from None


def _reply(text: str, prompt_tokens: int, completion_tokens: int, reason: FinishReason) -> Reply:
    return Reply(
        response=text,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        reference_tokens=0,
        finish_reason=reason,
    )


def _asked_tokens(reply: httpx.Response) -> int:
    """Return the prompt's tokens, which only llama-server tells; else 0."""
    try:
        return int(cast("dict[str, Any]", reply.json())["error"].get("n_prompt_tokens", 0))
    except (ValueError, LookupError, TypeError, AttributeError):
        return 0


def _retry_after(reply: httpx.Response) -> float:
    seconds = reply.headers.get("Retry-After", "")
    return min(float(seconds), LONGEST_WAIT_SECONDS) if seconds.isdecimal() else 0.0
