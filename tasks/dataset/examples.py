"""Turn certified rows into examples to learn from.

A rated chat is an example as it stands, a paper or a clinical document makes a few questions
with their answers, a row of a question set is
what it is. An example holds only words of the certified row and fixed sentences, so the row's certificate holds for it.
"""

from collections.abc import Iterator, Mapping

from tasks.dataset.discharge_questions import discharge_examples
from tasks.dataset.paper_questions import paper_examples
from tasks.records import CertifiedRow, Document, Example, Interaction, RowKind, row_sha256


def certified_examples(
    kind: RowKind, line: CertifiedRow, agent_type: str, redaction: str | None = None
) -> Iterator[CertifiedRow]:
    """Yield the examples that one certified row makes, each certified by derivation; a document may make none.

    Raises:
        PrivacyError: the row is not the one that its certificate names, or another policy than `redaction` made it.
    """
    for example in examples_of(kind, line.verified(policy=redaction), agent_type):
        content = example.model_dump(mode="json")
        certificate = line.certificate.model_copy(
            update={"row_sha256": row_sha256(content), "derived_from": line.certificate.row_sha256}
        )
        yield CertifiedRow(row=content, certificate=certificate)


def examples_of(kind: RowKind, row: dict[str, object], agent_type: str) -> Iterator[Example]:
    """Yield the examples of one row of a kind."""
    if kind == "interactions":
        yield from_interaction(Interaction.model_validate(row))
    elif kind == "examples":
        yield Example.model_validate(row)
    else:
        yield from from_document(document_of(row), agent_type)


def document_of(row: Mapping[str, object]) -> Document:
    """Return a redacted row as a document; those taken before migration 0002 have a field `retracted`."""
    return Document.model_validate({name: value for name, value in row.items() if name != "retracted"})


def from_interaction(chat: Interaction) -> Example:
    """Return the chat as an example; its group is the patient, or the conversation where no patient is known."""
    return Example(
        messages=chat.messages,
        source="interactions",
        source_id=chat.id,
        group_id=chat.subject_key or chat.conversation_id,
        subject_key=chat.subject_key,
        agent_type=chat.agent_type,
        rating=chat.rating,
    )


def from_document(document: Document, agent_type: str) -> Iterator[Example]:
    """Yield the examples of a document: those of its kind of source."""
    if document.source == "documents":
        yield from discharge_examples(document, agent_type)
    else:
        yield from paper_examples(document, agent_type)
