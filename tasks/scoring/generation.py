"""Answers from the quantised GGUF in llama.cpp, in this process: the file that is served is the file that is judged.

Greedy decoding with the chat template inside the file; only the template's own control tokens are parsed. An answer
does not depend on what else is asked. By default items are answered one by one: then an answer's seconds are those of a
request that has the machine for itself. Endpoints are in `endpoints`, folders in `hugging_face`.
"""

import logging
from collections.abc import Iterator
from collections.abc import Sequence as Items
from contextlib import closing, contextmanager
from pathlib import Path

import llama_cpp
from jinja2 import TemplateError
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from infra.artifacts import ArtifactStore
from infra.cores import available_cores
from infra.settings import Settings
from tasks.errors import EvaluationError
from tasks.records import Answers, GgufFile, Message
from tasks.scoring.answering import (
    AnswerRow,
    Decoding,
    OnProgress,
    Reply,
    answers_of,
    collect_answers,
    log_of,
    now,
    row_of,
)
from tasks.scoring.choices import VERDICTS
from tasks.scoring.llama_file import Conversation, LlamaFile
from tasks.scoring.suites import Item, Questionnaire
from tasks.scoring.typed_controls import controls_pattern, guarded

logger = logging.getLogger(__name__)

ENGINE = f"llama.cpp of llama-cpp-python {llama_cpp.__version__}"
TINY_BYTES = 64 * 2**20
TEMPLATE = "tokenizer.chat_template"


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
    identity, path = gguf.artifact.sha256, store.path(gguf.artifact)
    log = log_of(settings, identity, questionnaire, decoding, ENGINE)
    with open_model(path, decoding, threads_for(path, settings)) as model:
        rows = collect_answers(questionnaire, model.respond, log, on_progress)
    artifact = store.save_rows("answers", rows)
    log.unlink(missing_ok=True)  # from here on the artifact is the truth
    return answers_of(questionnaire, identity, decoding, ENGINE, rows, artifact)


def ask(question: str, path: Path, max_tokens: int, settings: Settings) -> str:
    """Return the model's answer to one question, decoded as in a suite; nothing is stored.

    Raises:
        EvaluationError: the file cannot be used, or the question does not fit the model's context.
    """
    prompt = (Message(role="user", content=question),)
    item = Item(id="question", category="", difficulty="", question=question, messages=prompt, reference="")
    with open_model(path, Decoding(max_tokens=max_tokens), threads_for(path, settings)) as model:
        reply = model(item)
    if reply.finish_reason == "too_long":
        raise EvaluationError(
            f"The question has {reply.prompt_tokens} tokens, more than the model's context.", fix="shorten it."
        )
    return reply.response.strip()


class GgufModel:
    """What answers items out of one GGUF file: `model(item)` one of them, `model.respond(items)` many.

    Raises:
        EvaluationError: the file has no chat template.
    """

    def __init__(self, file: LlamaFile, name: str, decoding: Decoding) -> None:
        template = file.metadata(TEMPLATE)
        if not template:
            raise EvaluationError(f"{name} has no chat template.", fix="export the model again.")
        begin, end = llama_cpp.llama_vocab_bos(file.vocab), llama_cpp.llama_vocab_eos(file.vocab)
        self._render = Jinja2ChatFormatter(
            template=template, eos_token=file.written(end), bos_token=file.written(begin)
        )
        self._file, self._decoding, self._controls = file, decoding, controls_pattern(file.controls())

    def __call__(self, item: Item) -> Reply:
        """Return the answer to one item.

        Raises:
            EvaluationError: the template refuses the item's roles.
        """
        (row,) = self.respond([item])
        return Reply(**{name: getattr(row, name) for name in Reply.model_fields})

    def respond(self, items: Items[Item]) -> Iterator[AnswerRow]:
        """Yield an answer to each item as it is done; one that does not fit the context is not asked.

        Raises:
            EvaluationError: the template refuses an item's roles.
        """
        begun: dict[int, str] = {}
        too_long: list[AnswerRow] = []

        def waiting() -> Iterator[tuple[int, list[int]]]:
            for key, item in enumerate(items):
                prompt, begun[key] = self.prompt(item), now()
                if len(prompt) < self._file.context_tokens:
                    yield key, prompt
                else:
                    reply = self._reply(item, prompt, "", 0, "too_long")
                    too_long.append(row_of(item, reply, 0.0, begun[key]))

        for done in self._file.generate(waiting(), self._decoding.max_tokens):
            yield self._row(items[done.key], done, begun[done.key])
        yield from too_long

    def prompt(self, item: Item) -> list[int]:
        """Return an item's prompt as token ids; what the user typed holds no control token.

        Raises:
            EvaluationError: the template refuses the item's roles, or makes nothing of them.
        """
        safe = guarded(item.messages, self._controls)
        try:
            rendered = self._render(messages=safe.turns).prompt
        except (TemplateError, ValueError):  # raise_exception of a template is a ValueError here
            rendered = ""
        if not rendered:
            # The template's own words may quote the prompt, so they are not passed on.
            raise EvaluationError(
                f"The chat template refused item {item.id}.", fix="check that its roles alternate."
            ) from None
        return [
            token
            for text, typed in safe.pieces(rendered)
            for token in self._file.tokens(text, parse_controls=not typed)
        ]

    def _row(self, item: Item, done: Conversation, timestamp: str) -> AnswerRow:
        reason = "stop" if done.ended else "length"
        reply = self._reply(item, done.prompt, self._file.text(done.tokens), len(done.tokens), reason)
        return row_of(item, reply.model_copy(update=self._weighed(item, done.prompt)), done.seconds, timestamp)

    def _weighed(self, item: Item, prompt: list[int]) -> dict[str, object]:
        """Return how probable the reference and each option are as the answer; nothing where several are decoded."""
        if self._decoding.at_once > 1:
            return {}
        options = (list(item.choices) or list(VERDICTS)) if item.choice else []
        weighed = {option: self._logprob(prompt, option) for option in options}
        known = {option: value for option, value in weighed.items() if value is not None}
        return {
            "reference_logprob": self._logprob(prompt, item.reference) if item.reference else None,
            "choice_logprobs": known if len(known) == len(weighed) else {},
        }

    def _logprob(self, prompt: list[int], text: str) -> float | None:
        return self._file.logprob(prompt, self._file.tokens(text, parse_controls=False))

    def _reply(self, item: Item, prompt: list[int], response: str, tokens: int, reason: str) -> Reply:
        return Reply.model_validate(
            {
                "response": response,
                "prompt_tokens": len(prompt),
                "completion_tokens": tokens,
                "reference_tokens": len(self._file.tokens(item.reference, parse_controls=False)),
                "finish_reason": reason,
            }
        )


@contextmanager
def open_model(path: Path, decoding: Decoding, threads: int) -> Iterator[GgufModel]:
    """Load a GGUF file and give what answers items with it.

    Raises:
        EvaluationError: the file is no GGUF that llama.cpp can load, or has no chat template.
    """
    with closing(LlamaFile(path, decoding, threads)) as file:
        yield GgufModel(file, path.name, decoding)


def threads_for(gguf: Path, settings: Settings) -> int:
    """Return one thread for a tiny file: its layers are done before a second one wakes (measured: 9 times faster)."""
    if gguf.stat().st_size < TINY_BYTES:
        return 1
    return settings.threads or available_cores()
