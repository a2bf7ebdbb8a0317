"""Further recognizers by configuration, no code: a YAML file in the format of Presidio's recognizer registry.

    recognizers:
      - name: i2b2
        class_name: HuggingFaceNerRecognizer
        type: predefined
        model_name: obi/deid_roberta_i2b2
        aggregation_strategy: max
        label_mapping: {PATIENT: NAME, STAFF: NAME, HOSP: GEO, LOC: GEO, DATE: DATE, PHONE: PHONE, ID: OTHER_ID}
      - {name: gliner, class_name: GLiNERRecognizer, type: predefined, entity_mapping: {person: NAME, address: GEO}}
      - {name: spacy, class_name: SpacyModelRecognizer, type: predefined, model_name: en_core_web_lg}

Any of Presidio's classes that reads the text itself may be named, patterns of one's own too (`type: custom`). A label
becomes a category of this stage or a type that `categories.py` maps; any other is some other identifier. What is found
is widened to whole words. It does not cover Presidio's recognizers that read an NLP engine: there is none here.
"""

import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from tasks.errors import ConfigError, PrivacyError
from tasks.phi.presidio import EntityRecognizer, RecognizerResult
from tasks.phi.tagger.windows import windows

_NER = "presidio_analyzer.predefined_recognizers.ner"
# What these modules of Presidio's try to import. The engine hides the learning libraries while Presidio is imported,
# so the names are filled in here, for the configurations that ask for them.
_HUGGING_FACE = (f"{_NER}.huggingface_ner_recognizer", {"torch": "torch", "hf_pipeline": "transformers:pipeline"})
_GLINER = (f"{_NER}.gliner_recognizer", {"GLiNER": "gliner:GLiNER", "GLiNERConfig": "gliner:GLiNERConfig"})
_LIBRARIES = {
    "HuggingFaceNerRecognizer": _HUGGING_FACE,
    "MedicalNERRecognizer": _HUGGING_FACE,
    "GLiNERRecognizer": _GLINER,
}
_NOT_ARGUMENTS = {"class_name", "type", "enabled", "supported_languages", "country_code", "score_thresholds"}
_SPACY_LABELS = {
    "PERSON": "NAME",
    "PER": "NAME",
    "GPE": "GEO",
    "LOC": "GEO",
    "FAC": "GEO",
    "ORG": "GEO",
    "DATE": "DATE",
}


class SpacyModelRecognizer(EntityRecognizer):  # type: ignore[misc]  # Presidio carries no types here
    """The named entities of an installed spaCy model or of a model's folder."""

    def __init__(
        self,
        model_name: str,
        label_mapping: Mapping[str, str] | None = None,
        name: str = "SpacyModelRecognizer",
        supported_language: str = "en",
    ) -> None:
        """Load the model; entities without a place in the mapping are left out."""
        import spacy

        self._nlp = spacy.load(model_name)
        self._labels = dict(_SPACY_LABELS if label_mapping is None else label_mapping)
        super().__init__(
            supported_entities=sorted(set(self._labels.values())), name=name, supported_language=supported_language
        )

    def load(self) -> None:
        """Do nothing: the model is loaded when the recognizer is built."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: object) -> list[RecognizerResult]:
        """Return the model's entities."""
        results = []
        for start, end, before, after in windows(text):
            with self._nlp.memory_zone():
                for entity in self._nlp(text[before:after]).ents:
                    label = self._labels.get(entity.label_)
                    first = before + entity.start_char
                    if label in entities and start <= first < end:
                        results.append(RecognizerResult(label, first, before + entity.end_char, 0.85))
        return results


class ConfiguredRecognizer(EntityRecognizer):  # type: ignore[misc]  # Presidio carries no types here
    """A recognizer from a configuration: fails closed, asks for its own entities only, and finds whole words."""

    def __init__(self, inner: EntityRecognizer) -> None:
        """Take Presidio's recognizer."""
        self._inner = inner
        self._failure = ""
        # Presidio's own recognizer catches what its model raises, logs it and goes on as if the text held nothing
        if callable(getattr(inner, "ner_pipeline", None)):
            inner.ner_pipeline = _Watched(inner.ner_pipeline, self)
        super().__init__(supported_entities=inner.supported_entities, name=inner.name)

    def load(self) -> None:
        """Do nothing: the recognizer inside is loaded."""

    def failed(self, kind: str) -> None:
        """Remember that the model failed."""
        self._failure = kind

    def analyze(self, text: str, entities: list[str], nlp_artifacts: object) -> list[RecognizerResult]:
        """Return what the recognizer finds, widened to whole words.

        Raises:
            PrivacyError: its model failed.
        """
        self._failure = ""
        wanted = [entity for entity in self.supported_entities if entity in entities]
        results = self._inner.analyze(text, wanted, nlp_artifacts) or []
        if self._failure:
            raise PrivacyError(
                f"The model of {self.name} failed with {self._failure}.", fix="correct the configuration and run again"
            )
        metadata = {
            RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
        }
        return [
            RecognizerResult(r.entity_type, *_whole_words(text, r.start, r.end), r.score, recognition_metadata=metadata)
            for r in results
        ]


