import pytest

from tasks.errors import PrivacyError
from tasks.phi.fields import COPIED, LABELS, REDACTED
from tasks.phi.redaction import Redactor
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
    "original": "Brask takes 810 mg; call (503) 555-0148.",
    "created_at": "2026-11-21T09:15:00Z",
    "model_version": "v1",
}


def test_name_found_in_one_turn_is_known_in_the_others(redactor: Redactor) -> None:
    row, counts = redactor.redact_row("interactions", CHAT)
    assert row["messages"] == [
        {"role": "user", "content": "Patient: [REDACTED-NAME]. MRN: [REDACTED-MRN]. Dose of aspirin 81 mg?"},
        {"role": "assistant", "content": "For [REDACTED-NAME] it is 81 mg."},
    ]
    assert row["correction"] == "As [REDACTED-NAME] was told, 81 mg; call [REDACTED-PHONE]."
    assert row["original"] == "[REDACTED-NAME] takes 810 mg; call [REDACTED-PHONE]."
    assert counts == {"NAME": 4, "MRN": 1, "PHONE": 2}
    assert row["created_at"] == "2026-01-01T00:00:00Z"
    changed = {"messages", "correction", "original", "created_at"}
    assert {k: row[k] for k in row if k not in changed} == {k: v for k, v in CHAT.items() if k not in changed}


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
    assert (row["title"], row["sections"]) == (
        "Note on [REDACTED-NAME]",
        [{"label": "Plan", "text": "See [REDACTED-NAME]"}],
    )


@pytest.mark.parametrize(
    ("kind", "record"), [("documents", Document), ("interactions", Interaction), ("examples", Example)]
)
def test_every_field_of_a_record_is_either_redacted_or_copied(kind: RowKind, record: type[Record]) -> None:
    classified = [*COPIED[kind], *LABELS[kind], *REDACTED[kind], *(["created_at"] if kind == "interactions" else [])]
    assert sorted(record.model_fields) == sorted(classified)


LABELLED: list[tuple[RowKind, str, object, object, str]] = [
    (
        "examples",
        "licence",
        "Dr. Quillon Brask, q@example.org",
        "[REDACTED-NAME], [REDACTED-EMAIL]",
        "a person and an address",
    ),
    ("examples", "licence", "CC BY 4.0", "CC BY 4.0", "a licence"),
    ("examples", "source", "ward of Dr. Quillon Brask", "ward of [REDACTED-NAME]", "a person in a source"),
    ("examples", "source", "pubmed", "pubmed", "a source"),
    ("documents", "licence", "Copyright © 2024 John Smith", "Copyright © 2024 [REDACTED-NAME]", "a person's copyright"),
    ("documents", "licence", "© 2023 The Authors.", "© 2023 The Authors.", "nobody's copyright"),
    ("documents", "journal", "Letters to Dr. Quillon Brask", "Letters to [REDACTED-NAME]", "a person in a journal"),
    ("documents", "journal", "Acta medica", "Acta medica", "a journal"),
    (
        "documents",
        "mesh",
        ["Asthma", "SSN 899-12-3456"],
        ["Asthma", "SSN [REDACTED-SSN]"],
        "an identifier among headings",
    ),
    ("interactions", "model_version", "MRN: 4471203", "MRN: [REDACTED-MRN]", "an identifier in place of a version"),
    ("interactions", "model_version", "medicalqa-9f3ab2c1d0e4", "medicalqa-9f3ab2c1d0e4", "a version"),
]


@pytest.mark.parametrize(("kind", "field", "value", "redacted", "why"), LABELLED, ids=[row[-1] for row in LABELLED])
def test_text_beside_the_messages_is_redacted_by_itself(
    redactor: Redactor, kind: RowKind, field: str, value: object, redacted: object, why: str
) -> None:
    row, _ = redactor.redact_row(kind, {field: value})
    assert row == {field: redacted}, why


def test_source_that_is_also_a_name_in_the_text_stays(redactor: Redactor) -> None:
    row, counts = redactor.redact_row("examples", {"source": "brask", "messages": CHAT["messages"]})
    assert (row["source"], counts) == ("brask", {"NAME": 2, "MRN": 1})


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ({"comment": "call Quillon Brask"}, "an unknown field"),
        ({"messages": "Quillon Brask"}, "a text where turns belong"),
        ({"messages": [{"role": "user", "content": "hello", "name": "Quillon Brask"}]}, "an unknown field in a turn"),
        ({"messages": [{"role": "user", "content": 7}]}, "a number where text belongs"),
        ({"correction": ["Quillon Brask"]}, "a list where a text belongs"),
        ({"id": "MRN 4471203"}, "words in a key"),
        ({"subject_key": "brask@example.org"}, "an address in a key"),
        ({"subject_key": "b" * 201}, "a key that is too long"),
        ({"conversation_id": ["Quillon Brask"]}, "a list in place of a key"),
        ({"model_version": {"name": "Quillon Brask"}}, "an object where a text belongs"),
        ({"created_at": "Brask, in spring"}, "no date"),
    ],
)
def test_what_no_policy_covers_is_refused_and_not_quoted(
    redactor: Redactor, extra: dict[str, object], why: str
) -> None:
    with pytest.raises(PrivacyError) as caught:
        redactor.redact_row("interactions", {**CHAT, **extra})
    assert "Brask" not in str(caught.value), why


def test_finding_never_crosses_from_one_turn_into_the_next(redactor: Redactor) -> None:
    texts = [each.text for each in redactor.redact_texts(["The MRN is", "4471 patients", ""])]
    assert texts == ["The MRN is", "4471 patients", ""]
