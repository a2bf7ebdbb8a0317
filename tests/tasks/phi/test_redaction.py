import pytest

from tasks.errors import PrivacyError
from tasks.phi.redaction import COPIED, REDACTED, Redactor
from tasks.records import Document, Example, Interaction, Record, RowKind

CHAT: dict[str, object] = {
    "id": "8",
    "conversation_id": "0123456789abcdef",
    "agent_type": "MedicalQA",
    "subject_key": "fedcba9876543210",
    "messages": [
        {"role": "user", "content": "Patient: Quillon Brask. MRN: 4471203. Dose of aspirin 81 mg?"},
        {"role": "assistant", "content": "For brask it is 81 mg."},
    ],
    "rating": 5.0,
    "correction": "As quillon brask was told, 81 mg; call (503) 555-0147.",
    "created_at": "2026-11-01T00:00:00Z",
    "model_version": "v1",
}


def test_name_found_in_one_turn_is_known_in_the_others(redactor: Redactor) -> None:
    row, counts = redactor.redact_row("interactions", CHAT)
    assert row["messages"] == [
        {"role": "user", "content": "Patient: [NAME]. MRN: [MRN]. Dose of aspirin 81 mg?"},
        {"role": "assistant", "content": "For [NAME] it is 81 mg."},
    ]
    assert row["correction"] == "As [NAME] was told, 81 mg; call [PHONE]."
    assert counts == {"NAME": 3, "MRN": 1, "PHONE": 1}
    assert {k: row[k] for k in row if k not in {"messages", "correction"}} == {
        k: v for k, v in CHAT.items() if k not in {"messages", "correction"}
    }


def test_sections_and_title_of_a_document_are_redacted(redactor: Redactor) -> None:
    row, _ = redactor.redact_row(
        "documents",
        {
            "source": "files",
            "source_id": "7",
            "title": "Note on John Smith",
            "sections": [{"label": "Plan", "text": "See Dr. Brask"}],
        },
    )
    assert (row["title"], row["sections"]) == ("Note on [NAME]", [{"label": "Plan", "text": "See [NAME]"}])


@pytest.mark.parametrize(
    ("kind", "record"), [("documents", Document), ("interactions", Interaction), ("examples", Example)]
)
def test_every_field_of_a_record_is_either_redacted_or_copied(kind: RowKind, record: type[Record]) -> None:
    assert set(record.model_fields) == COPIED[kind] | set(REDACTED[kind])


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ({"comment": "call Quillon Brask"}, "an unknown field"),
        ({"messages": "Quillon Brask"}, "a text where turns belong"),
        ({"messages": [{"role": "user", "content": "hello", "name": "Quillon Brask"}]}, "an unknown field in a turn"),
        ({"messages": [{"role": "user", "content": 7}]}, "a number where text belongs"),
        ({"correction": ["Quillon Brask"]}, "a list where a text belongs"),
    ],
)
def test_what_no_policy_covers_is_refused_and_not_quoted(
    redactor: Redactor, extra: dict[str, object], why: str
) -> None:
    with pytest.raises(PrivacyError) as caught:
        redactor.redact_row("interactions", {**CHAT, **extra})
    assert "Brask" not in str(caught.value), why


def test_finding_never_crosses_from_one_turn_into_the_next(redactor: Redactor) -> None:
    texts, _ = redactor.redact_texts(["The MRN is", "4471 patients", ""])
    assert texts == ["The MRN is", "4471 patients", ""]
