"""What a row's fields are to redaction: texts to redact, labels to redact each by itself, keys to copy.

A field that nobody has classified, or a key that does not look like one, stops the shard: redaction fails closed.
`created_at` of an exchange becomes the first of January of its year, which is as much of a date as
45 CFR 164.514(b)(2)(i)(C) lets stand beside a patient.
"""

import re
from collections.abc import Callable, Mapping

from tasks.errors import PrivacyError
from tasks.records import RowKind

# Copied as they are, if they look like it: keys, counters, vocabularies. Everything else that is text is redacted.
_COPIED: Mapping[RowKind, str] = {
    "documents": "source_id version published language authors pmid pmcid doi subject_key",
    "interactions": "id conversation_id agent_type subject_key rating",
    "examples": "source_id group_id subject_key agent_type rating kind verified",
}
COPIED: Mapping[RowKind, frozenset[str]] = {kind: frozenset(fields.split()) for kind, fields in _COPIED.items()}
_KEY = re.compile(r"[^\s@]{0,200}")
# Redacted each by itself: a word of a text, such as a name, must not change whose row it is. A text or a list of texts.
_LABELS: Mapping[RowKind, str] = {
    "documents": "source journal licence publication_types mesh grants",
    "interactions": "model_version",
    "examples": "source licence domain difficulty",
}
LABELS: Mapping[RowKind, frozenset[str]] = {kind: frozenset(fields.split()) for kind, fields in _LABELS.items()}
# Redacted: a plain text (None), or a list of objects with these text fields beside these copied ones.
REDACTED: Mapping[RowKind, Mapping[str, tuple[frozenset[str], frozenset[str]] | None]] = {
    "documents": {"title": None, "sections": (frozenset({"text", "label"}), frozenset())},
    "interactions": {
        "correction": None,
        "original": None,
        "messages": (frozenset({"content"}), frozenset({"role"})),
    },
    "examples": {"messages": (frozenset({"content"}), frozenset({"role"}))},
}


def texts_of(kind: RowKind, row: Mapping[str, object], *, labels: bool = True) -> list[str]:
    """Return every text of a row that redaction is responsible for, in a fixed order, or those that are no labels."""
    texts: list[str] = []

    def collect(text: str) -> str:
        texts.append(text)
        return text

    map_texts(kind, row, collect, collect if labels else str)
    return texts


def map_texts(
    kind: RowKind, row: Mapping[str, object], change: Callable[[str], str], change_label: Callable[[str], str]
) -> dict[str, object]:
    """Return the row with each of its texts and labels changed, in a fixed order, and its time coarsened."""
    result: dict[str, object] = {}
    for field in sorted(row):
        value = row[field]
        if field in REDACTED[kind]:
            result[field] = _map_field(field, value, REDACTED[kind][field], change)
        elif field in LABELS[kind]:
            result[field] = _map_label(field, value, change_label)
        elif field in COPIED[kind]:
            result[field] = _copied(field, value)
        elif field == "created_at" and kind == "interactions":
            result[field] = _year_only(field, value)
        else:
            raise PrivacyError(
                f"A row of {kind} has a field that no policy covers: its name has {len(field)} characters.",
                fix="name the field in tasks/phi/fields.py, as redacted or as copied",
            )
    return result


def _map_label(field: str, value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return [change(item) for item in value]
    raise _unknown_shape(field)


def _copied(field: str, value: object) -> object:
    if value is None or isinstance(value, int | float) or (isinstance(value, str) and _KEY.fullmatch(value)):
        return value
    raise _unknown_shape(field)


def _year_only(field: str, value: object) -> str:
    if re.match(r"\d{4}-\d\d-\d\d", str(value)) is None:
        raise _unknown_shape(field)
    return f"{str(value)[:4]}-01-01T00:00:00Z"


def _map_field(
    field: str, value: object, inner: tuple[frozenset[str], frozenset[str]] | None, change: Callable[[str], str]
) -> object:
    if inner is None:
        if value is None or isinstance(value, str):
            return None if value is None else change(value)
    elif isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value):
        return [_map_item(field, item, inner, change) for item in value]
    raise _unknown_shape(field)


def _map_item(
    field: str,
    item: Mapping[str, object],
    inner: tuple[frozenset[str], frozenset[str]],
    change: Callable[[str], str],
) -> dict[str, object]:
    texts, copied = inner
    result: dict[str, object] = {}
    for key, value in item.items():
        if key in texts and isinstance(value, str):
            result[key] = change(value)
        elif key in copied:
            result[key] = value
        else:
            raise _unknown_shape(field)
    return result


def _unknown_shape(field: str) -> PrivacyError:
    return PrivacyError(f"Field {field} does not have the shape that redaction knows.", fix="see tasks/records.py")
