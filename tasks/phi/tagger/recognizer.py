"""Strict mode's recognizer: what a trained tagger takes for a name, a place, a date or a number of somebody's.

It stands beside the rules and finds what has neither a cue nor a listed word: unlisted names in free text, facilities
without a suffix, dates in unusual forms. How sure the tagger must be depends on the company: less is asked where sure
findings are near, least in a text that is full of them, and `plausibility.py` must find nothing against it. Further
mentions of a name or a place follow within a document. It does not cover other scripts, and of relative dates only
"last week", "last Friday" and the like.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydantic import ValidationError
from spacy.about import __version__ as spacy_version

from tasks.errors import ConfigError
from tasks.phi.presidio import EntityRecognizer, RecognizerResult
from tasks.phi.recognizers.words import NAMED, kind_of
from tasks.phi.tagger.network import Network
from tasks.phi.tagger.plausibility import (
    CREDIBLE_IN_A_CROWD,
    SURE,
    Token,
    cleared,
    is_word,
    joined,
    names_a_thing,
    plausible,
    supported,
    whole,
)
from tasks.phi.tagger.tokens import cut, words
from tasks.phi.tagger.training import FORMAT, LABELS, META, OUTSIDE, TaggerMeta, model_digest
from tasks.phi.tagger.windows import windows

_RETRAIN = "run: rounds phi train-tagger"
_NAME_PART = re.compile(r"(?<![^\W_])[^\W\d_]{3,}(?![^\W_])")
_WITHIN_A_SENTENCE = re.compile(r"[a-z,&/] $")


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
        findings = _apart([whole(f, text) for f in findings])
        return sorted(findings + list(_other_mentions(findings, text)))

    def _flagged(self, text: str, offset: int) -> Iterator[Token]:
        """Yield the tokens that may be identifiers."""
        places = cut(text)
        if not places:
            return
        scores = self._network.probabilities(words(text, places))
        phi = 1 - scores[:, self._nothing]
        scores[:, self._nothing] = 0
        for at in np.flatnonzero(phi >= CREDIBLE_IN_A_CROWD).tolist():
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


def _apart(findings: list[Token]) -> list[Token]:
    """Return findings in order that do not reach into each other: the later begins where the earlier ends."""
    apart: list[Token] = []
    for found in findings:
        start = max(found.start, apart[-1].end) if apart else found.start
        if start < found.end:
            apart.append(found._replace(start=start))
    return apart


def _other_mentions(findings: list[Token], text: str) -> Iterator[Token]:
    """Yield capitalised words that are part of a name or a place found elsewhere in the document."""
    known, names_and_words = _known(findings, text)
    if not known and not names_and_words:
        return
    taken = {at for found in findings for at in range(found.start, found.end)}
    for match in _NAME_PART.finditer(text):
        if match.start() in taken:
            continue
        mention = Token(match.start(), match.end(), known.get(match[0], "NAME"), 0.6)
        before = text[max(0, match.start() - 3) : match.start()]
        named = match[0] in names_and_words and _WITHIN_A_SENTENCE.search(before) is not None
        if match[0] in known or (named and not names_a_thing(mention, text)):  # Graves, but not Graves disease
            yield mention


def _known(findings: list[Token], text: str) -> tuple[dict[str, str], set[str]]:
    """Return the parts of names and places that are nothing else, with their labels, and names that are words too."""
    known: dict[str, str] = {}
    names_and_words: set[str] = set()  # Will, Penny
    asked = {"NAME": 0.8, "GEO": SURE}
    for found in findings:
        if found.score < asked.get(found.label, 2):
            continue
        for part in _NAME_PART.findall(text, found.start, found.end):
            named = kind_of(part.lower()) & NAMED > 0
            if not part[0].isupper() or (part.isupper() and len(part) < 5) or (len(part) < 4 and not named):
                continue  # APC is a gene, FLOT a regimen
            if not is_word(part):
                known.setdefault(part, found.label)
            elif found.label == "NAME" and found.score >= SURE and named:
                names_and_words.add(part.capitalize())
    known |= {form: label for word, label in known.items() for form in (word.upper(), word.capitalize())}
    return known, names_and_words
