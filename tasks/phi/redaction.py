"""Rows with every identifier replaced by its category's placeholder, and what may be copied without a look.

The policy: placeholders for everything, "90+" for ages over 89; dates and ZIP codes go whole, although Safe Harbor
would let the year and, for populous areas, three digits stay. `created_at` of an exchange becomes the first of January
of its year, which is as much of a date as 45 CFR 164.514(b)(2)(i)(C) lets stand beside a patient. All texts of a row
are read as one document, so that a name found in one turn is known in the next; sources, licences and the like are read
each by itself. A field that nobody has classified, or a key that does not look like one, stops the shard: redaction
fails closed.
"""

import bisect
import functools
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from tasks.errors import PrivacyError
from tasks.phi.categories import CATEGORIES
from tasks.phi.detection import Detector
from tasks.records import PhiFinding, RowKind

POLICY = "placeholder/3"

# No pattern's white space spans it, so that no finding joins two fields.
_BETWEEN = "\n\x00\n"
_ROUNDS = 4

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
_LABELS_KEPT = 16_384  # journals, licences and headings recur
# Redacted: a plain text (None), or a list of objects with these text fields beside these copied ones.
REDACTED: Mapping[RowKind, Mapping[str, tuple[frozenset[str], frozenset[str]] | None]] = {
    "documents": {"title": None, "sections": (frozenset({"text", "label"}), frozenset())},
    "interactions": {"correction": None, "messages": (frozenset({"content"}), frozenset({"role"}))},
    "examples": {"messages": (frozenset({"content"}), frozenset({"role"}))},
}


def redact(text: str, findings: Sequence[PhiFinding]) -> str:
    """Return the text with each finding's placeholder in its place; findings are in order and do not overlap."""
    parts: list[str] = []
    done = 0
    for finding in findings:
        parts += (text[done : finding.start], CATEGORIES[finding.category].placeholder)
        done = finding.end
    return "".join((*parts, text[done:]))


class Redactor:
    """Redacts rows with one detector; `version` names the engine in certificates."""

    def __init__(self, detector: Detector | None = None) -> None:
        self._detector = detector or Detector()
        self._label = functools.lru_cache(_LABELS_KEPT)(lambda label: self.redact_texts([label]))

    def redact_texts(self, texts: Sequence[str]) -> tuple[list[str], Counter[str]]:
        """Return the texts, read as one document, redacted until nothing more is found, and findings by category.

        Raises:
            PrivacyError: a recognizer failed, or each round of redaction uncovered more.
        """
        counts: Counter[str] = Counter()
        current = [text.replace("\x00", "") for text in texts]
        for _ in range(_ROUNDS):
            findings = self._detector.find(_BETWEEN.join(current))
            if not findings:
                return current, counts
            counts.update(finding.category for finding in findings)
            current = [redact(text, part) for text, part in zip(current, _by_text(current, findings), strict=True)]
        raise PrivacyError(
            f"Redaction did not settle in {_ROUNDS} rounds.", fix="a recognizer matches its own placeholder; correct it"
        )

    def redact_row(self, kind: RowKind, row: Mapping[str, object]) -> tuple[dict[str, object], Counter[str]]:
        """Return a copy of the row with every text redacted, and findings by category.

        Raises:
            PrivacyError: a recognizer failed, or the row has a field or a key that this kind does not know.
        """
        redacted, counts = self.redact_texts(texts_of(kind, row, labels=False))
        following = iter(redacted)

        def change_label(label: str) -> str:
            (changed,), found = self._label(label)
            counts.update(found)
            return changed

        return _map_texts(kind, row, lambda _: next(following), change_label), counts


def texts_of(kind: RowKind, row: Mapping[str, object], *, labels: bool = True) -> list[str]:
    """Return every text of a row that redaction is responsible for, in a fixed order, or those that are no labels."""
    texts: list[str] = []

    def collect(text: str) -> str:
        texts.append(text)
        return text

    _map_texts(kind, row, collect, collect if labels else str)
    return texts


def _by_text(texts: Sequence[str], findings: Sequence[PhiFinding]) -> list[list[PhiFinding]]:
    """Give each text its findings, with offsets of its own; what crosses a border is cut at it."""
    starts = [0]
    for text in texts:
        starts.append(starts[-1] + len(text) + len(_BETWEEN))
    parts: list[list[PhiFinding]] = [[] for _ in texts]
    for finding in findings:
        for index in range(bisect.bisect_right(starts, finding.start) - 1, len(texts)):
            start, end = max(finding.start - starts[index], 0), min(finding.end - starts[index], len(texts[index]))
            if starts[index] >= finding.end:
                break
            if start < end:
                parts[index].append(finding.model_copy(update={"start": start, "end": end}))
    return parts


def _map_texts(
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
                fix="name the field in tasks/phi/redaction.py, as redacted or as copied",
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
