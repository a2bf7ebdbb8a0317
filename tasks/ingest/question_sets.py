"""Read question and answer sets as examples, and texts as documents: one's own files, MedQuAD, PubMedQA.

Which form a row has is seen from its fields (tasks/ingest/example_forms.py). MedQuAD (Ben Abacha and Demner-Fushman,
2019; CC BY 4.0) comes as JSON lines with `qid`, its group is the document; PubMedQA (Jin et al., 2019; MIT) as one JSON
object, PMID → item, its group is the paper. A row of text without a question (`text`, `source`, `paper_id`, `title`)
becomes a document, because a document is both asked about and pre-trained on. The keys of one's own rows may be record
numbers: only keyed pseudonyms of them are kept; MedQuAD's, PubMedQA's and the numbers of papers are public and stay.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infra.settings import get_settings
from tasks.errors import SourceError
from tasks.ingest.example_forms import Unreadable, exchange, messages_of, metadata_of, optional, string, strings
from tasks.ingest.intake import Intake
from tasks.ingest.interactions import pseudonym
from tasks.ingest.json_rows import json_rows
from tasks.records import Document, Example, Message, Section

SOURCE = "question sets"
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}")  # a name of a set; prose may hold a person's
TEXTS = "texts"  # the source of documents that come as rows of text
FORMLESS = "missing or malformed fields"
FIX = "give JSON or JSON lines with messages, question and answer, instruction and output, or text; or leave it out"
MEDQUAD_KEYS = re.compile(r"[A-Za-z]+ (?:\d{1,7}(?:_\d+)?|None) \d{1,7}(?:_\d+)?-\d+")  # collection, document, question
PMID, PMCID = re.compile(r"\d{1,8}"), re.compile(r"PMC\d{1,9}")
ARXIV_ID = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?")


def read_examples(path: Path, agent_type: str, intake: Intake) -> Iterator[Example | Document]:
    """Yield the examples of one file in its order, and its texts as documents.

    Raises:
        SourceError: the file cannot be read, or holds no JSON object of a known form.
    """
    key = get_settings().secret_key()
    rows = formless = 0
    for place, row in json_rows(path, intake, source=SOURCE, fix=FIX):
        rows += 1
        try:
            yield _taken(row, agent_type, place, key)
        except Unreadable as reason:
            formless += str(reason) == FORMLESS
            intake.reject(str(reason), source=SOURCE, where=place)
    if rows and formless == rows:
        raise SourceError(f"{path}: none of its {rows} rows has a form that is known.", fix=FIX)


def _taken(row: Mapping[str, Any], agent_type: str, place: str, key: bytes) -> Example | Document:
    try:
        if "QUESTION" in row:
            return _of_pubmedqa(row, agent_type, place)
        if "qid" in row and "messages" not in row:
            return _of_medquad(row, agent_type)
        messages = messages_of(row)
        return _own(messages, row, agent_type, place, key) if messages else _text(row, place, key)
    except (KeyError, TypeError, ValueError, ValidationError):
        raise Unreadable(FORMLESS) from None


def _own(messages: tuple[Message, ...], row: Mapping[str, Any], agent_type: str, place: str, key: bytes) -> Example:
    """Return one's own example; a patient's rows are one group, as in chats, unless the row names another."""
    metadata = metadata_of(row)
    told = metadata.pop("source", "")
    source = str(row.get("source") or told)
    source = source if LABEL.fullmatch(source) else "examples"
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
        rating=_rating(row.get("rating")),
        **metadata,
    )


def _rating(value: object) -> float | None:
    """Return a number of stars; none for what is no number.

    Raises:
        Unreadable: it lies outside 1 to 5, or is a yes or no: of another scale, so no row to choose by.
    """
    if not isinstance(value, int | float):
        return None
    if isinstance(value, bool) or not 1 <= value <= 5:
        raise Unreadable("rating out of range")
    return float(value)


def _text(row: Mapping[str, Any], place: str, key: bytes) -> Document:
    """Return a row of text as a document; a paper's number is kept where the row says whose number it is."""
    if not (text := string(row, "text").strip()):
        raise Unreadable("empty text")
    source, number = str(row.get("source") or ""), str(row.get("paper_id") or row.get("id") or "").strip()
    subject, kind = str(row.get("subject_key") or ""), source.lower()
    arxiv = ARXIV_ID.fullmatch(number.removeprefix("arXiv:")) if kind == "arxiv" else None
    title = optional(row, "title").strip()
    return Document(
        source=TEXTS,
        source_id=pseudonym(key, f"{source}:{number}" if number else place),
        title=title,
        sections=(Section(text=text.removeprefix(title).strip() or text),),
        pmid=number if kind == "pubmed" and PMID.fullmatch(number) else "",
        pmcid=number if kind in {"pmc", "pubmed central"} and PMCID.fullmatch(number) else "",
        doi=f"10.48550/arXiv.{arxiv[1]}" if arxiv else "",
        licence=str(row.get("licence") or ""),
        subject_key=pseudonym(key, subject) if subject else "",
    )


def _of_medquad(row: Mapping[str, Any], agent_type: str) -> Example:
    if not MEDQUAD_KEYS.fullmatch(f"{row['source']} {row['doc_id']} {row['qid']}"):
        raise ValueError("keys of another set")
    document = f"medquad:{row['source']}:{row['doc_id']}"  # doc_id alone recurs in another collection
    return Example(
        messages=exchange(string(row, "question"), string(row, "answer")),
        source="medquad",
        source_id=f"{row['source']}:{row['qid']}",
        group_id=document,
        agent_type=agent_type,
        licence="CC BY 4.0",
    )


def _of_pubmedqa(row: Mapping[str, Any], agent_type: str, place: str) -> Example:
    """Ask over the abstract's sections; the answer is the expert's yes, no or maybe and the authors' conclusion."""
    decision = str(row.get("final_decision") or "").capitalize()
    answer = string(row, "LONG_ANSWER")
    pmid = str(int(row.get("PMID", place)))
    return Example(
        messages=exchange(
            "\n".join((*strings(row, "CONTEXTS"), "", string(row, "QUESTION"))),
            f"{decision}. {answer}" if decision else answer,
        ),
        source="pubmedqa",
        source_id=pmid,
        group_id=f"pubmed:{pmid}",  # the group of the paper itself, so that paper and question share a split
        agent_type=agent_type,
        licence="MIT",
    )
