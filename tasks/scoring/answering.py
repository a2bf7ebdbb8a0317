"""Put every item of a questionnaire to a model once, also when the run is killed in between.

Each answer is appended to a log at once; a run that finds the log goes on behind its last whole line. What answers
is a function, so that this module knows nothing of llama.cpp. It does not guard against two runs at the same time.
"""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import orjson
from pydantic import Field, ValidationError

from infra.artifacts import ArtifactStore
from tasks.errors import EvaluationError
from tasks.records import Answers, Record
from tasks.scoring.suites import Item, Questionnaire

logger = logging.getLogger(__name__)

FinishReason = Literal["stop", "length", "too_long"]


class Reply(Record):
    """What a model said to one item."""

    response: str
    prompt_tokens: int
    completion_tokens: int
    reference_tokens: int = Field(description="the reference answer in the model's own tokens")
    finish_reason: FinishReason = Field(description="too_long: the prompt left no room, the model was not asked")


class AnswerRow(Record):
    """One line of an answers artifact."""

    id: str
    category: str
    difficulty: str
    question: str
    response: str
    time_seconds: float
    timestamp: str = Field(description="UTC, ISO 8601")
    prompt_tokens: int
    completion_tokens: int
    reference_tokens: int
    finish_reason: FinishReason
    reference: str


Ask = Callable[[Item], Reply]
OnProgress = Callable[[int, int], None]


def answer_all(questionnaire: Questionnaire, ask: Ask, log: Path, on_progress: OnProgress) -> list[AnswerRow]:
    """Return an answer to each item in the questionnaire's order, asking only what `log` does not hold yet.

    Raises:
        EvaluationError: the log is damaged before its last line, or holds items of other questions.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    known = {row.id: row for row in read_log(log)}
    total = len(questionnaire.items)
    if known:
        logger.info("resumed suite=%s answered=%d of=%d", questionnaire.name, len(known), total)
    with log.open("ab") as out:
        for item in questionnaire.items:
            if item.id not in known:
                known[item.id] = _answer(item, ask)
                out.write(orjson.dumps(known[item.id].model_dump()) + b"\n")
                out.flush()
            on_progress(len(known), total)
    return [known[item.id] for item in questionnaire.items]


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


def _answer(item: Item, ask: Ask) -> AnswerRow:
    timestamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    started = time.perf_counter()
    reply = ask(item)
    return AnswerRow(
        **item.model_dump(exclude={"messages"}),
        **reply.model_dump(),
        time_seconds=round(time.perf_counter() - started, 6),
        timestamp=timestamp,
    )
