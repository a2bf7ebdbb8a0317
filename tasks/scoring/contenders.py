"""What can be asked and compared: a GGUF file, a Hugging Face folder, a model behind a server; and its answers.

Written as a path, `openai:URL#MODEL`, or `ollama:MODEL` (`ollama:URL#MODEL` for one that is not on this machine). A
registered model is a GGUF file of the artifact store, which the caller looks up.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import httpx
from pydantic import Field, SecretStr

from infra.artifacts import ArtifactStore
from infra.settings import Settings
from tasks.errors import EvaluationError
from tasks.records import Answers, Record
from tasks.scoring.answering import AnswerRow, Decoding, OnProgress, Respond, answers_of, collect_answers, concurrently
from tasks.scoring.answering import log_of as log_of_answers
from tasks.scoring.endpoints import Endpoint, open_endpoint
from tasks.scoring.suites import Questionnaire

OLLAMA = "http://127.0.0.1:11434"  # where Ollama listens unless told otherwise
READ_BYTES = 2**20


class Contender(Record):
    """One model to ask: `path` of a GGUF file or of a folder, or an endpoint."""

    name: str = Field(description="as a person wrote it")
    path: Path | None = None
    endpoint: Endpoint | None = None

    @property
    def kind(self) -> Literal["gguf", "folder", "endpoint"]:
        """What has to be opened."""
        if self.path is None:
            return "endpoint"
        return "folder" if self.path.is_dir() else "gguf"

    @property
    def file_name(self) -> str:
        """The name as a file name: letters, digits, dot, dash and underscore, no longer than 100 characters."""
        short = self.path.name if self.path is not None and "/" in self.name else self.name
        return re.sub(r"[^A-Za-z0-9._-]+", "-", short).strip("-.")[:100] or "model"


def contender(text: str, keys: Mapping[str, SecretStr]) -> Contender:
    """Read how a model is written on the command line; `keys` holds the key of each host that asks for one.

    Raises:
        EvaluationError: it names no file, no folder and no endpoint.
    """
    kind, _, rest = text.partition(":")
    if kind == "openai":
        url, _, model = rest.partition("#")
        if not url or not model:
            raise EvaluationError(f"{text} names no model.", fix="write openai:http://host:port/v1#model")
        return Contender(name=text, endpoint=_endpoint("openai", url, model, keys))
    if kind == "ollama":
        url, _, model = rest.rpartition("#")
        if not model:
            raise EvaluationError(f"{text} names no model.", fix="write ollama:model")
        return Contender(name=text, endpoint=_endpoint("ollama", url or OLLAMA, model, keys))
    path = Path(text).expanduser()
    if path.is_dir() or (path.is_file() and path.suffix == ".gguf"):
        return Contender(name=text, path=path)
    raise EvaluationError(
        f"{text} is no model that can be asked.",
        fix="give a registered model's id, champion:AGENT, a .gguf file, a folder, openai:URL#MODEL or ollama:MODEL",
    )


def answer_contender(
    questionnaire: Questionnaire,
    one: Contender,
    decoding: Decoding,
    *,
    store: ArtifactStore,
    settings: Settings,
    on_progress: OnProgress,
) -> tuple[Answers, list[AnswerRow]]:
    """Put every item to a contender and save the answers; a run that broke off goes on behind its last answer.

    Raises:
        EvaluationError: the model cannot be opened, or an endpoint does not answer; what was answered is kept.
    """
    identity, engine = _identity(one), _engine(one)
    log = log_of_answers(settings, identity, questionnaire, decoding, engine)
    with _opened(one, decoding, settings) as respond:
        rows = collect_answers(questionnaire, respond, log, on_progress)
    artifact = store.save_rows("answers", rows)
    log.unlink(missing_ok=True)  # from here on the artifact is the truth
    return answers_of(questionnaire, identity, decoding, engine, rows, artifact), rows


@contextmanager
def _opened(one: Contender, decoding: Decoding, settings: Settings) -> Iterator[Respond]:
    if one.endpoint is not None:
        with open_endpoint(one.endpoint, decoding) as ask:
            yield partial(concurrently, ask=ask, workers=decoding.at_once)
    elif one.kind == "folder" and one.path is not None:
        from tasks.scoring.hugging_face import open_folder

        with open_folder(one.path, decoding) as respond:
            yield respond
    elif one.path is not None:
        from tasks.scoring.generation import open_model, threads_for

        with open_model(one.path, decoding, threads_for(one.path, settings)) as model:
            yield model.respond


def _engine(one: Contender) -> str:
    if one.kind == "endpoint":
        return f"{one.name.partition(':')[0]} endpoint"
    if one.kind == "folder":
        from tasks.scoring.hugging_face import ENGINE as TRANSFORMERS

        return TRANSFORMERS
    from tasks.scoring.generation import ENGINE as LLAMA_CPP

    return LLAMA_CPP


def _endpoint(kind: Literal["openai", "ollama"], url: str, model: str, keys: Mapping[str, SecretStr]) -> Endpoint:
    try:
        address = httpx.URL(url)  # the client's own reading of it decides which host a key belongs to
    except httpx.InvalidURL:
        raise EvaluationError(f"{url} is no address.", fix="write it as http://host:port/v1") from None
    key = keys.get(f"{address.host}:{address.port}") or keys.get(address.host)
    return Endpoint(kind=kind, url=url, model=model, key=key)


def _identity(one: Contender) -> str:
    """Return the SHA-256 of a file, of a folder's files with their names, or of an endpoint's address and model."""
    digest = hashlib.sha256()
    if one.endpoint is not None:
        digest.update(f"{one.endpoint.kind}\0{one.endpoint.url}\0{one.endpoint.model}".encode())
    elif one.path is not None:
        inside = sorted(path for path in one.path.rglob("*") if path.is_file())
        for file in inside or [one.path]:
            if inside:
                digest.update(f"{file.relative_to(one.path)}\0{file.stat().st_size}\0".encode())
            with file.open("rb") as opened:
                while block := opened.read(READ_BYTES):
                    digest.update(block)
    return digest.hexdigest()
