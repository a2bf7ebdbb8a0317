"""Answers from the quantised GGUF in llama.cpp, in this process: the file that is served is the file that is judged.

Greedy decoding with the chat template inside the file. The key-value cache is emptied between items, so that an answer
does not depend on what was asked before. One request at a time; batching and remote endpoints are not here.
"""

import ctypes
import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import llama_cpp

from infra.artifacts import ArtifactStore
from infra.cores import available_cores
from infra.settings import Settings
from tasks.errors import EvaluationError
from tasks.records import Answers, GgufFile, Message, Record
from tasks.scoring.answering import AnswerRow, Ask, OnProgress, Reply, answer_all
from tasks.scoring.suites import Item, Questionnaire

logger = logging.getLogger(__name__)

MAX_CONTEXT = 2048  # bounds the key-value cache; the prompts of a suite are far shorter
TINY_BYTES = 64 * 2**20
TEMPLATE = "tokenizer.chat_template"
# llama-cpp-python maps llama.cpp's warnings to errors and prints them even when it is told not to.
_SILENT = llama_cpp.llama_log_callback(lambda _level, _text, _data: None)
_TOO_LONG = re.compile(r"Requested tokens \((\d+)\) exceed context window")


class Decoding(Record):
    """How answers are decoded: greedily, `seed` only matters to samplers that draw."""

    max_tokens: int = 96
    temperature: float = 0.0
    repeat_penalty: float = 1.0
    seed: int = 17
    max_context: int = MAX_CONTEXT

    def digest(self) -> str:
        """Return the SHA-256 of these settings and of the llama.cpp that applies them."""
        return hashlib.sha256(f"{llama_cpp.__version__}{self.model_dump_json()}".encode()).hexdigest()


def answer(
    questionnaire: Questionnaire,
    gguf: GgufFile,
    decoding: Decoding,
    *,
    store: ArtifactStore,
    settings: Settings,
    on_progress: OnProgress,
) -> Answers:
    """Put every item to the model in `gguf` and save the answers; a killed run goes on behind its last answer.

    Raises:
        EvaluationError: the file cannot be loaded, has no chat template, or its template refuses a prompt.
    """
    parts = (gguf.artifact.sha256, questionnaire.sha256, decoding.digest())
    log = settings.data / "work" / "answers" / ("-".join(part[:16] for part in parts) + ".jsonl")
    path = store.path(gguf.artifact)
    with open_model(path, decoding, _threads(settings, path)) as model:
        rows = answer_all(questionnaire, model, log, on_progress)
    artifact = store.save_rows("answers", rows)
    log.unlink(missing_ok=True)  # from here on the artifact is the truth
    _log_counts(questionnaire.name, rows)
    return Answers(
        suite=questionnaire.name,
        suite_sha256=questionnaire.sha256,
        gguf_sha256=gguf.artifact.sha256,
        artifact=artifact,
        items=len(rows),
        seconds=sum(row.time_seconds for row in rows),
        tokens=sum(row.completion_tokens for row in rows),
    )


def ask(question: str, path: Path, max_tokens: int, settings: Settings) -> str:
    """Return the model's answer to one question, decoded as in a suite; nothing is stored.

    Raises:
        EvaluationError: the file cannot be used, or the question does not fit the model's context.
    """
    prompt = (Message(role="user", content=question),)
    item = Item(id="question", category="", difficulty="", question=question, messages=prompt, reference="")
    with open_model(path, Decoding(max_tokens=max_tokens), _threads(settings, path)) as model:
        reply = model(item)
    if reply.finish_reason == "too_long":
        raise EvaluationError(
            f"The question has {reply.prompt_tokens} tokens, more than the model's context.", fix="shorten it."
        )
    return reply.response.strip()


@contextmanager
def open_model(path: Path, decoding: Decoding, threads: int) -> Iterator[Ask]:
    """Load a GGUF file and give a function that answers one item with it.

    Raises:
        EvaluationError: the file is no GGUF that llama.cpp can load, or has no chat template.
    """
    llama_cpp.llama_log_set(_SILENT, ctypes.c_void_p(0))
    context = min(_trained_context(path), decoding.max_context)
    try:
        model = llama_cpp.Llama(
            model_path=str(path),
            n_ctx=context,
            n_threads=threads,
            n_threads_batch=threads,
            seed=decoding.seed,
            # Otherwise a template that resembles a known one is replaced by llama-cpp-python's own.
            chat_format="chat_template.default",
            verbose=False,
        )
    except (ValueError, RuntimeError) as error:
        raise _unusable(path) from error
    with closing(model):
        if TEMPLATE not in model.metadata:
            raise EvaluationError(f"{path.name} has no chat template.", fix="export the model again.")
        yield lambda item: _ask(model, item, decoding)


def _ask(model: llama_cpp.Llama, item: Item, decoding: Decoding) -> Reply:
    model.reset()
    reference_tokens = len(model.tokenize(item.reference.encode(), add_bos=False))
    try:
        completion = model.create_chat_completion(
            messages=[message.model_dump() for message in item.messages],
            max_tokens=decoding.max_tokens,
            temperature=decoding.temperature,
            repeat_penalty=decoding.repeat_penalty,
            seed=decoding.seed,
        )
    except ValueError as error:
        too_long = _TOO_LONG.search(str(error))
        if too_long is None:
            # The template's own words may quote the prompt, so they are not passed on.
            raise EvaluationError(
                f"The chat template refused item {item.id}.", fix="check that its roles alternate."
            ) from None
        return Reply(
            response="",
            prompt_tokens=int(too_long[1]),
            completion_tokens=0,
            reference_tokens=reference_tokens,
            finish_reason="too_long",
        )
    choice, usage = completion["choices"][0], completion["usage"]
    return Reply(
        response=choice["message"]["content"] or "",
        prompt_tokens=usage["prompt_tokens"],
        completion_tokens=usage["completion_tokens"],
        reference_tokens=reference_tokens,
        finish_reason="stop" if choice["finish_reason"] == "stop" else "length",
    )


def _threads(settings: Settings, gguf: Path) -> int:
    """Return one thread for a tiny file: its layers are done before a second one wakes (measured: 9 times faster)."""
    if gguf.stat().st_size < TINY_BYTES:
        return 1
    return settings.threads or available_cores()


def _trained_context(path: Path) -> int:
    """Return the context length (tokens) that the file was trained for, read from its header alone."""
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    if not model:
        raise _unusable(path)
    try:
        architecture = _metadata(model, "general.architecture")
        return int(_metadata(model, f"{architecture}.context_length") or MAX_CONTEXT)
    finally:
        llama_cpp.llama_model_free(model)


def _metadata(model: object, key: str) -> str:
    buffer = ctypes.create_string_buffer(256)
    llama_cpp.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    return buffer.value.decode()


def _unusable(path: Path) -> EvaluationError:
    return EvaluationError(f"llama.cpp cannot load {path.name}.", fix="export the model again; `rounds doctor` checks.")


def _log_counts(name: str, rows: list[AnswerRow]) -> None:
    count = {reason: sum(row.finish_reason == reason for row in rows) for reason in ("stop", "length", "too_long")}
    logger.info("suite=%s items=%d stop=%d length=%d too_long=%d", name, len(rows), *count.values())
