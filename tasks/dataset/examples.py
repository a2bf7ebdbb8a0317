"""Turn certified rows into examples to learn from.

A rated chat is an example as it stands. A paper becomes one question about its conclusion, answered in the authors'
words: the labelled conclusion where there is one, else the last sentence. Only words of the certified row and the
fixed sentences below enter an example, so its certificate holds for it.
"""

import re
from collections.abc import Iterator

from tasks.records import CertifiedRow, Document, Example, Interaction, Message, RowKind, row_sha256

ASK_CONCLUSION = "What does this study conclude?"
CONCLUSION_LABEL = re.compile(r"conclusion|interpretation|significance", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\[])")


def certified_examples(kind: RowKind, line: CertifiedRow, agent_type: str) -> Iterator[CertifiedRow]:
    """Yield the examples that one certified row makes, each certified by derivation; a paper may make none.

    Raises:
        PrivacyError: the row is not the one that its certificate names.
    """
    row = line.verified()
    example: Example | None
    if kind == "interactions":
        example = from_interaction(Interaction.model_validate(row))
    elif kind == "documents":
        example = from_document(Document.model_validate(row), agent_type)
    else:
        example = Example.model_validate(row)
    if example is not None:
        content = example.model_dump(mode="json")
        certificate = line.certificate.model_copy(
            update={"row_sha256": row_sha256(content), "derived_from": line.certificate.row_sha256}
        )
        yield CertifiedRow(row=content, certificate=certificate)


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


def from_document(paper: Document, agent_type: str) -> Example | None:
    """Return a question about the paper's conclusion, or None for a paper too short to hold one."""
    context, conclusion = split_conclusion(paper)
    if not context or not conclusion:
        return None
    question = f"{paper.title}\n\n{context}\n\n{ASK_CONCLUSION}"
    return Example(
        messages=(Message(role="user", content=question), Message(role="assistant", content=conclusion)),
        source=paper.source,
        source_id=paper.source_id,
        group_id=f"{paper.source}:{paper.source_id}",
        agent_type=agent_type,
        licence=paper.licence,
    )


def split_conclusion(paper: Document) -> tuple[str, str]:
    """Return the abstract without its conclusion, and the conclusion; either is empty where there is none."""
    labelled = [s for s in paper.sections if CONCLUSION_LABEL.search(s.label)]
    if labelled:
        rest = [s for s in paper.sections if s not in labelled]
        return "\n".join(s.text for s in rest), " ".join(s.text for s in labelled)
    sentences = SENTENCE_END.split("\n".join(s.text for s in paper.sections).strip())
    return " ".join(sentences[:-1]), sentences[-1] if len(sentences) > 1 else ""
