"""One line of JSON: what it becomes, and why some are refused. Every value is made up."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.phi.lines import MAX_BYTES, MAX_DEPTH, LineRedactor, Refused
from tasks.phi.redaction import Redactor

QUIET = settings(max_examples=40, deadline=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_", max_size=4), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def lines(redactor: Redactor) -> LineRedactor:
    return LineRedactor(redactor, frozenset({"department"}))


def redact(lines: LineRedactor, row: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(lines.redact(json.dumps(row).encode()).line)
    return read


def test_text_is_redacted_and_its_findings_point_into_what_came(lines: LineRedactor) -> None:
    text = "Seen by Dr. Quillon Brask. 🩺 MRN: 4471203."
    row = redact(lines, {"id": "n1", "text": text})
    assert row["text"] == "Seen by [REDACTED-NAME]. 🩺 MRN: [REDACTED-MRN]."
    assert [(f["category"], text[f["start"] : f["end"]]) for f in row["findings"]] == [
        ("NAME", "Dr. Quillon Brask"),
        ("MRN", "4471203"),
    ]
    assert all(0 < f["score"] <= 1 and f["recognizer"] for f in row["findings"])
    assert row["risk_level"] == "high"


def test_text_without_an_identifier_is_unchanged_and_of_no_risk(lines: LineRedactor) -> None:
    assert redact(lines, {"id": 7, "text": "Aspirin 81 mg daily."}) == {
        "id": 7,
        "text": "Aspirin 81 mg daily.",
        "risk_level": "none",
        "findings": [],
    }


@pytest.mark.parametrize(
    ("field", "value", "redacted", "why"),
    [
        ("mrn", "0048213", "[REDACTED-MRN]", "the name of the field is the label"),
        ("mrn", 4820137, "[REDACTED-MRN]", "a number under such a name"),
        ("patient_name", "ozwin tarrow", "[REDACTED-NAME]", "words joined by an underscore"),
        ("patientName", "ozwin tarrow", "[REDACTED-NAME]", "words joined by a capital"),
        ("contact", {"e_mail": ["o.tarrow@example.org"]}, {"e_mail": ["[REDACTED-EMAIL]"]}, "inside lists and objects"),
        ("seen", "2024-03-02", "[REDACTED-DATE]", "a shape that needs no label"),
        ("note", "As brask wrote", "As [REDACTED-NAME] wrote", "a name that the text introduced"),
        ("department", "Ward of Dr. Quillon Brask", "Ward of Dr. Quillon Brask", "a field to keep"),
        ("dose_mg", 1500, 1500, "a number that is no identifier"),
        ("weight", 71.5, 71.5, "a decimal number"),
        ("mrn", 48213777.0, "[REDACTED-MRN]", "a whole number as a table with gaps writes it"),
        ("mrn", {"value": "48213777"}, {"value": "[REDACTED-MRN]"}, "the label stands a level above"),
        (
            "identifier",
            [{"type": "MRN", "value": "0048213"}],
            [{"type": "MRN", "value": "[REDACTED-MRN]"}],
            "a pair: its type is the label",
        ),
        (
            "identifier",
            {"type": {"text": "Medical record number"}, "value": 4820137},
            {"type": {"text": "Medical record number"}, "value": "[REDACTED-MRN]"},
            "a pair as FHIR writes it",
        ),
        ("result", {"type": "dose", "value": 1500}, {"type": "dose", "value": 1500}, "a pair of no identifier"),
        ("mrn", {"type": "2", "value": "48213777"}, {"type": "2", "value": "[REDACTED-MRN]"}, "a type of no words"),
        ("pages", "1\f2", "1\f2", "a form feed is white space"),
        ("smoker", False, False, "a truth"),
        ("empty", None, None, "nothing"),
    ],
)
def test_other_field_passes_redacted(lines: LineRedactor, field: str, value: Any, redacted: Any, why: str) -> None:
    row = redact(lines, {"id": "1", "text": "Dr. Quillon Brask came.", field: value})
    assert row[field] == redacted, why


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": 1, "text": "\xff"}', "not UTF-8 at byte 19"),
        (b'{"id": 1, "text": "\\ud800 Brask"}', "a lone surrogate, which is no character"),
        (b'{"id": 1, "text": "Brask', "not JSON at character 18"),
        (b'["Brask"]', "not a JSON object"),
        (b'{"text": "Brask"}', "no field `id`"),
        (b'{"id": 1}', "no field `text`"),
        (b'{"id": 1, "text": 5}', "field `text` is not text"),
        (b'{"id": null, "text": "Brask"}', "field `id` is not text or a whole number"),
        (b'{"id": true, "text": "Brask"}', "field `id` is not text or a whole number"),
        (b'{"id": 1, "text": "a", "x": NaN}', "a number that cannot be read"),
        (b'{"id": 1, "text": "a", "x": ' + b"9" * 5000 + b"}", "a number that cannot be read"),
        (b'{"id": 1, "text": "a", "x": ' + b"[" * 90_000 + b"]" * 90_000 + b"}", "nested too deeply"),
        (b'{"id": 1, "text": "a", "x": ' + b"[" * 40 + b"5" + b"]" * 40 + b"}", "nested too deeply"),
        (b'{"id": 1, "text": "a", "Dr. Quillon Brask": 5}', "a field whose name may be an identifier"),
        (b'{"id": 1, "text": "a", "x": {"b@example.org": null}}', "a field whose name may be an identifier"),
        (b'{"id": 1, "text": "SSN 219\\u0000-09-9999"}', "a control character beside a digit"),
        (b'{"id": 1, "text": "a", "mrn": "447\\u00011203"}', "a control character beside a digit"),
        (b'{"id": 1, "text": "a", "x": ["\\u001b4471203"]}', "a control character beside a digit"),
        (b'{"id": 1, "text": "MRN 447\\u009f1203"}', "a control character beside a digit"),
        (b'{"id": 1, "text": "a", "x": 1e400}', "a number that cannot be read"),
        (b'{"id": 1, "text": "' + b"a" * MAX_BYTES + b'"}', "longer than 8 MiB"),
    ],
)
def test_line_that_cannot_be_redacted_is_refused_and_not_quoted(lines: LineRedactor, line: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        lines.redact(line)
    assert str(refused.value) == reason


@QUIET
@given(st.dictionaries(st.text("abcxyz_", min_size=1, max_size=6), JSON, max_size=4), st.text(max_size=60))
def test_any_object_is_redacted_or_refused_and_its_findings_lie_within(
    lines: LineRedactor, other: dict[str, Any], text: str
) -> None:
    try:
        row = redact(lines, {**other, "id": "1", "text": text})
    except Refused:
        return
    assert set(row) == set(other) | {"id", "text", "risk_level", "findings"}
    ends = [0] + [edge for f in row["findings"] for edge in (f["start"], f["end"])] + [len(text)]
    assert ends == sorted(ends)
    again = redact(lines, row)
    assert (again["text"], again["findings"]) == (row["text"], [])


def test_nesting_up_to_the_limit_is_read(lines: LineRedactor) -> None:
    deep: Any = "MRN 4471203"
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    row = redact(lines, {"id": "1", "text": "", "x": deep})
    assert "4471203" not in json.dumps(row)
