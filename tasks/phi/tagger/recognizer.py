"""Strict mode's recognizer: what a trained tagger takes for a name, a place, a date or a number of somebody's.

It stands beside the rules and finds what has neither a cue nor a listed word: unlisted names in free text, facilities
without a suffix, dates in unusual forms. A token counts when the probability that it is an identifier reaches
`THRESHOLD` and a sure finding is near, or when it is sure itself; what the tagger errs on by nature (lower-case words
and acronyms in prose, bare years, small numbers, eponyms) is filtered. Further mentions of a name follow within a
document. It does not cover other scripts, and of relative dates only "last week", "last Friday" and the like.
"""

import bisect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import spacy
from pydantic import ValidationError
from spacy.about import __version__ as spacy_version

from tasks.errors import ConfigError
from tasks.phi.presidio import EntityRecognizer, RecognizerResult
from tasks.phi.recognizers import RECOGNIZERS
from tasks.phi.tagger.parts import parts
from tasks.phi.tagger.tokens import cut, tokenized
from tasks.phi.tagger.training import FORMAT, LABELS, META, OUTSIDE, TaggerMeta, model_digest
from tasks.phi.tagger.windows import windows

THRESHOLD = 0.4  # of a finding in company of sure ones; 0.3 to 0.7 differ by a percent of recall
SURE = 0.99  # asked of lower case and acronyms among cased prose, and of what stands alone in its text
VERY_SURE = 0.999  # asked of lower case with an ordinary word in it, in any text
COMPANY = 1500  # characters within which a sure finding makes an unsure one credible
_RETRAIN = "run: rounds phi train-tagger"
_MONTHS = frozenset(w.strip(".").lower() for b in ("months", "short_months", "weekdays") for w in parts(b)) | {
    "christmas", "easter", "halloween", "ramadan", "thanksgiving",
}  # fmt: skip
_FOLDER = Path(__file__).parent


def _words_of(*files: str) -> frozenset[str]:
    text = " ".join((_FOLDER / name).read_text(encoding="utf-8") for name in files)
    return frozenset(re.findall(r"[^\W\d_]{2,}", text.lower()))


ORDINARY = _words_of("words.txt")
NO_NAMES = _words_of("words.txt", "abbreviations.txt", "medicine.yaml") - _words_of("given_names.txt", "surnames.txt")
"""Words that are no name by themselves, in any case; what is also a name in the lists is left to the tagger."""


NOT_SMALLER = frozenset(parts("countries")) | frozenset(parts("states"))
"""Places that are no identifiers."""


class Token(NamedTuple):
    """A token's place in the text, and what the tagger takes it for."""

    start: int
    end: int
    label: str
    score: float  # probability that it is an identifier


class TaggerRecognizer(EntityRecognizer):  # type: ignore[misc]  # Presidio carries no types here
    """Identifiers by a trained tagger."""

    def __init__(self, model: Path) -> None:
        """Load the model in that folder.

        Raises:
            ConfigError: no model is there, it is of another version, or its files changed after training.
        """
        self.meta = _checked(model)
        self._nlp = spacy.load(model, exclude=["vocab", "tokenizer"])
        tagger: Any = self._nlp.get_pipe("tagger")
        self._network = tagger.model
        self._labels = list(tagger.labels)
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
        words: list[tuple[int, int]] = []  # that may be part of a name found elsewhere
        for start, end, before, after in windows(text):
            for token in self._tokens(text[before:after], before):
                if start <= token.start < end:
                    if token.end - token.start >= 4 and text[token.start].isupper():
                        words.append(token[:2])
                    if token.label != OUTSIDE:
                        found.append(token)
        findings = _supported([f for f in _joined(found, text) if _plausible(f, text)])
        return sorted(findings + list(_other_mentions(findings, words, text)))

    def _tokens(self, text: str, offset: int) -> Iterator[Token]:
        places = cut(text)
        if not places:
            return
        with self._nlp.memory_zone():  # or the vocabulary keeps every word ever read
            scores = self._network.predict([tokenized(self._nlp.vocab, text, places)])[0]
        nothing = self._labels.index(OUTSIDE)
        phi = (1 - scores[:, nothing]).tolist()
        scores[:, nothing] = 0
        best = scores.argmax(axis=1).tolist()
        for (start, end), score, label in zip(places, phi, best, strict=True):
            flagged = score >= THRESHOLD and text[start].isalnum()
            yield Token(offset + start, offset + end, self._labels[label] if flagged else OUTSIDE, score)


def strict_recognizers(model: Path) -> list[EntityRecognizer]:
    """Return the recognizers of strict mode: the rules, and the tagger in that folder.

    Raises:
        ConfigError: the tagger cannot be used.
    """
    return [*(kind() for kind in RECOGNIZERS), TaggerRecognizer(model)]


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


def _joined(tokens: list[Token], text: str) -> Iterator[Token]:
    """Join neighbours of one label on one line, over blanks and a mark between them."""
    last: Token | None = None
    for token in tokens:
        if last is not None and last.label == token.label and _MARKS.fullmatch(text, last.end, token.start):
            last = Token(last.start, token.end, last.label, max(last.score, token.score))
            continue
        if last is not None:
            yield last
        last = token
    if last is not None:
        yield last


