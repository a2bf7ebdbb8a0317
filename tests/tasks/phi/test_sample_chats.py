"""The sample generator knows where it planted identifiers: none of them may be left."""

from tasks.phi.fields import texts_of
from tasks.phi.redaction import Redactor
from tasks.phi.second_pass import residual
from tasks.sample.chats import SampleChat, sample_chats


def row_of(chat: SampleChat) -> dict[str, object]:
    row = chat.model_dump(mode="json", exclude={"phi"})
    return {**row, "id": "1", "conversation_id": "0" * 16, "subject_key": "0" * 16}


def test_every_planted_identifier_of_300_sample_chats_is_redacted(redactor: Redactor) -> None:
    left: list[str] = []
    planted = withheld = 0
    for chat in sample_chats(seed=11, count=300):
        redacted, _ = redactor.redact_row("interactions", row_of(chat))
        text = "\n".join(texts_of("interactions", redacted))
        withheld += bool(residual([text]))
        for span in chat.phi:
            planted += 1
            source = chat.correction if span.where == "correction" else chat.messages[span.where].content
            value = (source or "")[span.start : span.end]
            left += [span.category] * (value in text.replace("90+", ""))
    assert planted > 200
    assert left == []
    assert withheld == 0