class _Watched:
    """A pipeline that reports a failure instead of letting it be swallowed; everything else passes through."""

    def __init__(self, pipeline: Any, watcher: ConfiguredRecognizer) -> None:
        self._pipeline = pipeline
        self._watcher = watcher

    def __call__(self, text: str) -> Any:
        try:
            return self._pipeline(text)
        except Exception as error:  # noqa: BLE001  # whatever it is, the text must not go on
            self._watcher.failed(type(error).__name__)
            return []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)


def configured_recognizers(path: Path) -> list[EntityRecognizer]:
    """Return the enabled recognizers of the file, to stand beside the rules.

    Raises:
        ConfigError: the file cannot be read, names an unknown class or argument, or a library or model is missing.
    """
    entries = _entries(path)
    return [ConfiguredRecognizer(_built(entry, path)) for entry in entries if entry.get("enabled", True)]


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read as YAML.", fix="write a list under the key recognizers") from error
    entries = content.get("recognizers") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries or not all(isinstance(e, dict) and "name" in e for e in entries):
        raise ConfigError(
            f"{path} holds no list of recognizers.",
            fix="write under the key recognizers a list of entries with name, class_name, type and arguments",
        )
    return entries


def _built(entry: dict[str, Any], path: Path) -> EntityRecognizer:
    from presidio_analyzer.recognizer_registry.recognizers_loader_utils import RecognizerListLoader

    name = str(entry["name"])
    # Presidio takes an entry without a type for patterns of one's own and says nothing of a class beside it
    kind = "predefined" if "class_name" in entry else "custom"
    entry = {"type": kind, "supported_languages": ["en"], **entry}
    if entry["type"] == "predefined":
        _check_class(str(entry.get("class_name", name)), entry, path)
    try:
        built = list(RecognizerListLoader.get([entry], ["en"], global_regex_flags=0))
    except (MemoryError, RecursionError):
        raise
    except Exception as error:
        raise ConfigError(
            f"Recognizer {name} of {path} cannot be built: {type(error).__name__}: {_first_line(error)}",
            fix="correct its arguments; a model has to be a folder, or downloaded before where there is no network",
        ) from error
    if len(built) != 1:
        raise ConfigError(f"Recognizer {name} of {path} is not for English.", fix="write supported_languages: [en]")
    return built[0]


def _check_class(class_name: str, entry: Mapping[str, Any], path: Path) -> None:
    """Make the class's libraries known to Presidio, and refuse what it would take silently for nothing."""
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer
    from presidio_analyzer.recognizer_registry.recognizers_loader_utils import (
        PredefinedRecognizerNotFoundError,
        RecognizerListLoader,
    )

    try:
        cls = RecognizerListLoader.get_existing_recognizer_cls(class_name)
    except PredefinedRecognizerNotFoundError as error:
        raise ConfigError(
            f"{path} names the recognizer class {class_name}, which Presidio does not have.",
            fix="HuggingFaceNerRecognizer, GLiNERRecognizer, SpacyModelRecognizer, or any other class of Presidio's",
        ) from error
    if issubclass(cls, SpacyRecognizer):
        raise ConfigError(
            f"{path} names {class_name}, which reads an NLP engine and would find nothing here.",
            fix="use class_name: SpacyModelRecognizer with model_name, or HuggingFaceNerRecognizer",
        )
    known = set(inspect.signature(cls.__init__).parameters) | _NOT_ARGUMENTS
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ConfigError(
            f"{path} gives {class_name} what it does not take: {', '.join(unknown)}.",
            fix=f"it takes {', '.join(sorted(known - {'self', 'kwargs', 'model_kwargs'} - _NOT_ARGUMENTS))}",
        )
    if class_name in _LIBRARIES:
        module, names = _LIBRARIES[class_name]
        for attribute, source in names.items():
            _fill(importlib.import_module(module), attribute, source, class_name)


def _fill(module: ModuleType, attribute: str, source: str, class_name: str) -> None:
    if getattr(module, attribute) is not None:
        return
    library, _, member = source.partition(":")
    try:
        found = importlib.import_module(library)
    except ImportError as error:
        raise ConfigError(f"{class_name} needs {library}.", fix=f"pip install {library}") from error
    setattr(module, attribute, getattr(found, member) if member else found)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a stretch to the words that it cuts: a model's tokens may be parts of words."""
    while start > 0 and text[start].isalnum() and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end
