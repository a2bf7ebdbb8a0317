"""A text that is changed round after round, and where its changes lie in the text as it came."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tasks.records import PhiFinding


class _Change(NamedTuple):
    finding: PhiFinding  # at characters of the original
    replacement: str


class Changes:
    """A text with replacements; `text` is its present state, `findings` point into the original, in order."""

    def __init__(self, original: str) -> None:
        self._original = original
        self._changes: list[_Change] = []
        self.text = original

    @property
    def findings(self) -> list[PhiFinding]:
        """What was replaced, at characters of the original, half-open, in order, without overlap."""
        return [change.finding for change in self._changes]

    def replace(self, findings: Sequence[PhiFinding], replacements: Sequence[str]) -> None:
        """Put replacements in the place of findings, which lie in the present text, in order, without overlap."""
        if not findings:
            return
        new = [
            _Change(self._in_original(finding), replacement)
            for finding, replacement in zip(findings, replacements, strict=True)
        ]
        # a finding that reached into an earlier replacement takes the whole of it over
        kept = [c for c in self._changes if not any(_overlap(c.finding, n.finding) for n in new)]
        self._changes = sorted(kept + new, key=lambda change: change.finding.start)
        parts: list[str] = []
        done = 0
        for finding, replacement in self._changes:
            parts += (self._original[done : finding.start], replacement)
            done = finding.end
        self.text = "".join((*parts, self._original[done:]))

    def touches(self, finding: PhiFinding) -> bool:
        """Say whether a finding in the present text reaches into a replacement."""
        return any(start < finding.end and finding.start < stop for _, start, stop in self._placed())

    def _placed(self) -> Iterator[tuple[PhiFinding, int, int]]:
        """Yield what was replaced, and from where to where its replacement lies in the present text."""
        grown = 0  # by how much the present text is longer, up to here
        for finding, replacement in self._changes:
            start = finding.start + grown
            yield finding, start, start + len(replacement)
            grown += len(replacement) - (finding.end - finding.start)

    def _in_original(self, finding: PhiFinding) -> PhiFinding:
        if not self._changes:
            return finding
        start, end = self._at(finding.start, end=False), self._at(finding.end, end=True)
        return finding.model_copy(update={"start": start, "end": end})

    def _at(self, position: int, *, end: bool) -> int:
        """Return the original's position; inside a replacement, the start or the end of what it replaced."""
        grown = 0
        for finding, start, stop in self._placed():
            if position < start or (end and position == start):
                break
            if position < stop or (end and position == stop):
                return finding.end if end else finding.start
            grown = stop - finding.end
        return position - grown


def _overlap(one: PhiFinding, other: PhiFinding) -> bool:
    return one.start < other.end and other.start < one.end
