"""Strict mode's recognizer: what a trained tagger takes for a name, a place, a date or a number of somebody's.

It stands beside the rules and finds what has neither a cue nor a listed word: unlisted names in free text, facilities
without a suffix, dates in unusual forms. A token counts when the probability that it is an identifier reaches
`THRESHOLD` and `plausibility.py` finds nothing against it. Further mentions of a name follow within a document. It does
not cover other scripts, and of relative dates only "last week", "last Friday" and the like.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydantic import ValidationError
from spacy.about import __version__ as spacy_version

from tasks.errors import ConfigError
from tasks.phi.presidio import EntityRecognizer, RecognizerResult
from tasks.phi.tagger.network import Network
from tasks.phi.tagger.plausibility import Token, cleared, is_word, joined, plausible, supported
from tasks.phi.tagger.tokens import cut, words
from tasks.phi.tagger.training import FORMAT, LABELS, META, OUTSIDE, TaggerMeta, model_digest
from tasks.phi.tagger.windows import windows

THRESHOLD = 0.4  # of a finding in company of sure ones; 0.3 to 0.7 differ by a percent of recall
_RETRAIN = "run: rounds phi train-tagger"
_LONG_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{4,}(?![^\W_])")


class TaggerRecognizer(EntityRecognizer):  # type: ignore[misc]  # Presidio carries no types here
    """Identifiers by a trained tagger."""

    def __init__(self, model: Path) -> None:
        """Load the model in that folder.

        Raises:
            ConfigError: no model is there, it is of another version, or its files changed after training.
        """
        self.meta = _checked(model)
        self._network = Network(model)
        self._nothing = self._network.labels.index(OUTSIDE)
        super().__init__(supported_entities=list(LABELS))

    def load(self) -> None:
        """Do nothing: the model is loaded when the recognizer is built."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: object) -> list[RecognizerResult]:
        """Return what the tagger finds, and further mentions of its names, as Presidio's results."""
        metadata = {
            RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
        }
        return [
            RecognizerResult(label, start, end, score, recognition_metadata=metadata)
            for start, end, label, score in self.find(text)
            if label in entities
        ]

    def find(self, text: str) -> list[Token]:
        """Return findings in order; offsets are characters of the text, half-open."""
        found: list[Token] = []
        for start, end, before, after in windows(text):
            found += [token for token in self._flagged(text[before:after], before) if start <= token.start < end]
        findings = supported([f for f in joined(cleared(found, text), text) if plausible(f, text)])
        return sorted(findings + list(_other_mentions(findings, text)))

    def _flagged(self, text: str, offset: int) -> Iterator[Token]:
        """Yield the tokens that may be identifiers."""
        places = cut(text)
        if not places:
            return
        scores = self._network.probabilities(words(text, places))
        phi = 1 - scores[:, self._nothing]
        scores[:, self._nothing] = 0
        for at in np.flatnonzero(phi >= THRESHOLD).tolist():
            start, end = places[at]
            if text[start].isalnum():
                label = self._network.labels[int(scores[at].argmax())]
                yield Token(offset + start, offset + end, label, float(phi[at]))


def _checked(model: Path) -> TaggerMeta:
    if not (model / META).is_file():
        raise ConfigError(f"Strict mode needs a tagger, and {model} holds none.", fix=_RETRAIN)
    try:
        meta = TaggerMeta.model_validate_json((model / META).read_bytes())
    except ValidationError as error:
        raise ConfigError(f"The tagger in {model} does not say what it is.", fix=_RETRAIN) from error
    wanted = spacy_version.rsplit(".", 1)[0]
    if meta.format != FORMAT or meta.spacy.rsplit(".", 1)[0] != wanted:
        raise ConfigError(
            f"The tagger in {model} is of format {meta.format} for spaCy {meta.spacy}; format {FORMAT} for spaCy"
            f" {wanted} is needed.",
            fix=_RETRAIN,
        )
    if model_digest(model) != meta.digest:
        raise ConfigError(f"The files of the tagger in {model} are not those that were trained.", fix=_RETRAIN)
    return meta


def _other_mentions(findings: list[Token], text: str) -> Iterator[Token]:
    """Yield capitalised words that are part of a name found elsewhere in the document."""
    known: set[str] = set()
    for found in findings:
        if found.label == "NAME" and found.score >= 0.8:
            parts = _LONG_WORD.findall(text, found.start, found.end)
            known.update(part for part in parts if part[0].isupper() and not is_word(part))
    if not known:
        return
    known |= {w.upper() for w in known} | {w.capitalize() for w in known}
    taken = {at for found in findings for at in range(found.start, found.end)}
    for match in _LONG_WORD.finditer(text):
        if match[0] in known and match.start() not in taken:
            yield Token(match.start(), match.end(), "NAME", 0.6)
