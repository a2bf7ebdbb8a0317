"""Texts and rows with every identifier replaced as a policy says, until nothing more is found.

All texts of a row are read as one document, so that a name found in one turn is known in the next; sources, licences
and the like are read each by itself. A row's findings point into the texts as they came, whatever round found them.
"""

import bisect
import functools
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tasks.errors import PrivacyError
from tasks.phi.changes import Changes
from tasks.phi.detection import Detector
from tasks.phi.fields import map_texts, texts_of
from tasks.phi.policies import Found, Placeholder, Policy
from tasks.placeholders import placeholder
from tasks.records import PhiFinding, RowKind, row_sha256

# No pattern's white space spans it, so that no finding joins two fields.
_BETWEEN = "\n\x00\n"
_ROUNDS = 5
_LABELS_KEPT = 16_384  # journals, licences and headings recur
_AROUND = 64  # characters on both sides by which a policy may know its replacement again


class Redacted(NamedTuple):
    """A text after redaction, and what was found, in order, at characters of the text before it."""

    text: str
    findings: list[PhiFinding]


class Redactor:
    """Redacts with one detector and one policy; build one and keep it."""

    def __init__(self, detector: Detector | None = None, policy: Policy | None = None) -> None:
        self._detector = detector or Detector()
        self.policy = policy or Placeholder()
        self._label = functools.lru_cache(_LABELS_KEPT)(self.redact)

    def redact(self, text: str, subject: str = "") -> Redacted:
        """Return one text redacted; see `redact_texts`."""
        return self.redact_texts([text], subject)[0]

    def redact_texts(self, texts: Sequence[str], subject: str = "") -> list[Redacted]:
        """Return the texts, read as one document about one subject, redacted until nothing more is found.

        Raises:
            PrivacyError: a recognizer failed, or each round of redaction uncovered more.
        """
        changes = [Changes(text) for text in texts]
        for _ in range(_ROUNDS):
            current = [change.text for change in changes]
            document = _BETWEEN.join(text.replace("\x00", " ") for text in current)
            findings = [f for f in self._detector.find(document) if not self._is_replacement(f, document)]
            if not findings:
                return [Redacted(change.text, change.findings) for change in changes]
            parts = _by_text(current, findings)
            subject = subject or row_sha256({"texts": list(texts)})
            replacements = iter(self._replacements(changes, parts, subject))
            for change, part in zip(changes, parts, strict=True):
                change.replace(part, list(itertools.islice(replacements, len(part))))
        raise PrivacyError(
            f"Redaction did not settle in {_ROUNDS} rounds.",
            fix="a recognizer finds what the policy writes; correct the one or the other",
        )

    def _replacements(
        self, changes: Sequence[Changes], parts: Sequence[Sequence[PhiFinding]], subject: str
    ) -> list[str]:
        """Return the policy's replacements for all texts; a replacement that is found as something else gives way."""
        found = [
            (Found(f.category, change.text[f.start : f.end]), change.touches(f))
            for change, part in zip(changes, parts, strict=True)
            for f in part
        ]
        written = self.policy.replacements([each for each, _ in found], subject)
        # a surrogate for a part of a surrogate could be found again, and so on: a placeholder is not
        return [placeholder(each.category) if again else new for (each, again), new in zip(found, written, strict=True)]

    def _is_replacement(self, finding: PhiFinding, document: str) -> bool:
        start, end = finding.start, finding.end
        before, after = document[max(0, start - _AROUND) : start], document[end : end + _AROUND]
        return self.policy.wrote(Found(finding.category, document[start:end], before, after))

    def redact_row(self, kind: RowKind, row: Mapping[str, object]) -> tuple[dict[str, object], Counter[str]]:
        """Return a copy of the row with every text redacted, and findings by category.

        Raises:
            PrivacyError: a recognizer failed, or the row has a field or a key that this kind does not know.
        """
        subject = str(row.get("subject_key") or "")
        redacted = self.redact_texts(texts_of(kind, row, labels=False), subject)
        counts = Counter(finding.category for each in redacted for finding in each.findings)
        following = iter(redacted)

        def change_label(label: str) -> str:
            changed, found = self._label(label, subject)
            counts.update(finding.category for finding in found)
            return changed

        return map_texts(kind, row, lambda _: next(following).text, change_label), counts


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
