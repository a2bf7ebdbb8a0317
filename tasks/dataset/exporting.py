"""Write examples in the forms in which others keep them; `rounds ingest examples` reads each of them back.

What is lost: the agent type, which the reader is told; ids, groups and patients come back as other pseudonyms, the same
for the same; in the forms `instruction` and `input-output`, turns of one role in a row come back as one, and system
messages stand before the first question. Nothing is redacted here: export redacted examples.

The form `openai` is what hosted fine-tuning takes (https://platform.openai.com/docs/guides/supervised-fine-tuning): a
line a chat, whose `messages` have a role and a content each and end with the assistant's, at least ten of them.
Nothing else leaves the house with it: no ids, groups, pseudonyms of patients or ratings. How many tokens a chat may
have depends on the hosted model and its tokenizer, and is not checked.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Literal

from tasks.dataset.abstracts import group_of
from tasks.dataset.curation import split_of
from tasks.dataset.examples import document_of
from tasks.dataset.paper_questions import pretraining_text
from tasks.errors import DataError
from tasks.records import CertifiedRow, CurationPolicy, Document, Example, Message

Form = Literal["messages", "sharegpt", "instruction", "input-output", "openai"]
HOSTED_LEAST = 10  # examples that a hosted fine-tuning job needs
SHAREGPT = {"user": "human", "assistant": "gpt", "system": "system"}


def export_rows(rows: Iterable[Example], form: Form, system: str = "") -> Iterator[dict[str, Any]]:
    """Yield each example as a row of a form, without fields that are empty.

    `system` stands before the chats that have no system message of their own.
    """
    for example in rows:
        told = _told(example, system) if system else example
        yield {name: value for name, value in _row(told, form).items() if value or name in {"input", "output"}}


def refuse_what_hosts_refuse(examples: Iterable[Example]) -> Iterator[Example]:
    """Yield the examples as they come, and refuse what a hosted fine-tuning job would refuse after the upload.

    Raises:
        DataError: a chat does not end with an answer, a message is blank, or there are fewer than `HOSTED_LEAST`.
    """
    count = 0
    for count, example in enumerate(examples, start=1):
        spoken = [m for m in example.messages if m.role != "system"]
        blank = any(not m.content.strip() for m in spoken)
        if blank or not spoken or spoken[-1].role != "assistant" or all(m.role != "user" for m in spoken):
            raise DataError(
                f"Example {count} has a blank message, or no question with an answer at its end.",
                fix="build the dataset again: `rounds train` leaves such rows out",
            )
        yield example
    if count < HOSTED_LEAST:
        raise DataError(
            f"The split has {count} examples, hosted fine-tuning needs {HOSTED_LEAST}.",
            fix="export the training split of a larger dataset",
        )


def _told(example: Example, system: str) -> Example:
    if any(m.role == "system" and m.content.strip() for m in example.messages):
        return example
    spoken = tuple(m for m in example.messages if m.role != "system")
    return example.model_copy(update={"messages": (Message(role="system", content=system), *spoken)})


def pretraining_rows(
    lines: Iterable[CertifiedRow], policy: CurationPolicy, key: bytes, withdrawn: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Yield the redacted papers of the training split as running text, for continued pre-training.

    Of a paper that came twice the last version counts. A paper whose group is held out is left out, because its
    questions are; so is what was withdrawn, and every clinical document.

    Raises:
        PrivacyError: a row is not the one that its certificate names.
    """
    latest: dict[tuple[str, str], Document] = {}
    for line in lines:
        paper = document_of(line.verified())
        latest.pop((paper.source, paper.source_id), None)
        if line.certificate.row_sha256 not in withdrawn and paper.source != "documents":
            latest[paper.source, paper.source_id] = paper
    for paper in latest.values():
        if split_of(group_of(paper), key, policy) == "train" and (text := pretraining_text(paper)):
            number = paper.pmid or paper.pmcid or paper.source_id
            yield {"text": text, "source": paper.source, "paper_id": number, "title": paper.title}


def _row(example: Example, form: Form) -> dict[str, Any]:
    told = {"domain": example.domain, "difficulty": example.difficulty, "verified": example.verified}
    metadata = {name: value for name, value in told.items() if value not in ("", None)}
    keys = {
        "group_id": example.group_id,
        "subject_key": example.subject_key,
        "licence": example.licence,
        "rating": example.rating,
    }
    if form == "openai":
        return {"messages": [{"role": m.role, "content": m.content} for m in example.messages if m.content.strip()]}
    if form == "messages":
        chat = [{"role": m.role, "content": m.content} for m in example.messages]
        return {
            "messages": chat,
            "source": example.source,
            "source_id": example.source_id,
            **keys,
            "metadata": metadata,
        }
    if form == "sharegpt":
        turns = [{"from": SHAREGPT[m.role], "value": m.content} for m in example.messages]
        return {"id": example.source_id, "conversations": turns, "source": example.source, **keys, "metadata": metadata}
    system, history, question, answer = _exchanges(example)
    before = {"system": system, "history": history, **keys}
    if form == "instruction":
        asked = {"instruction": question, "input": "", "output": answer}
        return {"id": example.source_id, **asked, "source": example.source, **before, "metadata": metadata}
    named = {"source": example.source, **metadata}
    return {"id": example.source_id, "input": question, "output": answer, **before, "metadata": named}


def _exchanges(example: Example) -> tuple[str, list[list[str]], str, str]:
    """Return the system's words, the earlier questions with their answers, the last question, and its answer."""
    system = "\n\n".join(m.content for m in example.messages if m.role == "system")
    pairs: list[list[str]] = []
    turns = (m for m in example.messages if m.role != "system")
    for role, said in itertools.groupby(turns, key=lambda m: m.role):
        text = "\n\n".join(m.content for m in said)
        if role == "user" or not pairs:
            pairs.append([text, ""] if role == "user" else ["", text])
        else:
            pairs[-1][1] = text
    question, answer = pairs.pop()
    return system, pairs, question, answer
