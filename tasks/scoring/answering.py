"""Put every item of a questionnaire to a model once, also when the run is killed in between.

Each answer is appended to a log at once; a run that finds the log goes on behind its last whole line. What answers is
a function of one item (`Ask`) or of many (`Respond`), so that this module knows nothing of llama.cpp, HTTP or torch.
It does not guard against two runs at the same time.
"""

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import orjson
from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from infra.artifacts import Artifact, ArtifactStore
from infra.settings import Settings
from tasks.errors import EvaluationError
from tasks.records import Answers, Record
from tasks.scoring.suites import Asked, Item, Questionnaire

logger = logging.getLogger(__name__)

LEADING = ("id", "category", "difficulty", "question", "response", "time_seconds", "timestamp")
FinishReason = Literal["stop", "length", "too_long", "filtered"]


class Decoding(Record):
    """How answers are decoded: greedily unless `temperature` is above 0; `seed` only matters then."""

    max_tokens: int = 96
    temperature: float = 0.0
    repeat_penalty: float = 1.0
    seed: int = 17
    max_context: int = Field(default=2048, description="tokens of prompt and answer; bounds the key-value cache")
    at_once: int = Field(default=1, ge=1, description="items that are decoded beside one another, or asked at once")

    def digest(self, engine: str) -> str:
        """Return the SHA-256 of these settings and of the program, with its version, that applies them."""
        return hashlib.sha256(f"{engine}{self.model_dump_json()}".encode()).hexdigest()


class Reply(Record):
    """What a model said to one item."""

    response: str
    prompt_tokens: int
    completion_tokens: int
    reference_tokens: int = Field(description="the reference answer in the model's own tokens; 0: an endpoint hides it")
    finish_reason: FinishReason = Field(
        description="too_long: the prompt left no room, the model was not asked; filtered: the endpoint withheld it"
    )
    choice_logprobs: Mapping[str, float] = Field(
        default_factory=dict, description="option → natural log-probability; empty where the model does not tell"
    )
    reference_logprob: float | None = Field(
        default=None, le=0, description="natural, of all reference_tokens behind the prompt; None: not measured"
    )


