"""Where identifiers lie in a text: Presidio's analyzer with this stage's recognizers, findings merged and mapped back.

No language model is behind it (Presidio's no-op NLP engine), so nothing is downloaded and a text gives the same
findings everywhere. What a recognizer raises stops the text: redaction fails closed. English only.
"""

import bisect
import re
from collections.abc import Iterable, Sequence

from tasks.errors import PrivacyError
from tasks.phi.categories import category_of
from tasks.phi.normalisation import Normalised
from tasks.phi.presidio import (
    AnalyzerEngine,
    EntityRecognizer,
    NoOpNlpEngine,
    RecognizerRegistry,
    RecognizerResult,
)
from tasks.phi.recognizers import RECOGNIZERS
from tasks.placeholders import PLACEHOLDER
from tasks.records import PhiFinding


class Detector:
    """The analyzer with its recognizers; build one and keep it."""

    def __init__(self, recognizers: Sequence[EntityRecognizer] | None = None) -> None:
        """Take the recognizers given, any of Presidio's kind, or this stage's own."""
        registry = RecognizerRegistry(recognizers=[], supported_languages=["en"])
        for recognizer in [kind() for kind in RECOGNIZERS] if recognizers is None else recognizers:
            registry.add_recognizer(recognizer)
        engine = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "no_op"}])
        self.analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
        self._recognizers = self.analyzer.get_recognizers("en")
        self._entities = self.analyzer.get_supported_entities("en")
        self._nothing_parsed = engine.process_text("", "en")

    def find(self, text: str) -> list[PhiFinding]:
        """Return findings in order, overlaps merged; offsets are characters of `text`, half-open.

        Placeholders are no findings, and no finding reaches into one.

        Raises:
            PrivacyError: a recognizer failed. The message names the kind of failure and no text.
        """
        placeholders = [match.span() for match in PLACEHOLDER.finditer(text)] if "[REDACTED-" in text else []
        plain = Normalised(PLACEHOLDER.sub(_blank, text) if placeholders else text)
        return _merged((_finding(result, plain) for result in self._results(plain.text)), placeholders)

    def _results(self, text: str) -> list[RecognizerResult]:
        """Return what `self.analyzer.analyze` does, before it weighs words around and drops what others contain.

        The rules weigh their surroundings themselves, and overlaps are joined here: a fifth of a short text's time.
        """
        try:
            return [
                result
                for recognizer in self._recognizers
                for result in recognizer.analyze(text, self._entities, self._nothing_parsed) or ()
            ]
        except Exception as error:  # noqa: BLE001  # whatever it is, the text must not go on
            failed = type(error).__name__
        # raised outside the handler: the recognizer's own exception may quote the text and must not be chained
        raise PrivacyError(
            f"A recognizer failed with {failed} on a text of {len(text)} characters.",
            fix="nothing was redacted or saved; correct the recognizer and run again",
        )


def _blank(placeholder: re.Match[str]) -> str:
    """Make what is between a placeholder's brackets unreadable, its length kept."""
    return f"[{'_' * (len(placeholder[0]) - 2)}]"


def _finding(result: RecognizerResult, plain: Normalised) -> PhiFinding:
    start, end = plain.original(result.start, result.end)
    name = (result.recognition_metadata or {}).get(RecognizerResult.RECOGNIZER_NAME_KEY, "")
    category = category_of(result.entity_type)
    return PhiFinding(category=category, start=start, end=end, score=float(result.score), recognizer=name)


def _merged(findings: Iterable[PhiFinding], placeholders: Sequence[tuple[int, int]]) -> list[PhiFinding]:
    """Join overlapping findings; the surest, then the longest, names the union."""
    merged: list[PhiFinding] = []
    for found in sorted(findings, key=lambda f: (f.start, -f.end)):
        for finding in _outside(found, placeholders):
            if merged and finding.start < merged[-1].end:
                last = merged[-1]
                surer = max(last, finding, key=lambda f: (f.score, f.end - f.start))
                merged[-1] = surer.model_copy(update={"start": last.start, "end": max(last.end, finding.end)})
            else:
                merged.append(finding)
    return merged


def _outside(finding: PhiFinding, placeholders: Sequence[tuple[int, int]]) -> list[PhiFinding]:
    """Cut a finding at the placeholders that it reaches into."""
    first = bisect.bisect_right(placeholders, (finding.start, 0)) - 1
    last = bisect.bisect_left(placeholders, (finding.end, 0))
    parts = [finding]
    for start, end in placeholders[max(first, 0) : last]:
        for part in [p for p in parts if start < p.end and p.start < end]:
            parts.remove(part)
            sides = ((part.start, min(part.end, start)), (max(part.start, end), part.end))
            parts += [part.model_copy(update={"start": a, "end": b}) for a, b in sides if a < b]
    return parts
