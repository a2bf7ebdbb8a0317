"""Read question and answer sets as examples: JSON lines of one's own, MedQuAD, PubMedQA.

Which form a file has is seen from its rows' fields. MedQuAD (Ben Abacha and Demner-Fushman, 2019; CC BY 4.0) comes as
JSON lines with `qid`, its group is the document; PubMedQA (Jin et al., 2019; MIT) as one JSON object, PMID → item, its
group is the paper. The keys of one's own rows (`id` or `source_id`, `group_id`, `subject_key`) may be record numbers:
only keyed pseudonyms of them are kept; MedQuAD's and PubMedQA's are public and stay. Rows without an answer are
counted, lines that cannot be read are named by file and line.
"""

import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from infra.settings import get_settings
from tasks.errors import SourceError
from tasks.ingest.intake import Intake
from tasks.ingest.interactions import pseudonym
from tasks.records import Example, Message

SOURCE = "question sets"
NAMED_FAULTS = 20  # a file; more of the same tells a person nothing
MEDQUAD_KEYS = re.compile(r"[A-Za-z]+ (?:\d{1,7}(?:_\d+)?|None) \d{1,7}(?:_\d+)?-\d+")  # collection, document, question
FIX = "give JSON lines with messages, or with question and answer, or leave the file out"

Stream = gzip.GzipFile | io.BufferedReader
Row = tuple[str, Mapping[str, Any]]  # its place or PMID, its fields


class Unreadable(Exception):
    """A row that is no example; its text is the reason, one of a fixed few."""


def read_examples(path: Path, agent_type: str, intake: Intake) -> Iterator[Example]:
    """Yield the examples of one file in its order.

    Raises:
        SourceError: the file cannot be read, or none of its lines is a JSON object.
    """
    key = get_settings().secret_key()
    try:
        with _open(path) as file:
            rows = (
                _pubmedqa(path, file) if path.name.removesuffix(".gz").endswith(".json") else _lines(path, file, intake)
            )
            for place, row in rows:
                try:
                    yield _example(row, agent_type, place, key)
                except Unreadable as reason:
                    intake.reject(str(reason), source=SOURCE, where=place)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        intake.warn(f"{path}: damaged or truncated gzip data; the rows before it were kept")
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.", fix="check its permissions") from error


def _open(path: Path) -> Stream:
    with path.open("rb") as file:
        magic = file.read(2)
    return gzip.open(path) if magic == b"\x1f\x8b" else path.open("rb")


def _lines(path: Path, file: Stream, intake: Intake) -> Iterator[tuple[str, Mapping[str, Any]]]:
    met = faults = 0
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
        except orjson.JSONDecodeError:
            row = None
        if isinstance(row, dict):
            met += 1
            yield f"{path.name}:{number}", row
            continue
        faults += 1
        intake.reject("malformed line", source=SOURCE, where=f"{path.name}:{number}")
        if faults <= NAMED_FAULTS:
            intake.warn(f"{path}, line {number}: no JSON object")
    if faults and not met:
        raise SourceError(f"{path}: none of its {faults} lines is a JSON object.", fix=FIX)
    if faults > NAMED_FAULTS:
        intake.warn(f"{path}: {faults - NAMED_FAULTS} further lines are no JSON objects")


def _pubmedqa(path: Path, file: Stream) -> Iterator[Row]:
    try:
        items = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{path}, line {error.lineno}: malformed JSON.", fix=FIX) from None
    if not isinstance(items, dict) or not all(isinstance(item, dict) and "QUESTION" in item for item in items.values()):
        raise SourceError(f"{path} is not of PubMedQA's form, PMID → item with QUESTION.", fix=FIX)
    for pmid, item in items.items():
        yield pmid, {**item, "PMID": pmid}


def _example(row: Mapping[str, Any], agent_type: str, place: str, key: bytes) -> Example:
    try:
        if "messages" in row:
            return _own(_own_messages(row), row, agent_type, place, key)
        if "QUESTION" in row:
            return _of_pubmedqa(row, agent_type)
        if "qid" in row:
            return _of_medquad(row, agent_type)
        return _own(_own_question(row), row, agent_type, place, key)
    except (KeyError, TypeError, ValueError, ValidationError):
        raise Unreadable("missing or malformed fields") from None


def _own(messages: tuple[Message, ...], row: Mapping[str, Any], agent_type: str, place: str, key: bytes) -> Example:
    """Return one's own example; a patient's rows are one group, as in chats, unless the row names another."""
    source = str(row.get("source") or "examples")
    source_id = str(("messages" not in row and row.get("id")) or row.get("source_id") or place)
    subject = str(row.get("subject_key") or "")
    return Example(
        messages=messages,
        source=source,
        source_id=pseudonym(key, source_id),
        group_id=pseudonym(key, str(row.get("group_id") or subject or f"{source}:{source_id}")),
        subject_key=pseudonym(key, subject) if subject else "",
        agent_type=agent_type,
        licence=str(row.get("licence") or ""),
    )


def _own_messages(row: Mapping[str, Any]) -> tuple[Message, ...]:
    messages = tuple(Message(role=turn["role"], content=turn["content"]) for turn in row["messages"])
    roles = [message.role for message in messages]
    if "user" not in roles or roles[-1] != "assistant":
        raise Unreadable("no question with an answer")
    if not all(message.content.strip() for message in messages):
        raise Unreadable("empty message")
    return messages


def _own_question(row: Mapping[str, Any]) -> tuple[Message, ...]:
    context = str(row.get("context") or "")
    return _exchange("\n\n".join(part for part in (context, _string(row, "question")) if part), _string(row, "answer"))


def _of_medquad(row: Mapping[str, Any], agent_type: str) -> Example:
    if not MEDQUAD_KEYS.fullmatch(f"{row['source']} {row['doc_id']} {row['qid']}"):
        raise ValueError("keys of another set")
    document = f"medquad:{row['source']}:{row['doc_id']}"  # doc_id alone recurs in another collection
    return Example(
        messages=_exchange(_string(row, "question"), _string(row, "answer")),
        source="medquad",
        source_id=f"{row['source']}:{row['qid']}",
        group_id=document,
        agent_type=agent_type,
        licence="CC BY 4.0",
    )


def _of_pubmedqa(row: Mapping[str, Any], agent_type: str) -> Example:
    """Ask over the abstract's sections; the answer is the expert's yes, no or maybe and the authors' conclusion."""
    decision = str(row.get("final_decision") or "").capitalize()
    answer = _string(row, "LONG_ANSWER")
    pmid = str(int(row["PMID"]))
    return Example(
        messages=_exchange(
            "\n".join((*row["CONTEXTS"], "", _string(row, "QUESTION"))), f"{decision}. {answer}" if decision else answer
        ),
        source="pubmedqa",
        source_id=pmid,
        group_id=f"pubmed:{pmid}",  # the group of the paper itself, so that paper and question share a split
        agent_type=agent_type,
        licence="MIT",
    )


def _exchange(question: str, answer: str) -> tuple[Message, ...]:
    if not question.strip():
        raise Unreadable("empty question")
    if not answer.strip():
        raise Unreadable("empty answer")
    return Message(role="user", content=question.strip()), Message(role="assistant", content=answer.strip())


def _string(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(name)
    return value
