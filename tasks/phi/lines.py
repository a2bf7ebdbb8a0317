"""One line of JSON becomes one redacted line, or a reason why not, which never quotes it.

A line is an object with at least `id` (text or a whole number) and `text`. `text` is redacted; so is every other field,
read together with the names that lead to it ("mrn: 0048213"), because a value in a table says less than a label beside
it does; of a pair such as `{"type": "MRN", "value": "0048213"}` the type is the label. All of a line is read as one
document. `id` and the fields to keep stay as they are, whatever they hold; true, false and null are copied. A name of a
field that redaction would change makes the line refused.
"""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from tasks.phi.redaction import Redacted, Redactor
from tasks.phi.risk import risk_level

MAX_BYTES = 8 << 20
"""Of a line: longer ones would not let memory stay flat."""

MAX_DEPTH = 32
"""Of lists and objects in one another."""

_NAMES_KEPT = 4096  # of fields: they recur line after line
_OWN = frozenset({"id", "text", "risk_level", "findings"})
# A number that something invisible cuts in two is known by no recognizer; form feeds and the like are white space.
_BROKEN_NUMBER = re.compile(r"\d[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]\d")
_LABELLING = ("type", "label", "field", "key")  # of an object, what says of what its `value` is
_LABEL = re.compile(r"[A-Za-z][A-Za-z _-]{0,39}")
_WORDS = re.compile(r"[_\-.\s]+|(?<=[a-z])(?=[A-Z])")


class Refused(Exception):
    """A line that is not redacted; the message says why and quotes nothing."""


class RedactedLine(NamedTuple):
    """A line as it is written, the risk of its text before, and the category of each finding in it."""

    line: bytes
    risk: str
    categories: list[str]


class _Leaf(NamedTuple):
    label: str  # the words of the name of the field that it stands under
    value: str | int | float
    holder: Any
    key: str | int


class LineRedactor:
    """Redacts lines; `keep` names the fields that stay as they are."""

    def __init__(self, redactor: Redactor, keep: frozenset[str]) -> None:
        self._redactor = redactor
        self._keep = keep
        self._is_identifier = functools.lru_cache(_NAMES_KEPT)(lambda name: bool(redactor.redact(name).findings))

    def redact(self, line: bytes) -> RedactedLine:
        """Return the redacted line with `risk_level` and `findings`, its end included.

        Raises:
            Refused: it is no object with an id and a text, or it cannot be read.
            PrivacyError: a recognizer failed; nothing more may be redacted.
        """
        row = _object(line)
        for name in _names(row):
            if name not in _OWN and self._is_identifier(name):
                raise Refused("a field whose name may be an identifier")
        leaves = list(_leaves(row, self._keep))
        if any(_BROKEN_NUMBER.search(text) for text in (row["text"], *(str(leaf.value) for leaf in leaves))):
            raise Refused("a control character beside a digit")
        labelled = [f"{leaf.label}: {leaf.value}" for leaf in leaves]
        text, *others = self._redactor.redact_texts([row["text"], *labelled])
        for leaf, redacted in zip(leaves, others, strict=True):
            _put(leaf, redacted)
        row["text"] = text.text
        row["risk_level"] = risk_level(text.findings)
        row["findings"] = [finding.model_dump() for finding in text.findings]
        written = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        return RedactedLine(written, row["risk_level"], [f.category for each in (text, *others) for f in each.findings])


def _object(line: bytes) -> dict[str, Any]:
    """Return the line's object, with all that this module needs of it.

    Raises:
        Refused: the line is not such an object.
    """
    if len(line) > MAX_BYTES:
        raise Refused(f"longer than {MAX_BYTES >> 20} MiB")
    try:
        row = json.loads(line.decode("utf-8-sig"), parse_constant=_no_constant)
        json.dumps(row, ensure_ascii=False, allow_nan=False).encode()  # what was read has to be written again
    except UnicodeDecodeError as error:
        raise Refused(f"not UTF-8 at byte {error.start}") from None
    except UnicodeEncodeError:
        raise Refused("a lone surrogate, which is no character") from None
    except json.JSONDecodeError as error:
        raise Refused(f"not JSON at character {error.pos}") from None
    except RecursionError:
        raise Refused("nested too deeply") from None
    except ValueError:
        raise Refused("a number that cannot be read") from None
    if not isinstance(row, dict):
        raise Refused("not a JSON object")
    for name, kinds, what in (("id", (str, int), "text or a whole number"), ("text", (str,), "text")):
        if name not in row:
            raise Refused(f"no field `{name}`")
        if not isinstance(row[name], kinds) or isinstance(row[name], bool):
            raise Refused(f"field `{name}` is not {what}")
    return row


def _no_constant(_: str) -> NoReturn:
    raise ValueError("not a number of JSON")


def _names(value: Any, depth: int = 1) -> Iterator[str]:
    """Yield the names of fields at every level.

    Raises:
        Refused: there are too many levels; whoever walks the same value afterwards need not count them.
    """
    if depth > MAX_DEPTH and isinstance(value, dict | list):
        raise Refused("nested too deeply")
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _names(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner, depth + 1)


def _leaves(row: dict[str, Any], keep: frozenset[str]) -> Iterator[_Leaf]:
    """Yield the values that redaction looks at, in order, wherever they lie."""
    for name in row:
        if name not in _OWN and name not in keep:
            yield from _within(row, name, _words(name))


def _within(holder: Any, key: str | int, label: str) -> Iterator[_Leaf]:
    value = holder[key]
    if isinstance(value, float) and value.is_integer():  # a whole number as a table with gaps writes it: 48213.0
        yield _Leaf(label, int(value), holder, key)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield _Leaf(label, value, holder, key)
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from _within(value, index, label)
    elif isinstance(value, dict):
        told = _label_of(value)
        for name in value:
            yield from _within(value, name, told if told and name == "value" else f"{_words(name)} {label}")


def _label_of(pair: dict[str, Any]) -> str:
    """Return what an object such as `{"type": "MRN", "value": "4471203"}` says that its value is, or nothing.

    FHIR puts the words one level deeper: `{"type": {"text": "Medical record number"}, "value": …}`.
    """
    for name in _LABELLING:
        told = pair.get(name)
        told = told.get("text") if isinstance(told, dict) else told
        if isinstance(told, str) and _LABEL.fullmatch(told):
            return _words(told)
    return ""


def _words(name: str) -> str:
    """Return a field's name as a label reads: `patientName` and `patient_name` both say "patient name"."""
    return _WORDS.sub(" ", name).lower()


def _put(leaf: _Leaf, redacted: Redacted) -> None:
    """Put the redacted value in its place; one without findings keeps its type."""
    if not redacted.findings:
        return
    value_at = len(leaf.label) + 2
    if any(finding.start < value_at - 2 for finding in redacted.findings):
        raise Refused("a field whose name may be an identifier")
    leaf.holder[leaf.key] = redacted.text[value_at:]
