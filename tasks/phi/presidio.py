"""The parts of Presidio that this stage stands on, imported without the learning libraries beside it.

`presidio_analyzer` imports spaCy and, where they are installed, torch and transformers: 15 s on a busy two-core
machine instead of 3 s, for models that rules never call. They are hidden for the length of this one import. A
configuration that adds a neural recognizer imports torch before this module, and nothing is hidden.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hidden(*modules: str) -> Iterator[None]:
    """Make the modules look absent, unless somebody has imported them already."""
    absent = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is how Python marks an absent module
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


with _hidden() if "torch" in sys.modules else _hidden("torch", "transformers", "stanza", "gliner", "tensorflow"):
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
    from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

__all__ = [
    "AnalyzerEngine",
    "ContextAwareEnhancer",
    "EntityRecognizer",
    "NoOpNlpEngine",
    "RecognizerRegistry",
    "RecognizerResult",
]