class AnswerRow(Asked, Reply):
    """One line of an answers artifact: what was asked, and what was answered."""

    time_seconds: float
    timestamp: str = Field(description="UTC, ISO 8601")

    @model_serializer(mode="wrap")
    def _leading_as_in_older_guides(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = serialise(self)
        return {name: values[name] for name in LEADING} | values


Ask = Callable[[Item], Reply]
Respond = Callable[[Sequence[Item]], Iterator[AnswerRow]]
OnProgress = Callable[[int, int], None]


def answer_all(
    questionnaire: Questionnaire, ask: Ask, log: Path, on_progress: OnProgress, *, workers: int = 1
) -> list[AnswerRow]:
    """Return an answer to each item in the questionnaire's order, asking `workers` items at once.

    With more than one worker `ask` is called from as many threads; `on_progress` is not.

    Raises:
        EvaluationError: as `collect_answers` does.
    """
    return collect_answers(questionnaire, lambda items: concurrently(items, ask, workers), log, on_progress)


def collect_answers(
    questionnaire: Questionnaire, respond: Respond, log: Path, on_progress: OnProgress
) -> list[AnswerRow]:
    """Return an answer to each item in the questionnaire's order, asking only what `log` does not hold yet.

    `respond` yields answers in any order; each is in the log before the next is taken.

    Raises:
        EvaluationError: the log is damaged before its last line, or holds items of other questions.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    known = {row.id: row for row in read_log(log)}
    _refuse_others(known, questionnaire, log)
    total = len(questionnaire.items)
    if known:
        logger.info("resumed suite=%s answered=%d of=%d", questionnaire.name, len(known), total)
        on_progress(len(known), total)
    missing = [item for item in questionnaire.items if item.id not in known]
    with log.open("ab") as out:
        for row in respond(missing) if missing else ():
            known[row.id] = row
            out.write(orjson.dumps(row.model_dump()) + b"\n")
            out.flush()
            on_progress(len(known), total)
    return [known[item.id] for item in questionnaire.items]


def concurrently(items: Sequence[Item], ask: Ask, workers: int) -> Iterator[AnswerRow]:
    """Yield answers as they come, asking at most `workers` items at once.

    After a failure nothing more is asked; answers that were under way are yielded before it is raised.
    """
    if workers == 1:
        yield from (timed_answer(item, ask) for item in items)
        return
    waiting, failure = iter(items), None
    with ThreadPoolExecutor(workers) as pool:
        running: set[Future[AnswerRow]] = set()
        while True:
            while failure is None and len(running) < workers and (item := next(waiting, None)) is not None:
                running.add(pool.submit(timed_answer, item, ask))
            if not running:
                break
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                running.remove(done)
                if (error := done.exception()) is None:
                    yield done.result()
                else:
                    failure = failure or error
    if failure is not None:
        raise failure


def read_log(log: Path) -> list[AnswerRow]:
    """Return the answers in `log`, after cutting off a last line that a killed run left unfinished.

    Raises:
        EvaluationError: a line that is whole but is no answer.
    """
    if not log.exists():
        return []
    content = log.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with log.open("r+b") as file:
            file.truncate(len(whole))
    rows = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            rows.append(AnswerRow.model_validate_json(line))
        except ValidationError as error:
            raise EvaluationError(
                f"Line {number} of {log.name} is no answer ({error.error_count()} faults).",
                fix=f"delete {log}; its items are then asked again.",
            ) from None
    return rows


def read_answers(store: ArtifactStore, answers: Answers) -> Iterator[AnswerRow]:
    """Yield the rows of an answers artifact in the suite's order."""
    return (AnswerRow.model_validate(row) for row in store.rows(answers.artifact))


def log_of(settings: Settings, identity: str, questionnaire: Questionnaire, decoding: Decoding, engine: str) -> Path:
    """Return where answers are logged until they are complete; another model, suite or decoding has another log.

    `identity` is the SHA-256 of what answers: of a file, of a folder, or of an endpoint's address and model.
    """
    parts = (identity, questionnaire.sha256, decoding.digest(engine))
    return settings.data / "work" / "answers" / ("-".join(part[:16] for part in parts) + ".jsonl")


def answers_of(
    questionnaire: Questionnaire,
    identity: str,
    decoding: Decoding,
    engine: str,
    rows: Sequence[AnswerRow],
    artifact: Artifact,
) -> Answers:
    """Return the record of a questionnaire's answers, and log how they ended."""
    reasons = Counter(row.finish_reason for row in rows)
    counts = " ".join(f"{reason}={reasons[reason]}" for reason in get_args(FinishReason))
    logger.info("suite=%s items=%d %s", questionnaire.name, len(rows), counts)
    return Answers(
        suite=questionnaire.name,
        suite_sha256=questionnaire.sha256,
        gguf_sha256=identity,
        artifact=artifact,
        items=len(rows),
        seconds=sum(row.time_seconds for row in rows),
        tokens=sum(row.completion_tokens for row in rows),
        decoding={"engine": engine, **decoding.model_dump()},
    )


def timed_answer(item: Item, ask: Ask) -> AnswerRow:
    """Return the answer to one item with its seconds and when it was asked."""
    timestamp, started = now(), time.perf_counter()
    reply = ask(item)
    return row_of(item, reply, time.perf_counter() - started, timestamp)


def row_of(item: Item, reply: Reply, seconds: float, timestamp: str) -> AnswerRow:
    """Return what was asked and answered as one line of an answers artifact."""
    asked = item.model_dump(exclude={"messages"})
    return AnswerRow(**asked, **reply.model_dump(), time_seconds=round(seconds, 6), timestamp=timestamp)


def now() -> str:
    """Return this moment as an answer's timestamp: UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _refuse_others(known: dict[str, AnswerRow], questionnaire: Questionnaire, log: Path) -> None:
    asked = {item.id: item.question for item in questionnaire.items}
    others = sum(asked.get(row.id) != row.question for row in known.values())
    if others:
        raise EvaluationError(
            f"{log.name} holds {others} answers to questions that {questionnaire.name} does not ask.",
            fix=f"delete {log}; the suite is then asked from its start.",
        )