def _supported(findings: list[Token]) -> list[Token]:
    """Keep the sure findings, and the others where a sure one is near: identifiers come in company."""
    kept: list[Token] = []
    sure = [f.start for f in findings if f.score >= SURE]
    for found in findings:
        at = bisect.bisect(sure, found.start)
        near = sure[max(0, at - 1) : at + 1]
        if found.score >= SURE or any(abs(found.start - place) <= COMPANY for place in near):
            kept.append(found)
    return kept


_MARKS = re.compile(r"[ \t]{0,2}[-.,'’/#&]?[ \t]?")
_WORD = re.compile(r"[^\W\d_]+")
_NUMERIC_DATE = re.compile(
    r"\d{1,2}([/.-])\d{1,2}\1(?:\d{4}|\d{2})|(?:19|20)\d\d([/.-])\d{1,2}\2\d{1,2}|(?:0?[1-9]|1[0-2])[/-](?:19|20)\d\d"
)
_MONTH_AND_DAY = re.compile(r"(\d{1,2})/(\d{1,2})")
_NO_NAME = re.compile(r"^[A-Z] ?\. ?[a-z]{4,}$|[a-z][A-Z](?![a-z]{2})")  # P. aeruginosa, YezB
_EXTENSION = re.compile(r"[+(\d]|(?i:x|ext|pager|pgr)(?![a-z])")
_NO_PERSON = re.compile(  # an eponym, an author, part of a compound
    r"(?:\s?['’]\s?s?)?(?:\s?[-/]\s?[A-Z][\w'’]+)*\s(?:\w+\s){0,2}"
    r"(?:disease|syndrome|lymphoma|sarcoma|tumou?r|palsy|dystrophy|anomaly|thyroiditis|encephalopathy|nephropathy|chorea|ataxia|contracture|phenomenon|sign|test|score|scale|criteria|index"
    r"|classification|stain|cells?|block|blot|procedure|maneuver|reflex|fracture|node|nodes|carrier|et al)\b"
    r"|-[a-z]|\s?,?\s(?:et al|& \w+, (?:19|20)\d\d)"
)
_DAY = re.compile(r"the \d{1,2}(?:st|nd|rd|th)|(?:last|this past) (?:week|month)")


def _plausible(found: Token, text: str) -> bool:
    """Say whether a finding is more than what the tagger errs on by nature."""
    value = text[found.start : found.end]
    if found.label == "DATE":
        return _reads_like_a_date(value)
    words = _WORD.findall(value)
    if found.label in {"OTHER_ID", "PHONE"} or not words:
        return _reads_like_a_number(found.label, value)
    if found.label == "GEO" and value.title() in NOT_SMALLER:
        return False
    several = found.label == "GEO" and len(words) > 1 and not value.islower()
    return several or _reads_like_a_name(found, value, words, text)


def _reads_like_a_number(label: str, value: str) -> bool:
    digits = sum(map(str.isdigit, value))
    if label == "OTHER_ID":
        return (digits >= 6 and " - " not in value) or (
            digits >= 4 and "-" in value and " " not in value
        )  # "0900" is a time, L1325 a gene
    if label == "PHONE":
        return digits >= 4 and _EXTENSION.match(value) is not None
    return label == "GEO" and digits >= 5  # a ZIP code


def _reads_like_a_name(found: Token, value: str, words: list[str], text: str) -> bool:
    if max(map(len, words)) < 2 and (" " in value or not value.isupper()):
        return False  # "i . c . v"
    if found.label == "NAME" and (any(map(str.isdigit, value)) or _NO_NAME.search(value)):
        return False
    wordy = value.islower() and found.score < VERY_SURE and not NO_NAMES.isdisjoint(words)
    if wordy or all(word.lower() in NO_NAMES for word in words) or _NO_PERSON.match(text, found.end):
        return False
    around = text[max(0, found.start - 200) : found.end + 200]
    capitals = sum(map(str.isupper, around))
    if value.islower() and capitals > len(around) / 100:  # among cased prose
        return found.score >= SURE and NO_NAMES.isdisjoint(words) and ORDINARY.isdisjoint(words)
    if len(words) == 1 and value.isupper() and capitals < len(around) / 4:
        return found.score >= SURE or len(value) > 6
    return True


def _reads_like_a_date(value: str) -> bool:
    """Say whether the value is more than a year, a quantity or a ratio."""
    words = _WORD.findall(value.lower())
    if words:
        return not _MONTHS.isdisjoint(words) or _DAY.fullmatch(value.lower()) is not None
    return any(map(_reads_like_a_numeric_date, (value.replace(" ", ""), *value.split())))


def _reads_like_a_numeric_date(value: str) -> bool:
    pair = _MONTH_AND_DAY.fullmatch(value)
    if pair:
        return 0 < min(int(pair[1]), int(pair[2])) <= 12 and max(int(pair[1]), int(pair[2])) <= 31
    return _NUMERIC_DATE.fullmatch(value) is not None


def _other_mentions(findings: list[Token], words: list[tuple[int, int]], text: str) -> Iterator[Token]:
    """Yield capitalised words that are part of a name found elsewhere in the document."""
    known: set[str] = set()
    for found in findings:
        if found.label == "NAME" and found.score >= 0.8:
            known.update(w for w in re.findall(r"[^\W\d_]{4,}", text[found.start : found.end]) if w[0].isupper())
    if not known:
        return
    known |= {w.upper() for w in known} | {w.capitalize() for w in known}
    taken = {at for found in findings for at in range(found.start, found.end)}
    for start, end in words:
        if start not in taken and text[start:end] in known:
            yield Token(start, end, "NAME", 0.6)
